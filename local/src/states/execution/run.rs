//! A visit of the interpreter to an execution, and the values that its parts hand to each other.

use chrono::{DateTime, Utc};

use super::{Action, Execution};
use crate::states::definition::Definition;
use crate::states::history::HistoryEvent;

/// An execution that is moved on by one event.
pub(super) struct Run<'a> {
    pub(super) definition: &'a Definition,
    pub(super) execution: &'a mut Execution,
    pub(super) now: DateTime<Utc>,
    pub(super) history: Vec<HistoryEvent>,
}

/// What follows within the same step.
pub(super) enum Flow {
    /// The state that the position names is entered.
    Enter,
    /// Nothing until the next event.
    Rest(Action),
}

/// An error of a state.
pub(super) struct Failure {
    pub(super) error: String,
    pub(super) cause: String,
}

impl Failure {
    pub(super) fn new(error: &str, cause: String) -> Self {
        Self { error: error.to_owned(), cause }
    }
}
