//! The authenticity of requests: one module for each scheme, to verify and to sign.
//!
//! All of them work on the bytes as received, before any parsing, take several keys (newest
//! first, so that a key can be rotated without downtime) and compare in constant time.

mod mac;
pub mod plain_hmac;
mod scheme;
pub mod timestamped;
pub mod twilio;

pub use scheme::Scheme;

/// The reason why a request is not authentic. It is for the log and contains nothing of the request or the keys.
/// The caller is answered 401 for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No signature header.
    #[error("the signature is missing")]
    Missing,
    /// A header that the scheme cannot have written.
    #[error("the signature is malformed")]
    Malformed,
    /// Authentic, but made too long ago or too far ahead: a replay, or a clock that is off.
    #[error("the signature is stale")]
    Stale,
    /// No key of ours made this signature over these bytes.
    #[error("the signature does not match")]
    Mismatch,
}

impl SignatureError {
    /// The stable word for log fields and metrics.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Stale => "stale",
            Self::Mismatch => "mismatch",
        }
    }
}
