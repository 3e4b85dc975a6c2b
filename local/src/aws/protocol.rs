//! AWS's JSON protocols: each call is a POST with the operation in a header, and errors are named by
//! `__type`.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::runtime::aws_error::{AwsError, INTERNAL};
use crate::runtime::problem;

/// The services behind the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    DynamoDb,
    States,
    Secrets,
    Ssm,
    SmsVoice,
    Logs,
}

impl Service {
    pub(super) fn of_target(prefix: &str) -> Option<Self> {
        match prefix {
            "DynamoDB_20120810" | "DynamoDBStreams_20120810" => Some(Self::DynamoDb),
            "AWSStepFunctions" => Some(Self::States),
            "secretsmanager" => Some(Self::Secrets),
            "AmazonSSM" => Some(Self::Ssm),
            "PinpointSMSVoiceV2" => Some(Self::SmsVoice),
            "Logs_20140328" => Some(Self::Logs),
            _ => None,
        }
    }

    /// Returns the name that faults use in `service:Operation`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::States => "states",
            Self::Secrets => "secretsmanager",
            Self::Ssm => "ssm",
            Self::SmsVoice => "sms-voice",
            Self::Logs => "logs",
        }
    }

    pub(super) fn answer(self, answer: Result<Value, AwsError>) -> Response {
        match answer {
            Ok(value) => self.reply(StatusCode::OK, &value),
            Err(failure) if failure.error_type == INTERNAL => {
                self.error(StatusCode::INTERNAL_SERVER_ERROR, &failure)
            }
            Err(failure) => self.error(StatusCode::BAD_REQUEST, &failure),
        }
    }

    pub(super) fn reply(self, status: StatusCode, value: &Value) -> Response {
        problem::answer(status, self.content_type(), value)
    }

    pub(super) fn error(self, status: StatusCode, failure: &AwsError) -> Response {
        let prefix = if self == Self::DynamoDb { "com.amazonaws.dynamodb.v20120810#" } else { "" };
        let mut body =
            json!({ "__type": format!("{prefix}{}", failure.error_type), "message": failure.message });
        for (name, value) in failure.more.iter().filter_map(Value::as_object).flatten() {
            body[name] = value.clone();
        }
        self.reply(status, &body)
    }

    /// Returns the error with which each service reports that it is down.
    pub(super) fn down(self) -> AwsError {
        let error_type = match self {
            Self::DynamoDb | Self::Ssm => INTERNAL,
            Self::States => "InternalFailure",
            Self::Secrets => "InternalServiceError",
            Self::SmsVoice | Self::Logs => "ServiceUnavailableException",
        };
        AwsError::new(error_type, "The service is down (a fault was set).")
    }

    /// Returns the status of that error. Services that send texts answer 503: no text was accepted.
    pub(super) fn down_status(self) -> StatusCode {
        match self {
            Self::SmsVoice | Self::Logs => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Responds as if another call was changing the same item.
    pub(super) fn conflict(self, operation: &str, body: &[u8]) -> Response {
        let failure = match (self, operation) {
            (Self::DynamoDb, "TransactWriteItems" | "TransactGetItems") => canceled(body),
            (Self::DynamoDb, _) => {
                AwsError::new("TransactionConflictException", "Transaction is ongoing for the item")
            }
            _ => AwsError::new(
                "ConflictException",
                "Another call was changing the same item (a fault was set).",
            ),
        };
        self.error(StatusCode::BAD_REQUEST, &failure)
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::DynamoDb | Self::States | Self::SmsVoice => "application/x-amz-json-1.0",
            Self::Secrets | Self::Ssm | Self::Logs => "application/x-amz-json-1.1",
        }
    }
}

/// Returns a cancelled transaction, with a reason for each of its items in order.
fn canceled(body: &[u8]) -> AwsError {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let items = request.get("TransactItems").and_then(Value::as_array).map_or(1, Vec::len);
    let reason = json!({ "Code": "TransactionConflict", "Message": "Transaction is ongoing for the item" });
    AwsError::new(
        "TransactionCanceledException",
        "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]",
    )
    .with(json!({ "CancellationReasons": vec![reason; items] }))
}

pub(super) fn unknown_operation() -> Response {
    Service::Ssm.error(
        StatusCode::BAD_REQUEST,
        &AwsError::new("UnknownOperationException", "The operation does not exist on this machine."),
    )
}

pub(super) fn too_large() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
    response
}
