//! Tests of the local Step Functions.

mod api;
mod engine;
mod fuzz;
mod interpreter;
mod language;
mod load;
mod recovery;
mod rejections;
mod retries;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use messaging::values::clock::Clock;
use serde_json::{Value, json};

use super::{Definition, Engine, Invoke, Settings, TaskFailure};
use crate::runtime::timer_source::TimerSource;
use crate::store::Store;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:afterword-send";
const SHIPPED: &str = include_str!("tests/message.asl.json");

fn shipped() -> Definition {
    Definition::load(SHIPPED, &HashMap::from([("SendFunctionArn".to_owned(), FUNCTION.to_owned())])).unwrap()
}

fn define(document: &Value) -> Definition {
    Definition::parse(document.to_string()).unwrap()
}

/// Returns a machine of one task `T` with these additional fields, which ends in `Done`.
fn with_task(fields: &Value) -> Definition {
    let mut task = json!({"Type": "Task", "Resource": FUNCTION, "Next": "Done"});
    task.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    define(&json!({"StartAt": "T", "States": {"T": task, "Done": {"Type": "Succeed"}}}))
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn rfc3339(seconds: i64) -> String {
    messaging::values::clock::to_rfc3339(at(seconds))
}

fn input(due: i64) -> String {
    json!({"conversation_id": "sms-1", "step": "text", "due": rfc3339(due)}).to_string()
}

struct FakeClock(Mutex<DateTime<Utc>>);

impl FakeClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(at(0))))
    }

    fn set(&self, to: DateTime<Utc>) {
        *self.0.lock().unwrap() = to;
    }
}

impl Clock for FakeClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

const VIRTUAL: Settings = Settings { ticking: false, concurrency: 8 };

fn open(store: &Store, clock: &Arc<FakeClock>, invoke: Invoke) -> Engine {
    Engine::open(store.clone(), shipped(), VIRTUAL, Arc::<FakeClock>::clone(clock), invoke).unwrap()
}

/// Returns a function that answers at once.
fn answering(answer: impl Fn(Value) -> Result<Value, TaskFailure> + Send + Sync + 'static) -> Invoke {
    Arc::new(move |_, input| {
        let result = answer(input);
        Box::pin(async move { result })
    })
}

fn verdict(mut input: Value, verdict: &str) -> Value {
    input["verdict"] = json!(verdict);
    input
}

fn sends() -> Invoke {
    answering(|input| Ok(verdict(input, "Sent")))
}

/// Returns a function that never answers, and the inputs with which it was called.
fn hanging() -> (Invoke, Arc<Mutex<Vec<Value>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let invoke: Invoke = Arc::new(move |_, input| {
        seen.lock().unwrap().push(input);
        Box::pin(std::future::pending())
    });
    (invoke, calls)
}

/// Moves the clock as the local machine does: from due instant to due instant, up to `to`.
async fn advance(engine: &Engine, clock: &FakeClock, to: DateTime<Utc>) {
    engine.idle().await;
    while let Some(next) = engine.next_due().filter(|next| *next <= to) {
        clock.set(next.max(clock.now()));
        engine.wake();
        engine.idle().await;
    }
    clock.set(to);
}

/// Lets the driver run until `done`, however long that takes: the test runner ends a test that hangs.
async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

fn kinds(history: &[Value]) -> Vec<&str> {
    history.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}
