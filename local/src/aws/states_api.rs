//! The Step Functions API, as the AWS endpoint sees it.

use futures_util::future::BoxFuture;
use serde_json::Value;

/// Answers the wire calls `AWSStepFunctions.*`.
pub trait StatesApi: Send + Sync {
    /// The HTTP status and JSON body for a call. Errors carry `__type` and `message`.
    fn handle<'a>(&'a self, operation: &'a str, body: &'a [u8]) -> BoxFuture<'a, (u16, Value)>;
}
