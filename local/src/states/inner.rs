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

/// How a function is called: its ARN and payload in, its answer or its failure out.
pub type Invoke = Arc<dyn Fn(String, Value) -> BoxFuture<'static, Result<Value, TaskFailure>> + Send + Sync>;

/// Why a function did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// The error's name, by which `Retry` and `Catch` know it.
    pub error: String,
    /// More about it.
    pub cause: String,
}

/// How the engine behaves.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Whether time passes by itself. Without, the engine acts only when something is started, woken
    /// or finished.
    pub ticking: bool,
    /// How many functions may be at work at a time.
    pub concurrency: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ticking: true, concurrency: 8 }
    }
}

/// The answer to a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartOutcome {
    /// The execution's ARN.
    pub arn: String,
    /// When it was started: now, or before when this start repeats an earlier one.
    pub started: DateTime<Utc>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) definition: Arc<Definition>,
    pub(super) hash: String,
    /// By hash: the current one and those that executions under way still run.
    pub(super) definitions: HashMap<String, Arc<Definition>>,
    pub(super) settings: Settings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) invoke: Invoke,
    pub(super) timers: Arc<Timers>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The driver looks, finds nobody and stops.
        self.timers.work.notify_one();
    }
}
