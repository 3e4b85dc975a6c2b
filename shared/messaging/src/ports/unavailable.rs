//! The error of every port.

use thiserror::Error;

/// A dependency of ours could not be reached, or did not report what it did. The message names the
/// operation and the kind of failure, never data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation}: {reason}")]
pub struct Unavailable {
    /// The operation: `dynamodb:TransactWriteItems`.
    pub operation: &'static str,
    /// The kind of failure, in a word: `timeout`, `throttled`, `conflict`, an error code.
    pub reason: String,
}
