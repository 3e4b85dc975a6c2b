//! The durable engine while it runs.

use std::sync::{Arc, Mutex};

use chrono::Utc;
use serde_json::json;

use super::{
    FakeClock, VIRTUAL, advance, answering, at, hanging, input, kinds, minutes, open, sends, shipped, until,
    verdict,
};
use crate::runtime::timer_source::TimerSource;
use crate::states::{ApiError, Engine, Invoke, Settings, Status, TaskFailure};
use crate::store::Store;

#[tokio::test]
async fn a_wait_ends_exactly_at_its_due_time() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let engine = open(&store, &clock, sends());
    engine.start(Some("a.text"), Some(&input(120))).unwrap();
    assert_eq!(engine.next_due(), Some(at(120)));
    advance(&engine, &clock, at(119)).await;
    assert_eq!(engine.describe("a.text").unwrap().status, Status::Running);
    assert_eq!(kinds(&engine.history("a.text").unwrap()), ["ExecutionStarted", "WaitStateEntered"]);
    advance(&engine, &clock, at(120)).await;
    let execution = engine.describe("a.text").unwrap();
    assert_eq!((execution.status, execution.stopped), (Status::Succeeded, Some(at(120))));
    assert_eq!(engine.history("a.text").unwrap().len(), 13);
    assert_eq!(engine.next_due(), None);
}

#[tokio::test]
async fn an_overdue_execution_starts_without_a_wake() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let engine = open(&store, &clock, sends());
    engine.start(Some("a"), Some(&input(-60))).unwrap();
    engine.idle().await;
    assert_eq!(engine.describe("a").unwrap().status, Status::Succeeded);
}

#[tokio::test]
async fn a_failed_task_is_retried() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let tries = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&tries);
    let invoke = answering(move |input| {
        let mut tries = seen.lock().unwrap();
        *tries += 1;
        if *tries < 4 {
            Err(TaskFailure { error: "Transient".to_owned(), cause: "{}".to_owned() })
        } else {
            Ok(verdict(input, "Sent"))
        }
    });
    let engine = open(&store, &clock, invoke);
    engine.start(Some("a"), Some(&input(0))).unwrap();
    advance(&engine, &clock, at(0) + minutes(10)).await;
    assert_eq!(*tries.lock().unwrap(), 4);
    assert_eq!(engine.describe("a").unwrap().status, Status::Succeeded);
}

#[tokio::test]
async fn a_panic_of_a_function_is_a_failed_task() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let invoke: Invoke = Arc::new(|_, _| Box::pin(async { panic!("a bug") }));
    let engine = open(&store, &clock, invoke);
    engine.start(Some("a"), Some(&input(0))).unwrap();
    advance(&engine, &clock, at(0) + minutes(100)).await;
    let execution = engine.describe("a").unwrap();
    assert_eq!((execution.status, execution.error.as_deref()), (Status::Failed, Some("RetriesExhausted")));
}

#[tokio::test(start_paused = true)]
async fn a_task_times_out_after_its_limit() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let (invoke, calls) = hanging();
    let engine = open(&store, &clock, invoke);
    engine.start(Some("a"), Some(&input(0))).unwrap();
    engine.idle().await;
    assert_eq!(calls.lock().unwrap().len(), 1);
    assert_eq!(kinds(&engine.history("a").unwrap()).last(), Some(&"LambdaFunctionTimedOut"));
    assert!(engine.next_due().is_some(), "it will be tried again");
}

#[tokio::test]
async fn stopping_ends_a_wait_and_ignores_a_late_result() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let (release, released) = tokio::sync::watch::channel(false);
    let invoke: Invoke = Arc::new(move |_, input| {
        let mut released = released.clone();
        Box::pin(async move {
            released.wait_for(|released| *released).await.ok();
            Ok(verdict(input, "Sent"))
        })
    });
    let engine = open(&store, &clock, invoke);
    engine.start(Some("waits"), Some(&input(60))).unwrap();
    engine.start(Some("works"), Some(&input(0))).unwrap();
    until(|| engine.history("works").unwrap().len() == 6).await;
    assert_eq!(engine.stop("works", Some("Why".to_owned()), Some("so".to_owned())).unwrap(), at(0));
    assert_eq!(engine.stop("waits", None, None).unwrap(), at(0));
    assert_eq!(engine.next_due(), None);
    let length = engine.history("works").unwrap().len();
    release.send(true).unwrap();
    engine.idle().await;
    clock.set(at(5));
    assert_eq!(engine.stop("works", None, None).unwrap(), at(0), "stopping twice changes nothing");
    let execution = engine.describe("works").unwrap();
    assert_eq!(
        (execution.status, execution.error.as_deref(), execution.cause.as_deref()),
        (Status::Aborted, Some("Why"), Some("so"))
    );
    assert_eq!(engine.history("works").unwrap().len(), length);
    assert!(matches!(engine.stop("nobody", None, None), Err(ApiError::ExecutionDoesNotExist(_))));
}

#[tokio::test]
async fn a_name_starts_one_execution_within_90_days() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let engine = open(&store, &clock, sends());
    let first = engine.start(Some("a"), Some(&input(60))).unwrap();
    clock.set(at(10));
    assert_eq!(engine.start(Some("a"), Some(&input(60))).unwrap(), first);
    assert!(matches!(engine.start(Some("a"), Some(&input(61))), Err(ApiError::ExecutionAlreadyExists(_))));
    advance(&engine, &clock, at(60)).await;
    assert!(matches!(engine.start(Some("a"), Some(&input(60))), Err(ApiError::ExecutionAlreadyExists(_))));
    clock.set(at(59) + minutes(90 * 24 * 60));
    assert!(engine.start(Some("a"), Some(&input(60))).is_err());
    clock.set(at(60) + minutes(90 * 24 * 60));
    engine.start(Some("a"), Some(&input(60))).unwrap();
    engine.idle().await;
    assert_eq!(engine.list(None, None, 10).unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_concurrent_starts_of_one_name_start_one_execution() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let (invoke, calls) = hanging();
    let engine = open(&store, &clock, invoke);
    let starts = (0..200).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move { engine.start(Some("a"), Some(&input(0))).unwrap() })
    });
    let answers = futures_util::future::join_all(starts.collect::<Vec<_>>()).await;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().started == at(0)));
    assert_eq!(engine.list(None, None, 1000).unwrap().len(), 1);
    until(|| !calls.lock().unwrap().is_empty()).await;
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn executions_run_in_the_order_of_their_due_times() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let invoke = answering(move |input| {
        seen.lock().unwrap().push(input["n"].as_i64().unwrap());
        Ok(verdict(input, "Sent"))
    });
    let settings = Settings { concurrency: 1, ..VIRTUAL };
    let engine = Engine::open(store, shipped(), settings, Arc::<FakeClock>::clone(&clock), invoke).unwrap();
    for (n, due) in [(1, 50), (2, 30), (3, 50), (4, 10), (5, 30)] {
        engine
            .start(Some(&format!("e{n}")), Some(&json!({"n": n, "due": super::rfc3339(due)}).to_string()))
            .unwrap();
    }
    // One jump passes all of them; they still run in the order of their instants.
    clock.set(at(100));
    engine.wake();
    engine.idle().await;
    assert_eq!(*order.lock().unwrap(), [4, 2, 5, 1, 3]);
}

#[tokio::test]
async fn concurrency_limits_the_running_functions() {
    let (store, clock) = (Store::in_memory().unwrap(), FakeClock::new());
    let (invoke, calls) = hanging();
    let engine = open(&store, &clock, invoke);
    for n in 0..20 {
        engine.start(Some(&format!("e{n}")), Some(&input(0))).unwrap();
    }
    until(|| calls.lock().unwrap().len() == 8).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(calls.lock().unwrap().len(), 8);
    assert_eq!(engine.next_due(), Some(at(0)), "the others are due and have not been started");
}

#[tokio::test(start_paused = true)]
async fn a_ticking_engine_wakes_itself() {
    /// Reads the paused clock of tokio as a wall clock.
    struct Wall(tokio::time::Instant);
    impl messaging::values::clock::Clock for Wall {
        fn now(&self) -> chrono::DateTime<Utc> {
            at(0) + self.0.elapsed()
        }
    }
    let clock = Arc::new(Wall(tokio::time::Instant::now()));
    let settings = Settings { ticking: true, concurrency: 8 };
    let engine = Engine::open(Store::in_memory().unwrap(), shipped(), settings, clock, sends()).unwrap();
    engine.start(Some("a"), Some(&input(7200))).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(7199)).await;
    assert_eq!(engine.describe("a").unwrap().status, Status::Running);
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(engine.describe("a").unwrap().status, Status::Succeeded);
}
