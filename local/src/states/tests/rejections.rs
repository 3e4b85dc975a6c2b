//! The definitions that the loader rejects, and the pointers of its problems.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{FUNCTION, SHIPPED, shipped};
use crate::states::Definition;

fn problems(document: &Value) -> Vec<String> {
    match Definition::parse(document.to_string()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.0.iter().map(ToString::to_string).collect(),
    }
}

/// Returns a valid machine with one field changed.
fn changed(pointer: &str, field: &str, value: Value) -> Value {
    let mut document = json!({
        "StartAt": "W",
        "States": {
            "W": {"Type": "Wait", "Seconds": 1, "Next": "T"},
            "T": {
                "Type": "Task", "Resource": FUNCTION, "Next": "C",
                "Retry": [{"ErrorEquals": ["A"]}, {"ErrorEquals": ["States.ALL"]}],
                "Catch": [{"ErrorEquals": ["B"], "Next": "F"}],
            },
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "StringEquals": "a", "Next": "S"}], "Default": "F"},
            "S": {"Type": "Succeed"},
            "F": {"Type": "Fail", "Error": "E", "Cause": "C"},
        },
    });
    let object = document.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
    if value == json!("<removed>") {
        object.remove(field);
    } else {
        object.insert(field.to_owned(), value);
    }
    document
}

#[test]
fn the_shipped_definition_loads() {
    assert_eq!(shipped().state_names().count(), 16);
    assert!(!shipped().text().contains("${"));
    assert_eq!(problems(&changed("", "Comment", json!("fine"))), Vec::<String>::new());
}

#[test]
fn each_unsupported_field_is_rejected_with_its_pointer() {
    let removed = json!("<removed>");
    let not_implemented = "not implemented by the local engine";
    let cases = [
        ("", "TimeoutSeconds", json!(5), "/TimeoutSeconds: not implemented by the local engine"),
        ("", "Version", json!("1.0"), not_implemented),
        ("", "QueryLanguage", json!("JSONata"), "/QueryLanguage: only JSONPath"),
        ("", "StartAt", json!("X"), "/StartAt: there is no state `X`"),
        ("", "StartAt", removed.clone(), "`StartAt` is missing"),
        ("", "StartAt", json!(3), "/StartAt: must be a string"),
        ("", "States", removed.clone(), "`States` is missing"),
        ("", "States", json!([]), "/States: must be an object"),
        (
            "/States",
            "P",
            json!({"Type": "Parallel", "Branches": []}),
            "/States/P/Type: the state type `Parallel` is not implemented",
        ),
        (
            "/States",
            "P",
            json!({"Type": "Pass", "End": true}),
            "/States/P/Type: the state type `Pass` is not implemented",
        ),
        ("/States", "P", json!({}), "/States/P: `Type` is missing"),
        ("/States", "P", json!(1), "/States/P: must be an object"),
        ("/States", "P/~", json!({"Type": "Succeed"}), "/States/P~1~0: cannot be reached"),
        ("/States", "", json!({"Type": "Succeed"}), "1 to 80 characters"),
        ("/States/W", "Timestamp", json!("2026-01-01T00:00:00Z"), "/States/W: a Wait has exactly one"),
        ("/States/W", "Seconds", removed.clone(), "/States/W: a Wait has exactly one"),
        ("/States/W", "Seconds", json!(-1), "/States/W/Seconds: must be a whole number"),
        ("/States/W", "Seconds", json!("{% 1 %}"), "/States/W/Seconds: must be a whole number"),
        ("/States/W", "Next", json!("X"), "/States/W/Next: there is no state `X`"),
        ("/States/W", "Next", removed.clone(), "/States/W: `Next` or `End` is missing"),
        ("/States/W", "End", json!(true), "/States/W/End: a state has either Next or End"),
        ("/States/W", "ResultPath", json!("$.x"), "/States/W/ResultPath: not implemented"),
        ("/States/W", "Assign", json!({}), "/States/W/Assign: not implemented"),
        ("/States/W", "InputPath", json!(null), "/States/W/InputPath: must be a string"),
        ("/States/T", "Parameters", json!({}), "/States/T/Parameters: not implemented by the local engine"),
        ("/States/T", "ResultSelector", json!({}), "/States/T/ResultSelector: not implemented"),
        ("/States/T", "HeartbeatSeconds", json!(5), "/States/T/HeartbeatSeconds: not implemented"),
        ("/States/T", "TimeoutSecondsPath", json!("$.t"), "/States/T/TimeoutSecondsPath: not implemented"),
        ("/States/T", "Credentials", json!({}), "/States/T/Credentials: not implemented"),
        ("/States/T", "TimeoutSeconds", json!(0), "/States/T/TimeoutSeconds: must be a whole number"),
        (
            "/States/T",
            "Resource",
            json!("arn:aws:states:::lambda:invoke"),
            "/States/T/Resource: only a bare function ARN",
        ),
        ("/States/T", "ResultPath", json!("$..a"), "/States/T/ResultPath: `$..a`: only reference paths"),
        (
            "/States/T",
            "OutputPath",
            json!("$$.Execution"),
            "/States/T/OutputPath: `$$.Execution`: the context object",
        ),
        (
            "/States/T/Retry/0",
            "ErrorEquals",
            json!(["States.ALL"]),
            "/States/T/Retry/0/ErrorEquals: States.ALL must be the only error name of the last entry",
        ),
        (
            "/States/T/Retry/1",
            "ErrorEquals",
            json!(["A", "States.ALL"]),
            "/States/T/Retry/1/ErrorEquals: States.ALL must be the only error name",
        ),
        ("/States/T/Retry/0", "ErrorEquals", json!([]), "/States/T/Retry/0/ErrorEquals: needs at least one"),
        (
            "/States/T/Retry/0",
            "ErrorEquals",
            json!(["States.Nonsense"]),
            "/States/T/Retry/0/ErrorEquals/0: `States.Nonsense`",
        ),
        ("/States/T/Retry/0", "ErrorEquals", removed.clone(), "/States/T/Retry/0: `ErrorEquals` is missing"),
        (
            "/States/T/Retry/0",
            "BackoffRate",
            json!(0.5),
            "/States/T/Retry/0/BackoffRate: must be a number of at least 1.0",
        ),
        (
            "/States/T/Retry/0",
            "JitterStrategy",
            json!("HALF"),
            "/States/T/Retry/0/JitterStrategy: must be FULL or NONE",
        ),
        (
            "/States/T/Retry/0",
            "IntervalSeconds",
            json!(0),
            "/States/T/Retry/0/IntervalSeconds: must be a whole number",
        ),
        ("/States/T/Catch/0", "Next", json!("X"), "/States/T/Catch/0/Next: there is no state `X`"),
        ("/States/T/Catch/0", "Output", json!({}), "/States/T/Catch/0/Output: not implemented"),
        ("/States/C", "Choices", json!([]), "/States/C/Choices: a Choice needs at least one rule"),
        ("/States/C", "Default", json!("X"), "/States/C/Default: there is no state `X`"),
        (
            "/States/C/Choices/0",
            "StringMatches",
            json!("*"),
            "/States/C/Choices/0/StringMatches: not implemented",
        ),
        (
            "/States/C/Choices/0",
            "StringEquals",
            json!(1),
            "/States/C/Choices/0/StringEquals: must be a value of the type",
        ),
        (
            "/States/C/Choices/0",
            "StringEquals",
            removed.clone(),
            "/States/C/Choices/0: has none of the comparisons",
        ),
        (
            "/States/C/Choices/0",
            "IsPresent",
            json!(true),
            "/States/C/Choices/0: a rule has exactly one comparison",
        ),
        ("/States/C/Choices/0", "Variable", removed.clone(), "/States/C/Choices/0: `Variable` is missing"),
        ("/States/C/Choices/0", "Next", json!("W"), "/States/S: cannot be reached from StartAt"),
        ("/States/S", "Next", json!("W"), "/States/S/Next: not implemented"),
        ("/States/F", "CausePath", json!("$.c"), "/States/F/CausePath: a Fail has either Cause or CausePath"),
        ("/States/F", "ErrorPath", json!("States.UUID()"), "/States/F/ErrorPath: `States.UUID()`"),
        ("/States/F", "InputPath", json!("$"), "/States/F/InputPath: not implemented"),
    ];
    for (pointer, field, value, expected) in cases {
        let document = changed(pointer, field, value);
        let found = problems(&document);
        assert!(
            found.iter().any(|problem| problem.contains(expected)),
            "{pointer}/{field}: expected {expected:?} among {found:#?}"
        );
    }
}

#[test]
fn a_definition_with_several_problems_lists_all_of_them() {
    let mut document = changed("/States/T", "Parameters", json!({}));
    document["Version"] = json!("1.0");
    document["States"]["W"]["Next"] = json!("Nowhere");
    document["States"]["C"]["Choices"][0]["StringMatches"] = json!("*");
    let found = problems(&document);
    for pointer in
        ["/Version:", "/States/T/Parameters:", "/States/W/Next:", "/States/C/Choices/0/StringMatches:"]
    {
        assert!(found.iter().any(|problem| problem.starts_with(pointer)), "{pointer} in {found:#?}");
    }
}

#[test]
fn a_machine_that_never_ends_is_rejected() {
    let circle = json!({"StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 1, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "S"}], "Default": "W"},
        "S": {"Type": "Succeed"},
    }});
    let found = problems(&circle);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found.iter().all(|problem| problem.contains("without a Task on the way")));
    let endless =
        json!({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": FUNCTION, "Next": "T"}}});
    assert!(problems(&endless)[0].starts_with("/States: no state ends"));
}

#[test]
fn a_placeholder_without_a_value_is_a_problem() {
    let found = Definition::load(SHIPPED, &HashMap::new()).unwrap_err().to_string();
    assert!(found.contains("line 12: the placeholder ${SendFunctionArn} has no value"), "{found}");
    let found = Definition::load("{\"Comment\": \"${} ${a b}\"}", &HashMap::new()).unwrap_err().to_string();
    assert_eq!(found.matches("does not begin a placeholder").count(), 2, "{found}");
}

#[test]
fn nested_choice_rules_are_parsed() {
    let rules = json!([{
        "And": [{"Variable": "$.a", "IsPresent": true}, {"Or": [{"Variable": "$.a", "NumericEquals": 1}, {"Not": {"Variable": "$.a", "BooleanEquals": true}}]}],
        "Next": "S",
    }]);
    assert_eq!(problems(&changed("/States/C", "Choices", rules)), Vec::<String>::new());
    let rules = json!([{"And": [{"Variable": "$.a", "IsNull": true, "Next": "S"}], "Next": "S"}]);
    let found = problems(&changed("/States/C", "Choices", rules));
    assert!(
        found.iter().any(|problem| problem.starts_with("/States/C/Choices/0/And/0/IsNull: not implemented")),
        "{found:#?}"
    );
    assert!(
        found.iter().any(|problem| problem.starts_with("/States/C/Choices/0/And/0/Next: not implemented")),
        "{found:#?}"
    );
}
