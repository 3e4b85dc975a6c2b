//! Runs executions that are due, in order, several at a time.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;

use super::execution::Event;
use super::inner::{Inner, Invoke};
use super::steps::Call;
use super::timers::{Sequence, Timers, until};

/// The longest sleep. It is limited because the wall clock may be changed during the sleep.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Drives the engine until it is dropped. Running calls are dropped with it.
pub(super) async fn drive(engine: Weak<Inner>, timers: Arc<Timers>) {
    let mut calls = JoinSet::new();
    loop {
        let Some(inner) = engine.upgrade() else {
            return;
        };
        while let Some(outcome) = calls.try_join_next() {
            finish(&inner, &mut calls, outcome);
        }
        let free = calls.len() < inner.settings.concurrency.max(1);
        if let Some(sequence) = free.then(|| timers.take(inner.clock.now())).flatten() {
            advance(&inner, &mut calls, sequence, None);
            drop(inner);
            tokio::task::yield_now().await;
            continue;
        }
        let sleep = (inner.settings.ticking && free)
            .then(|| {
                timers
                    .next_due()
                    .map(|next| until(next, inner.clock.now()).clamp(Duration::from_millis(1), LONGEST_SLEEP))
            })
            .flatten();
        // Dropped before sleeping: while the driver holds it, the engine is never dropped.
        drop(inner);
        tokio::select! {
            Some(outcome) = calls.join_next() => {
                let Some(inner) = engine.upgrade() else { return };
                finish(&inner, &mut calls, outcome);
            }
            () = timers.work.notified() => {}
            () = rest(sleep) => {}
        }
    }
}

type CallOutcome = (Sequence, Event);

fn finish(
    inner: &Inner,
    calls: &mut JoinSet<CallOutcome>,
    outcome: Result<CallOutcome, tokio::task::JoinError>,
) {
    match outcome {
        Ok((sequence, event)) => advance(inner, calls, sequence, Some(event)),
        // A call catches its own panics, and nothing aborts it before the driver ends.
        Err(error) => tracing::error!(%error, "Lost a call of a function"),
    }
}

fn advance(inner: &Inner, calls: &mut JoinSet<CallOutcome>, sequence: Sequence, event: Option<Event>) {
    if let Some(call) = inner.step(sequence, event) {
        calls.spawn(perform(Arc::clone(&inner.invoke), call));
    }
}

async fn perform(invoke: Invoke, call: Call) -> CallOutcome {
    let Call { sequence, resource, input, timeout_seconds } = call;
    let answer = AssertUnwindSafe(async move { invoke(resource, input).await }).catch_unwind();
    let answer = match timeout_seconds {
        Some(seconds) => tokio::time::timeout(Duration::from_secs(seconds), answer).await,
        None => Ok(answer.await),
    };
    let event = match answer {
        Ok(Ok(Ok(value))) => Event::TaskSucceeded(value),
        Ok(Ok(Err(failure))) => Event::TaskFailed { error: failure.error, cause: failure.cause },
        Ok(Err(_panic)) => Event::TaskFailed {
            error: "Lambda.Unknown".to_owned(),
            cause: "the function panicked".to_owned(),
        },
        Err(_elapsed) => Event::TaskTimedOut,
    };
    (sequence, event)
}

async fn rest(sleep: Option<Duration>) {
    match sleep {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
