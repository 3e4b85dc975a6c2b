//! The error of every port.

use thiserror::Error;

/// A dependency of ours could not be reached, or did not say what it did. The message names the
/// operation and the kind of failure, never data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation}: {reason}")]
pub struct Unavailable {
    /// Which operation: `dynamodb:TransactWriteItems`.
    pub operation: &'static str,
    /// What happened, in a word: `timeout`, `throttled`, `conflict`, an error code.
    pub reason: String,
}
