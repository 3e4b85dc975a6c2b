//! The API as the CLI and the SDKs see it.

use serde_json::{Value, json};

use super::{FakeClock, advance, at, hanging, input, open, sends};
use crate::states::Engine;
use crate::states::arn::{EXECUTION_PREFIX, MACHINE_ARN, is_execution_name};
use crate::store::Store;

fn call(engine: &Engine, operation: &str, body: &Value) -> Value {
    let (status, answer) = engine.handle(operation, body.to_string().as_bytes());
    assert_eq!(status, 200, "{operation} {body}: {answer}");
    answer
}

fn error_of(engine: &Engine, operation: &str, body: &str) -> String {
    let (status, answer) = engine.handle(operation, body.as_bytes());
    assert_eq!(status, 400, "{operation} {body}: {answer}");
    assert!(!answer["message"].as_str().unwrap().is_empty());
    answer["__type"].as_str().unwrap().split_once('#').unwrap().1.to_owned()
}

#[test]
fn execution_names_follow_the_rules_of_aws() {
    for name in ["a", "calendly-0f.follow_up", "Ünïcode", &"x".repeat(80), "a(b)'c'=d+e@f!"] {
        assert!(is_execution_name(name), "{name}");
    }
    for name in ["", &"x".repeat(81), "a b", "a\tb", "a\u{a0}b", "a\u{7f}", "a\u{85}", "a\u{0}"] {
        assert!(!is_execution_name(name), "{name:?}");
    }
    for forbidden in "<>{}[]?*\"#%\\^|~`$&,;:/".chars() {
        assert!(!is_execution_name(&format!("a{forbidden}b")), "{forbidden}");
    }
}

#[tokio::test]
async fn an_execution_is_started_described_and_ended() {
    let clock = FakeClock::new();
    let engine = open(&Store::in_memory().unwrap(), &clock, sends());
    let arn = format!("{EXECUTION_PREFIX}a.text");
    let start = json!({"stateMachineArn": MACHINE_ARN, "name": "a.text", "input": input(60)});
    assert_eq!(
        call(&engine, "StartExecution", &start),
        json!({"executionArn": arn, "startDate": 1_800_000_000.0})
    );
    let described = call(&engine, "DescribeExecution", &json!({"executionArn": arn}));
    assert_eq!((&described["status"], &described["input"]), (&json!("RUNNING"), &json!(input(60))));
    assert!(described.get("stopDate").is_none() && described.get("output").is_none());
    advance(&engine, &clock, at(60)).await;
    let described = call(&engine, "DescribeExecution", &json!({"executionArn": arn}));
    assert_eq!(
        (&described["status"], &described["stopDate"]),
        (&json!("SUCCEEDED"), &json!(1_800_000_060.0))
    );
    assert!(described["output"].as_str().unwrap().contains("Sent"));
    let metadata =
        call(&engine, "DescribeExecution", &json!({"executionArn": arn, "includedData": "METADATA_ONLY"}));
    assert!(metadata.get("input").is_none() && metadata.get("output").is_none());

    let first = call(&engine, "GetExecutionHistory", &json!({"executionArn": arn, "maxResults": 10}));
    let token = first["nextToken"].as_str().unwrap();
    let second = call(
        &engine,
        "GetExecutionHistory",
        &json!({"executionArn": arn, "maxResults": 10, "nextToken": token}),
    );
    assert_eq!(
        (first["events"].as_array().unwrap().len(), second["events"].as_array().unwrap().len()),
        (10, 3)
    );
    assert!(second.get("nextToken").is_none());
    let reverse =
        json!({"executionArn": arn, "reverseOrder": true, "includeExecutionData": false, "maxResults": 1});
    let last = call(&engine, "GetExecutionHistory", &reverse)["events"][0].clone();
    assert_eq!(
        (&last["type"], &last["executionSucceededEventDetails"]),
        (&json!("ExecutionSucceeded"), &json!({}))
    );
    let foreign = json!({"executionArn": arn, "reverseOrder": true, "nextToken": token}).to_string();
    assert_eq!(error_of(&engine, "GetExecutionHistory", &foreign), "InvalidToken");
}

#[tokio::test]
async fn executions_are_listed_newest_first_in_pages() {
    let clock = FakeClock::new();
    let engine = open(&Store::in_memory().unwrap(), &clock, hanging().0);
    for n in 0..5 {
        engine.start(Some(&format!("e{n}")), Some(&input(60))).unwrap();
    }
    engine.stop("e1", None, None).unwrap();
    let names = |page: &Value| {
        page["executions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let list = |extra: Value| {
        let mut body = json!({"stateMachineArn": MACHINE_ARN});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        call(&engine, "ListExecutions", &body)
    };
    let first = list(json!({"maxResults": 2}));
    let second = list(json!({"maxResults": 2, "nextToken": first["nextToken"]}));
    let third = list(json!({"maxResults": 2, "nextToken": second["nextToken"]}));
    assert_eq!(
        (names(&first), names(&second), names(&third)),
        (vec!["e4".into(), "e3".into()], vec!["e2".into(), "e1".into()], vec!["e0".into()])
    );
    assert!(third.get("nextToken").is_none());
    let aborted = list(json!({"statusFilter": "ABORTED"}));
    assert_eq!(names(&aborted), ["e1"]);
    assert_eq!(aborted["executions"][0]["stopDate"], json!(1_800_000_000.0));
    assert_eq!(names(&list(json!({"statusFilter": "RUNNING", "maxResults": 0}))).len(), 4);
    for (extra, error) in [
        (json!({"maxResults": 1001}), "ValidationException"),
        (json!({"maxResults": -1}), "ValidationException"),
        (json!({"statusFilter": "SLEEPING"}), "ValidationException"),
        (json!({"nextToken": "nonsense"}), "InvalidToken"),
        (json!({"statusFilter": "RUNNING", "nextToken": first["nextToken"]}), "InvalidToken"),
        (json!({"maxResults": "2"}), "SerializationException"),
    ] {
        let mut body = json!({"stateMachineArn": MACHINE_ARN});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(error_of(&engine, "ListExecutions", &body.to_string()), error, "{extra}");
    }
}

#[tokio::test]
async fn errors_have_the_types_of_aws() {
    let engine = open(&Store::in_memory().unwrap(), &FakeClock::new(), sends());
    let start = |name: &str, input: &str| {
        json!({"stateMachineArn": MACHINE_ARN, "name": name, "input": input}).to_string()
    };
    engine.start(Some("taken"), Some(&input(60))).unwrap();
    for (operation, body, error) in [
        ("StartExecution", start("a b", "{}"), "InvalidName"),
        ("StartExecution", start("taken", "{}"), "ExecutionAlreadyExists"),
        ("StartExecution", start("a", "{"), "InvalidExecutionInput"),
        ("StartExecution", start("a", &format!("\"{}\"", "x".repeat(262_143))), "InvalidExecutionInput"),
        (
            "StartExecution",
            start("a", &format!("{}{}", "[".repeat(125), "]".repeat(125))),
            "InvalidExecutionInput",
        ),
        ("StartExecution", "{}".to_owned(), "ValidationException"),
        (
            "StartExecution",
            json!({"stateMachineArn": format!("{MACHINE_ARN}2")}).to_string(),
            "StateMachineDoesNotExist",
        ),
        ("StartExecution", json!({"stateMachineArn": "afterword"}).to_string(), "InvalidArn"),
        (
            "DescribeExecution",
            json!({"executionArn": format!("{EXECUTION_PREFIX}nobody")}).to_string(),
            "ExecutionDoesNotExist",
        ),
        (
            "DescribeExecution",
            json!({"executionArn": "arn:aws:states:us-east-1:000000000000:execution:other:x"}).to_string(),
            "ExecutionDoesNotExist",
        ),
        ("DescribeExecution", json!({"executionArn": MACHINE_ARN}).to_string(), "InvalidArn"),
        ("GetExecutionHistory", String::new(), "ValidationException"),
        (
            "StopExecution",
            json!({"executionArn": format!("{EXECUTION_PREFIX}taken"), "error": "x".repeat(257)}).to_string(),
            "ValidationException",
        ),
        ("CreateStateMachine", "{}".to_owned(), "UnknownOperationException"),
        ("StartExecution", "[]".to_owned(), "SerializationException"),
        ("StartExecution", "nonsense".to_owned(), "SerializationException"),
    ] {
        assert_eq!(error_of(&engine, operation, &body), error, "{operation} {body:.100}");
    }
}

#[tokio::test]
async fn a_start_has_defaults_and_the_machine_is_described() {
    let engine = open(&Store::in_memory().unwrap(), &FakeClock::new(), sends());
    let started = call(&engine, "StartExecution", &json!({"stateMachineArn": MACHINE_ARN}));
    let arn = started["executionArn"].as_str().unwrap();
    assert_eq!(arn.strip_prefix(EXECUTION_PREFIX).unwrap().len(), 36);
    assert_eq!(call(&engine, "DescribeExecution", &json!({"executionArn": arn}))["input"], json!("{}"));
    let machines = call(&engine, "ListStateMachines", &json!({}));
    assert_eq!(machines["stateMachines"][0]["creationDate"], json!(1_800_000_000.0));
    let machine = call(&engine, "DescribeStateMachine", &json!({"stateMachineArn": MACHINE_ARN}));
    assert!(serde_json::from_str::<Value>(machine["definition"].as_str().unwrap()).is_ok());
    let stopped = call(&engine, "StopExecution", &json!({"executionArn": arn}));
    assert_eq!(stopped, json!({"stopDate": 1_800_000_000.0}));
}
