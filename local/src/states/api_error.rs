//! The errors of the Step Functions API.

use serde_json::{Value, json};

/// An error in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The name is taken: by a running execution with another input, or by one that ended recently.
    #[error("Execution Already Exists: '{0}'")]
    ExecutionAlreadyExists(String),
    /// There is no such execution.
    #[error("Execution Does Not Exist: '{0}'")]
    ExecutionDoesNotExist(String),
    /// There is no such state machine.
    #[error("State Machine Does Not Exist: '{0}'")]
    StateMachineDoesNotExist(String),
    /// Not the ARN of an execution or a state machine.
    #[error("Invalid Arn: '{0}'")]
    InvalidArn(String),
    /// Not an execution's name.
    #[error("Invalid Name: '{0}'")]
    InvalidName(String),
    /// Not an execution's input.
    #[error("Invalid State Machine Execution Input: '{0}'")]
    InvalidExecutionInput(String),
    /// Not a token of this query.
    #[error("Invalid Token: 'Invalid token'")]
    InvalidToken,
    /// A parameter is missing or out of bounds.
    #[error("1 validation error detected: {0}")]
    Validation(String),
    /// The body is not what the operation takes.
    #[error("{0}")]
    Serialization(String),
    /// There is no such operation, or not here.
    #[error("the local engine does not know the operation {0}")]
    UnknownOperation(String),
    /// The engine itself failed.
    #[error("{0}")]
    Internal(String),
}

impl ApiError {
    /// HTTP status and body.
    #[must_use]
    pub fn answer(&self) -> (u16, Value) {
        let (status, kind) = match self {
            Self::ExecutionAlreadyExists(_) => {
                (400, "com.amazonaws.swf.service.v2.model#ExecutionAlreadyExists")
            }
            Self::ExecutionDoesNotExist(_) => {
                (400, "com.amazonaws.swf.service.v2.model#ExecutionDoesNotExist")
            }
            Self::StateMachineDoesNotExist(_) => {
                (400, "com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist")
            }
            Self::InvalidArn(_) => (400, "com.amazonaws.swf.service.v2.model#InvalidArn"),
            Self::InvalidName(_) => (400, "com.amazonaws.swf.service.v2.model#InvalidName"),
            Self::InvalidExecutionInput(_) => {
                (400, "com.amazonaws.swf.service.v2.model#InvalidExecutionInput")
            }
            Self::InvalidToken => (400, "com.amazonaws.swf.service.v2.model#InvalidToken"),
            Self::Validation(_) => (400, "com.amazon.coral.validate#ValidationException"),
            Self::Serialization(_) => (400, "com.amazon.coral.service#SerializationException"),
            Self::UnknownOperation(_) => (400, "com.amazon.coral.service#UnknownOperationException"),
            Self::Internal(_) => (500, "com.amazon.coral.service#InternalFailure"),
        };
        (status, json!({"__type": kind, "message": self.to_string()}))
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Internal(format!("the store of executions failed: {error}"))
    }
}
