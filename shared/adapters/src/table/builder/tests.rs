use messaging::values::ids::StepName;

use super::super::expression::{absent, all, any, at_most, equals, exists, one_of};
use super::*;

fn key() -> Key {
    Key::stored("V#sms-1", "V")
}

fn expression(update: Update) -> Result<String, String> {
    let built = Write::from(update).build().map_err(|BuildError(reason)| reason)?;
    let Action::Update(expression) = built.action else { panic!("an update") };
    Ok(expression)
}

fn condition(condition: Condition) -> String {
    check(key()).require(condition).build().unwrap().condition.unwrap()
}

#[test]
fn placeholders_are_numbered_and_an_attribute_has_one() {
    let step = Path::step(&StepName::new("text").unwrap());
    let built = Write::from(
        update(key())
            .require(equals(step.clone().at("attempt"), 1))
            .require(exists("pk"))
            .set_once("started_at", "now")
            .append("replies", "yes")
            .set(step.at("sent_from"), "twilio")
            .add("count", 2)
            .remove("worklist"),
    )
    .build()
    .unwrap();
    let Action::Update(update) = built.action else { panic!("an update") };
    assert_eq!(
        update,
        "SET #n0 = if_not_exists(#n0, :v0), #n1 = list_append(if_not_exists(#n1, :v1), :v2), \
         #n2.#n3.#n4 = :v3 ADD #n5 :v4 REMOVE #n6"
    );
    assert_eq!(built.condition.unwrap(), "#n2.#n3.#n7 = :v5 AND attribute_exists(#n8)");
    let names = built.names.unwrap();
    assert_eq!((names["#n3"].as_str(), names["#n7"].as_str(), names.len()), ("text", "attempt", 9));
    let values = built.values.unwrap();
    assert_eq!((&values[":v5"], values.len()), (&AttributeValue::N("1".to_owned()), 6));
}

#[test]
fn an_attribute_that_is_changed_twice_is_an_error() {
    let step = Path::step(&StepName::new("text").unwrap());
    let twice = [
        upsert(key()).set("x", 1).set("x", 2),
        upsert(key()).set("x", 1).set_once("x", 1),
        upsert(key()).set("x", 1).remove("x"),
        upsert(key()).add("x", 1).append("x", 1),
        upsert(key()).set(step.clone().at("progress"), 1).set(step.at("progress").at("state"), 1),
        upsert(key()).set("steps", 1).remove(Path::step(&StepName::new("text").unwrap())),
        upsert(key()).set("v", 2),
        upsert(key()).set_all(&serde_json::json!({ "x": 1 }), &[]).set("x", 1),
    ];
    for update in twice {
        let error = expression(update.clone()).unwrap_err();
        assert!(error.contains("is changed twice"), "{update:?}: {error}");
    }
    let siblings = upsert(key()).set(Path::from("x").at("a"), 1).set(Path::from("x").at("b"), 1);
    assert_eq!(expression(siblings).unwrap(), "SET #n0 = :v0, #n1.#n2 = :v1, #n1.#n3 = :v2");
}

#[test]
fn every_item_that_a_write_can_create_has_the_version_of_the_format() {
    let built = Write::from(upsert(key()).set("x", "y")).build().unwrap();
    let (names, values) = (built.names.unwrap(), built.values.unwrap());
    let version = AttributeValue::N(VERSION.to_string());
    assert_eq!((names["#n0"].as_str(), &values[":v0"]), ("v", &version));

    let built = put(key(), &serde_json::json!({ "x": "y" })).build().unwrap();
    let Action::Put(item) = built.action else { panic!("a put") };
    assert_eq!((&item["v"], item["pk"].as_s().unwrap().as_str()), (&version, "V#sms-1"));
}

#[test]
fn an_update_must_need_the_item() {
    for condition in [absent("x"), any([exists("x"), absent("y")]), all([absent("x")])] {
        let error = expression(update(key()).require(condition.clone()).set("x", 1)).unwrap_err();
        assert!(error.contains("without `v`"), "{condition:?}: {error}");
    }
    assert!(expression(update(key()).set("x", 1)).is_err());
    for condition in [exists("pk"), equals("x", 1), all([absent("x"), exists("y")]), one_of("x", &["a"])] {
        assert!(expression(update(key()).require(condition).set("x", 1)).is_ok());
    }
}

#[test]
fn parentheses_are_written_where_they_are_needed() {
    let (a, b) = (exists("a"), exists("b"));
    let (x, y) = ("attribute_exists(#n0)", "attribute_exists(#n1)");
    assert_eq!(condition(a.clone()), x);
    assert_eq!(condition(any([a.clone()])), x);
    assert_eq!(condition(any([a.clone(), b.clone()])), format!("{x} OR {y}"));
    assert_eq!(condition(any([all([a.clone()]), b.clone()])), format!("{x} OR {y}"));
    assert_eq!(condition(all([a.clone(), any([a, b])])), format!("{x} AND ({x} OR {y})"));
    assert_eq!(condition(one_of("a", &["x", "y"])), "#n0 IN (:v0, :v1)");
}

#[test]
fn conditions_are_joined_by_and() {
    let built = delete(key()).require(any([absent("pk"), at_most("x", 1)])).require(exists("y")).build();
    assert_eq!(
        built.unwrap().condition.unwrap(),
        "(attribute_not_exists(#n0) OR #n1 <= :v0) AND attribute_exists(#n2)"
    );
}

/// A value whose serialization fails.
struct Unserializable;

impl Serialize for Unserializable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("refused"))
    }
}

#[test]
fn a_value_that_cannot_be_serialized_is_an_error() {
    let error = expression(upsert(key()).set("x", Unserializable)).unwrap_err();
    assert_eq!(error, "the value for `x` cannot be serialized");
    assert!(put(key(), &Unserializable).build().is_err());
    assert!(expression(upsert(key()).set_all(&Unserializable, &[])).is_err());
}

#[test]
fn an_empty_condition_is_an_error() {
    assert!(check(key()).require(any([])).build().is_err());
}
