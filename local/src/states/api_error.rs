//! The errors of the Step Functions API.

use serde_json::{Value, json};

/// An error with AWS's type and message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The name is used by a running execution with another input, or by one that ended recently.
    #[error("Execution Already Exists: '{0}'")]
    ExecutionAlreadyExists(String),
    /// No execution has this ARN.
    #[error("Execution Does Not Exist: '{0}'")]
    ExecutionDoesNotExist(String),
    /// No state machine has this ARN.
    #[error("State Machine Does Not Exist: '{0}'")]
    StateMachineDoesNotExist(String),
    /// The text is not the ARN of an execution or a state machine.
    #[error("Invalid Arn: '{0}'")]
    InvalidArn(String),
    /// The text is not a valid name of an execution.
    #[error("Invalid Name: '{0}'")]
    InvalidName(String),
    /// The text is not a valid input of an execution.
    #[error("Invalid State Machine Execution Input: '{0}'")]
    InvalidExecutionInput(String),
    /// The token does not belong to this query.
    #[error("Invalid Token: 'Invalid token'")]
    InvalidToken,
    /// A parameter is missing or out of bounds.
    #[error("1 validation error detected: {0}")]
    Validation(String),
    /// The body does not have the form that the operation reads.
    #[error("{0}")]
    Serialization(String),
    /// The operation does not exist or is not implemented here.
    #[error("the local engine does not know the operation {0}")]
    UnknownOperation(String),
    /// The engine failed, for example because its store cannot be read.
    #[error("{0}")]
    Internal(String),
}

impl ApiError {
    /// Returns the HTTP status and the body of the error.
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
