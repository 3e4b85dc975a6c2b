//! The Step Functions API behind the AWS endpoint.

use futures_util::future::BoxFuture;
use serde_json::Value;

/// Answers the calls of `AWSStepFunctions.*`.
pub trait StatesApi: Send + Sync {
    /// Returns the HTTP status and JSON body for a call. Errors carry `__type` and `message`.
    fn handle<'a>(&'a self, operation: &'a str, body: &'a [u8]) -> BoxFuture<'a, (u16, Value)>;
}
