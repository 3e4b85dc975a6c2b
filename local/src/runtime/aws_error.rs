//! The errors of AWS's JSON protocols.

use serde_json::Value;

/// An error of an AWS service: its type, a message, and further members of the body.
#[derive(Debug, Clone)]
pub(crate) struct AwsError {
    pub(crate) error_type: &'static str,
    pub(crate) message: &'static str,
    pub(crate) more: Option<Value>,
}

impl AwsError {
    pub(crate) fn new(error_type: &'static str, message: &'static str) -> Self {
        Self { error_type, message, more: None }
    }

    /// Adds the members of an object to the body.
    pub(crate) fn with(self, more: Value) -> Self {
        Self { more: Some(more), ..self }
    }
}

impl From<rusqlite::Error> for AwsError {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "The AWS endpoint could not use its store");
        Self::new(INTERNAL, "The store cannot be reached.")
    }
}

pub(crate) const INTERNAL: &str = "InternalServerError";
