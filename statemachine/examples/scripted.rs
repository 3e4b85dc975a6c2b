//! Runs the local engine with scripted task results, for the comparison with another engine
//! (`statemachine/tests/python/test_engines.py`). It reads a definition and cases and prints histories.
//!
//! In: `{"definition": "<ASL>", "cases": [{"name", "input": "<JSON>", "results": [...]}]}`, a result being
//! `{"return": <output>}`, `{"error", "cause"}` or `{"hang": true}`. Out, by the case's name:
//! `{"execution": <DescribeExecution>, "events": <GetExecutionHistory>}`. Time is virtual: it jumps from
//! due instant to due instant.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the tests, called by nothing else")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use local::runtime::timer_source::TimerSource;
use local::states::{Definition, Engine, Invoke, Settings, TaskFailure, arn};
use local::store::Store;
use messaging::values::clock::Clock;
use serde_json::{Value, json};

struct SetClock(Mutex<DateTime<Utc>>);

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let request: Value = serde_json::from_reader(std::io::stdin()).unwrap();
    let mut answers = serde_json::Map::new();
    for case in request["cases"].as_array().unwrap() {
        let text = case.get("definition").unwrap_or(&request["definition"]).as_str().unwrap();
        answers.insert(case["name"].as_str().unwrap().to_owned(), run(text, case).await);
    }
    println!("{}", Value::Object(answers));
}

/// Runs one execution to its end.
async fn run(definition: &str, case: &Value) -> Value {
    let definition = Definition::parse(definition.to_owned()).unwrap();
    let clock = Arc::new(SetClock(Mutex::new(Utc::now())));
    let settings = Settings { ticking: false, concurrency: 1 };
    let time: Arc<dyn Clock> = Arc::<SetClock>::clone(&clock);
    let engine =
        Engine::open(Store::in_memory().unwrap(), definition, settings, time, script(&case["results"]))
            .unwrap();
    let name = case["name"].as_str().unwrap();
    engine.start(Some(name), case["input"].as_str()).unwrap();
    engine.idle().await;
    while let Some(due) = engine.next_due() {
        *clock.0.lock().unwrap() = due.max(clock.now());
        engine.wake();
        engine.idle().await;
    }
    let ask = |operation: &str| {
        let question = json!({"executionArn": arn::of_execution(name), "maxResults": 1000});
        let (status, answer) = engine.handle(operation, question.to_string().as_bytes());
        assert_eq!(status, 200, "{answer}");
        answer
    };
    json!({
        "execution": ask("DescribeExecution"),
        "events": ask("GetExecutionHistory")["events"],
    })
}

/// Returns a function that returns one result after the other.
fn script(results: &Value) -> Invoke {
    let left: VecDeque<Value> = results.as_array().unwrap().iter().cloned().collect();
    let left = Arc::new(Mutex::new(left));
    Arc::new(move |_, _| {
        let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        Box::pin(async move {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            match next {
                Some(result) if result.get("hang").is_some() => std::future::pending().await,
                Some(result) if result.get("return").is_some() => Ok(result["return"].clone()),
                Some(result) => {
                    Err(TaskFailure { error: text(&result["error"]), cause: text(&result["cause"]) })
                }
                None => Err(TaskFailure { error: "ScriptEnded".to_owned(), cause: String::new() }),
            }
        })
    })
}
