//! Paths and intrinsic functions.

use serde_json::{Value, json};

use crate::states::format::Format;
use crate::states::path::Path;

#[test]
fn a_path_finds_its_value() {
    let document = json!({"a": {"b": [1, {"c d": true}]}, "null": null, "_x-1": 5});
    for (path, expected) in [
        ("$", Some(document.clone())),
        ("$.a.b[0]", Some(json!(1))),
        ("$['a']['b'][1]['c d']", Some(json!(true))),
        ("$.null", Some(Value::Null)),
        ("$._x-1", Some(json!(5))),
        ("$.a.b[2]", None),
        ("$.missing", None),
        ("$.a[0]", None),
        ("$.null.x", None),
    ] {
        assert_eq!(Path::parse(path).unwrap().get(&document).cloned(), expected, "{path}");
    }
}

#[test]
fn a_path_that_does_not_name_one_value_is_rejected() {
    for path in [
        "",
        "a",
        "$a",
        "$.",
        "$..a",
        "$.*",
        "$[*]",
        "$[-1]",
        "$[1:2]",
        "$[?(@.a)]",
        "$['a",
        "$['']",
        "$.a.",
        "$[99999999]",
        "$$.Execution",
        "$.a b",
    ] {
        assert!(Path::parse(path).is_err(), "{path}");
    }
}

#[test]
fn a_value_is_stored_at_its_path() {
    let put = |path: &str, document: Value| Path::parse(path).unwrap().put(document, json!(1)).ok();
    assert_eq!(put("$", json!({"a": 2})), Some(json!(1)));
    assert_eq!(put("$.a", json!({"a": 2, "b": 3})), Some(json!({"a": 1, "b": 3})));
    assert_eq!(put("$.x.y.z", json!({"b": 3})), Some(json!({"b": 3, "x": {"y": {"z": 1}}})));
    assert_eq!(put("$.l[1]", json!({"l": [0, 0]})), Some(json!({"l": [0, 1]})));
    assert_eq!(put("$.l[2]", json!({"l": [0, 0]})), None);
    assert_eq!(put("$.x[0]", json!({})), None);
    assert_eq!(put("$.a.b", json!({"a": "text"})), None);
    assert_eq!(put("$.a.b", json!({"a": null})), None);
    assert_eq!(put("$.a", json!([])), None);
}

#[test]
fn format_fills_in_its_arguments() {
    let document = json!({"a": "x", "n": 1.5, "o": {"k": "v", "l": [1, "s"]}, "nil": null});
    for (call, expected) in [
        ("States.Format('plain')", "plain"),
        ("States.Format('')", ""),
        ("States.Format('{} and {}', $.a, $.n)", "x and 1.5"),
        (" States.Format ( '{}{}{}{}' , 'lit' , 2 , true , null ) ", "lit2truenull"),
        ("States.Format('{}', $['a'])", "x"),
        ("States.Format('{}', $.nil)", "null"),
        ("States.Format('{}', $.o)", "{k=v, l=[1, s]}"),
        (r"States.Format('it\'s \{\} \\ {}', $.a)", r"it's {} \ x"),
        (r"States.Format('{}', 'a, b) \'c\'')", "a, b) 'c'"),
    ] {
        assert_eq!(Format::parse(call).unwrap().fill(&document).unwrap(), expected, "{call}");
    }
    let missing = Format::parse("States.Format('{}', $.gone)").unwrap().fill(&document);
    assert_eq!(missing.unwrap_err().to_string(), "$.gone");
}

#[test]
fn a_malformed_call_of_format_is_rejected() {
    for call in [
        "",
        "States.UUID()",
        "States.Format",
        "States.Format()",
        "States.Format($.a)",
        "States.Format('{}')",
        "States.Format('', $.a)",
        "States.Format('{}', $.a",
        "States.Format('{}', $.a) more",
        "States.Format('{}' $.a)",
        "States.Format('{}', )",
        "States.Format('{}', $.*)",
        "States.Format('{}', States.UUID())",
        "States.Format('{}', '{}')",
        "States.Format('{a}')",
        "States.Format('}')",
        r"States.Format('\n')",
        r"States.Format('\",
        "States.Format('open)",
    ] {
        assert!(Format::parse(call).is_err(), "{call}");
    }
}
