//! One run of the state machine as data, and the pure function that moves it on.
//!
//! No clock, no storage, no tasks: the engine drives it with real events, a simulator with invented
//! ones, and the same events give the same history.

mod interpret;
mod lookup;
mod run;
mod task;
mod values;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::arn;
use super::definition::Definition;
use super::history::HistoryEvent;

pub use values::{MAX_DATA, MAX_DEPTH};

/// One run of the state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// Unique among the executions of the last 90 days.
    pub name: String,
    /// The name as an ARN.
    pub arn: String,
    /// The input exactly as it was given.
    pub input: String,
    /// How it stands.
    pub status: Status,
    /// When it was started.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub stopped: Option<DateTime<Utc>>,
    /// The output as JSON, when it succeeded.
    pub output: Option<String>,
    /// Why it did not succeed, for machines.
    pub error: Option<String>,
    /// Why it did not succeed, for people.
    pub cause: Option<String>,
    /// Where it is.
    pub position: Position,
}

impl Execution {
    /// An execution that waits for [`Event::Started`].
    ///
    /// # Errors
    /// Why `input` cannot be an execution's input.
    pub fn new(name: &str, input: &str, now: DateTime<Utc>) -> Result<Self, String> {
        if input.len() > MAX_DATA {
            return Err(format!("the input is larger than {MAX_DATA} bytes"));
        }
        let value: Value =
            serde_json::from_str(input).map_err(|error| format!("the input is not JSON: {error}"))?;
        if values::deeper_than(&value, MAX_DEPTH) {
            return Err(format!("the input is nested more than {MAX_DEPTH} deep"));
        }
        Ok(Self {
            name: name.to_owned(),
            arn: arn::of_execution(name),
            input: input.to_owned(),
            status: Status::Running,
            started: now,
            stopped: None,
            output: None,
            error: None,
            cause: None,
            position: Position::start(value),
        })
    }

    /// Moves on by one event: changes the execution and says what happened and what to do next.
    ///
    /// Total: an event that does not fit (a result that arrives after `StopExecution`, a timer that
    /// fires early) changes nothing and gives [`Action::Unchanged`].
    pub fn on(&mut self, definition: &Definition, event: Event, now: DateTime<Utc>) -> Step {
        interpret::on(definition, self, event, now)
    }
}

/// How an execution stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is under way.
    Running,
    /// It reached a `Succeed` or an `End`.
    Succeeded,
    /// It reached a `Fail` or an error that nothing caught.
    Failed,
    /// A task's time-out that nothing caught.
    TimedOut,
    /// Somebody stopped it.
    Aborted,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Running, Self::Succeeded, Self::Failed, Self::TimedOut, Self::Aborted];

    /// AWS's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }

    /// The status with AWS's name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Where an execution is. Stored as JSON with each step, so its shape is a persisted format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// What it waits for.
    pub phase: Phase,
    /// The state it is in; empty before the first.
    pub state: String,
    /// The event with which that state was entered.
    pub entered: u64,
    /// That state's raw input.
    pub input: Value,
    /// How often each retrier of that state has been used.
    pub retries: Vec<u64>,
    /// Retries in all states so far: what jitter is derived from.
    pub attempts: u64,
    /// Events so far, which is also the last event's id.
    pub events: u64,
}

impl Position {
    fn start(input: Value) -> Self {
        Self {
            phase: Phase::Created,
            state: String::new(),
            entered: 0,
            input,
            retries: Vec::new(),
            attempts: 0,
            events: 0,
        }
    }
}

/// What an execution waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// To be started.
    Created,
    /// For an instant: in a `Wait`, or before a task's retry.
    Waiting {
        /// The instant.
        until: DateTime<Utc>,
    },
    /// For a task's result.
    Invoking,
    /// For nothing any more.
    Ended,
}

/// What can happen to an execution.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It may begin.
    Started,
    /// The instant of [`Action::WaitUntil`] has come.
    TimerFired,
    /// The task of [`Action::Invoke`] has answered.
    TaskSucceeded(Value),
    /// The task of [`Action::Invoke`] has failed.
    TaskFailed {
        /// The error's name, by which `Retry` and `Catch` know it.
        error: String,
        /// More about it.
        cause: String,
    },
    /// The task of [`Action::Invoke`] took longer than it may.
    TaskTimedOut,
    /// Somebody wants it stopped.
    Aborted {
        /// Their error name.
        error: Option<String>,
        /// Their reason.
        cause: Option<String>,
    },
}

/// What one event led to.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What happened, in order.
    pub history: Vec<HistoryEvent>,
    /// What to do next.
    pub action: Action,
}

/// What an execution wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Give it [`Event::TimerFired`] at this instant (which may be now).
    WaitUntil(DateTime<Utc>),
    /// Call a function and give it the outcome.
    Invoke {
        /// The function's ARN.
        resource: String,
        /// The function's payload.
        input: Value,
        /// After how many seconds to give it [`Event::TaskTimedOut`] instead.
        timeout_seconds: Option<u64>,
    },
    /// Nothing: it has ended.
    Ended,
    /// Nothing: the event did not fit, and whatever was to be done still is.
    Unchanged,
}
