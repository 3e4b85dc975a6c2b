//! The state that the engine shares with its driver.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use messaging::values::clock::Clock;
use serde_json::Value;

use super::definition::Definition;
use super::timers::Timers;
use crate::store::Store;

/// Calls a function: from its ARN and payload to its result or failure.
pub type Invoke = Arc<dyn Fn(String, Value) -> BoxFuture<'static, Result<Value, TaskFailure>> + Send + Sync>;

/// The failure of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// The name of the error, which `Retry` and `Catch` match.
    pub error: String,
    /// An explanation for a person.
    pub cause: String,
}

/// The settings of the engine.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Whether time passes by itself. Otherwise the engine acts only when an execution is started, when it is
    /// woken, or when a function finishes.
    pub ticking: bool,
    /// The most functions that run at a time.
    pub concurrency: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ticking: true, concurrency: 8 }
    }
}

/// The outcome of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartOutcome {
    /// The ARN of the execution.
    pub arn: String,
    /// The time of the start: now, or earlier if this start repeats an earlier one.
    pub started: DateTime<Utc>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) definition: Arc<Definition>,
    pub(super) hash: String,
    /// The current definition and those of running executions, by hash.
    pub(super) definitions: HashMap<String, Arc<Definition>>,
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) invoke: Invoke,
    pub(super) timers: Arc<Timers>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The driver wakes up, finds the engine gone and stops.
        self.timers.work.notify_one();
    }
}
