//! Queries of executions, for the console, the tests and the API.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::api_error::ApiError;
use super::arn;
use super::engine::Engine;
use super::execution::{Execution, Status};
use super::journal::{self, Record};

/// An execution as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The number of the execution in the order of starting. [`Engine::list`] takes it to return the next
    /// page.
    pub sequence: i64,
    /// The name of the execution.
    pub name: String,
    /// The current or last state; empty before the first.
    pub state: String,
    /// The status of the execution.
    pub status: Status,
    /// The time at which it was started.
    pub started: DateTime<Utc>,
    /// The time at which it ended; `None` while it runs.
    pub stopped: Option<DateTime<Utc>>,
}

impl Engine {
    /// Returns executions, newest first, at most `limit`, older than the one with sequence `before`.
    ///
    /// # Errors
    /// Fails when the store cannot be read.
    pub fn list(
        &self,
        status: Option<Status>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Summary>, ApiError> {
        let records = journal::list(&self.0.store.lock(), status, before, limit)?;
        let summary = |Record { sequence, execution, .. }: Record| Summary {
            sequence,
            name: execution.name,
            state: execution.position.state,
            status: execution.status,
            started: execution.started,
            stopped: execution.stopped,
        };
        Ok(records.into_iter().map(summary).collect())
    }

    /// Returns the latest execution of this name.
    ///
    /// # Errors
    /// Fails when there is none or the store cannot be read.
    pub fn describe(&self, name: &str) -> Result<Execution, ApiError> {
        self.record(name).map(|record| record.execution)
    }

    /// Returns the whole history of the latest execution of this name, as AWS's JSON.
    ///
    /// # Errors
    /// Fails when there is none or the store cannot be read.
    pub fn history(&self, name: &str) -> Result<Vec<Value>, ApiError> {
        let sequence = self.record(name)?.sequence;
        self.events(sequence, None, false, usize::MAX)
    }

    pub(super) fn record(&self, name: &str) -> Result<Record, ApiError> {
        journal::latest(&self.0.store.lock(), name)?
            .ok_or_else(|| ApiError::ExecutionDoesNotExist(arn::of_execution(name)))
    }

    pub(super) fn events(
        &self,
        sequence: i64,
        after: Option<i64>,
        reverse: bool,
        limit: usize,
    ) -> Result<Vec<Value>, ApiError> {
        let texts = journal::events(&self.0.store.lock(), sequence, after, reverse, limit)?;
        let read =
            |text: String| serde_json::from_str(&text).map_err(|error| ApiError::Internal(error.to_string()));
        texts.into_iter().map(read).collect()
    }
}
