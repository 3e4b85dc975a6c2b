//! What the console, the tests and the API ask about executions.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::api_error::ApiError;
use super::arn;
use super::engine::Engine;
use super::execution::{Execution, Status};
use super::journal::{self, Record};

/// An execution in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its place in the order of starting; gives the next page when handed to [`Engine::list`].
    pub sequence: i64,
    /// Its name.
    pub name: String,
    /// The state it is or was in last; empty before the first.
    pub state: String,
    /// How it stands.
    pub status: Status,
    /// When it was started.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub stopped: Option<DateTime<Utc>>,
}

impl Engine {
    /// Executions, newest first, at most `limit`, older than the one with sequence `before`.
    ///
    /// # Errors
    /// When the store cannot be read.
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

    /// The latest execution of this name.
    ///
    /// # Errors
    /// When there is none or the store cannot be read.
    pub fn describe(&self, name: &str) -> Result<Execution, ApiError> {
        self.record(name).map(|record| record.execution)
    }

    /// The whole history of the latest execution of this name, as AWS's JSON.
    ///
    /// # Errors
    /// When there is none or the store cannot be read.
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
