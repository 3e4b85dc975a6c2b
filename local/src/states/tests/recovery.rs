//! Recovery after a `kill -9`.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;

use super::{
    FUNCTION, FakeClock, SHIPPED, VIRTUAL, advance, at, hanging, input, kinds, minutes, open, sends, until,
};
use crate::runtime::timer_source::TimerSource;
use crate::states::{Definition, Engine, OpenError, Status};
use crate::store::Store;

#[tokio::test]
async fn a_wait_continues_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.sqlite");
    let clock = FakeClock::new();
    let engine = open(&Store::open(&path).unwrap(), &clock, sends());
    engine.start(Some("a"), Some(&input(60))).unwrap();
    drop(engine);
    let engine = open(&Store::open(&path).unwrap(), &clock, sends());
    assert_eq!(engine.next_due(), Some(at(60)));
    advance(&engine, &clock, at(60)).await;
    assert_eq!(engine.describe("a").unwrap().status, Status::Succeeded);
}

#[tokio::test]
async fn a_task_that_was_running_at_the_restart_is_retried() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let (invoke, calls) = hanging();
    let engine = open(&store, &clock, invoke);
    engine.start(Some("a"), Some(&input(0))).unwrap();
    until(|| calls.lock().unwrap().len() == 1).await;
    drop(engine);
    clock.set(at(5));
    let engine = open(&store, &clock, sends());
    engine.idle().await;
    let history = engine.history("a").unwrap();
    let failed = history.iter().find(|event| event["type"] == "LambdaFunctionFailed").unwrap();
    let details =
        json!({"error": "Lambda.Unknown", "cause": "the invocation was lost when the machine stopped"});
    assert_eq!(failed["lambdaFunctionFailedEventDetails"], details);
    advance(&engine, &clock, at(0) + minutes(1)).await;
    assert_eq!(engine.describe("a").unwrap().status, Status::Succeeded);
    let history = engine.history("a").unwrap();
    assert_eq!(kinds(&history).iter().filter(|kind| **kind == "LambdaFunctionScheduled").count(), 2);
}

#[tokio::test]
async fn a_due_execution_is_started_after_a_restart() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let engine = open(&store, &clock, sends());
    // The driver has not run yet, so it cannot have taken the execution.
    engine.start(Some("a"), Some(&input(0))).unwrap();
    drop(engine);
    let engine = open(&store, &clock, sends());
    engine.idle().await;
    let history = engine.history("a").unwrap();
    assert_eq!(kinds(&history).iter().filter(|kind| **kind == "LambdaFunctionScheduled").count(), 1);
    assert_eq!(engine.describe("a").unwrap().status, Status::Succeeded);
}

#[tokio::test]
async fn a_running_execution_keeps_its_definition() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let engine = open(&store, &clock, sends());
    engine.start(Some("old"), Some(&input(60))).unwrap();
    drop(engine);
    let values = HashMap::from([("SendFunctionArn".to_owned(), FUNCTION.to_owned())]);
    let text = SHIPPED
        .replace("\"Sent\"", "\"Delivered\"")
        .replace("\"StringEquals\": \"Delivered\"", "\"StringEquals\": \"Sent\"");
    let newer = Definition::load(&text, &values).unwrap();
    let engine = Engine::open(store, newer, VIRTUAL, Arc::<FakeClock>::clone(&clock), sends()).unwrap();
    engine.start(Some("new"), Some(&input(60))).unwrap();
    let definition_of = |name: &str| {
        let body = json!({"executionArn": crate::states::arn::of_execution(name)}).to_string();
        engine.handle("DescribeStateMachineForExecution", body.as_bytes()).1["definition"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(!definition_of("old").contains("Delivered"));
    assert!(definition_of("new").contains("Delivered"));
    advance(&engine, &clock, at(60)).await;
    assert_eq!(engine.describe("old").unwrap().position.state, "Sent");
    assert_eq!(engine.describe("new").unwrap().position.state, "Delivered");
}

#[test]
fn the_engine_needs_a_tokio_runtime() {
    let opened =
        Engine::open(Store::in_memory().unwrap(), super::shipped(), VIRTUAL, FakeClock::new(), sends());
    assert!(matches!(opened, Err(OpenError::Runtime(_))));
}
