//! The context in which the interpreter handles one event, and the values that its parts pass to each other.

use chrono::{DateTime, Utc};

use super::{Action, Execution};
use crate::states::definition::Definition;
use crate::states::history::HistoryEvent;

/// An execution that is being moved on by one event.
pub(super) struct Run<'a> {
    pub(super) definition: &'a Definition,
    pub(super) execution: &'a mut Execution,
    pub(super) now: DateTime<Utc>,
    pub(super) history: Vec<HistoryEvent>,
}

/// The continuation within the same step.
pub(super) enum Flow {
    /// Enters the state that the position names.
    Enter,
    /// Returns this action and waits for the next event.
    Rest(Action),
}

/// An error of a state, by AWS's name for it.
pub(super) struct Failure {
    pub(super) error: String,
    pub(super) cause: String,
}

impl Failure {
    pub(super) fn new(error: &str, cause: String) -> Self {
        Self { error: error.to_owned(), cause }
    }
}
