//! An execution as data, and the pure function that moves it on.
//!
//! It uses no clock, storage or tasks: the engine passes real events and a simulator passes invented ones.
//! The same events give the same history.

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

/// An execution of the state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The name, unique among the executions of the last 90 days.
    pub name: String,
    /// The ARN that contains the name.
    pub arn: String,
    /// The input, unchanged.
    pub input: String,
    /// The status as AWS reports it.
    pub status: Status,
    /// The time at which it was started.
    pub started: DateTime<Utc>,
    /// The time at which it ended; `None` while it runs.
    pub stopped: Option<DateTime<Utc>>,
    /// The output as JSON, if it succeeded.
    pub output: Option<String>,
    /// The name of the error, if it did not succeed.
    pub error: Option<String>,
    /// The explanation of the error for a person, if it did not succeed.
    pub cause: Option<String>,
    /// The position in the state machine.
    pub position: Position,
}

impl Execution {
    /// Creates an execution that waits for [`Event::Started`].
    ///
    /// # Errors
    /// Returns the reason for which `input` cannot be the input of an execution.
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

    /// Applies one event: changes the execution, and returns what happened and what to do next.
    ///
    /// The function is total: an event that does not fit (a result that arrives after `StopExecution`, a
    /// timer that fires early) changes nothing and returns [`Action::Unchanged`].
    pub fn on(&mut self, definition: &Definition, event: Event, now: DateTime<Utc>) -> Step {
        interpret::on(definition, self, event, now)
    }
}

/// The status of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is still running.
    Running,
    /// It reached a `Succeed` or an `End`.
    Succeeded,
    /// It reached a `Fail` or an error that nothing caught.
    Failed,
    /// A task timed out, and nothing caught the error.
    TimedOut,
    /// It was stopped by `StopExecution`.
    Aborted,
}

impl Status {
    /// All statuses that an execution can have.
    pub const ALL: [Self; 5] = [Self::Running, Self::Succeeded, Self::Failed, Self::TimedOut, Self::Aborted];

    /// Returns AWS's name for the status.
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

    /// Returns the status that AWS calls `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// The position of an execution. It is stored as JSON with each step, so its shape is a persisted format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The phase: what the execution waits for.
    pub phase: Phase,
    /// The name of the current state; empty before the first.
    pub state: String,
    /// The id of the event with which that state was entered.
    pub entered: u64,
    /// The raw input of that state.
    pub input: Value,
    /// The retries that each retrier of that state has used.
    pub retries: Vec<u64>,
    /// The retries in all states so far, from which jitter is derived.
    pub attempts: u64,
    /// The number of events so far, which is also the id of the last event.
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

/// The event that an execution waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Waits for its start.
    Created,
    /// Waits for an instant, in a `Wait` state or before a retry.
    Waiting {
        /// The instant at which the wait ends.
        until: DateTime<Utc>,
    },
    /// Waits for the result of a task.
    Invoking,
    /// Has ended and waits for nothing.
    Ended,
}

/// An event that moves an execution on.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The execution starts.
    Started,
    /// The instant of [`Action::WaitUntil`] has been reached.
    TimerFired,
    /// The task of [`Action::Invoke`] succeeded with this result.
    TaskSucceeded(Value),
    /// The task of [`Action::Invoke`] has failed.
    TaskFailed {
        /// The name of the error, which `Retry` and `Catch` match.
        error: String,
        /// An explanation for a person.
        cause: String,
    },
    /// The task of [`Action::Invoke`] took longer than its limit.
    TaskTimedOut,
    /// `StopExecution` was called.
    Aborted {
        /// The name of the error in that call.
        error: Option<String>,
        /// The cause in that call.
        cause: Option<String>,
    },
}

/// The result of one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The new events of the history, in order.
    pub history: Vec<HistoryEvent>,
    /// The action that the engine takes next.
    pub action: Action,
}

/// The next action of the engine for an execution.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Passes [`Event::TimerFired`] at this instant (which may be now).
    WaitUntil(DateTime<Utc>),
    /// Calls a function and passes the outcome.
    Invoke {
        /// The ARN of the function.
        resource: String,
        /// The payload of the call.
        input: Value,
        /// The seconds after which [`Event::TaskTimedOut`] is passed instead.
        timeout_seconds: Option<u64>,
    },
    /// No action: the execution has ended.
    Ended,
    /// No action: the event did not fit, and the previous action still applies.
    Unchanged,
}
