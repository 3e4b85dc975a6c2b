//! Errors as RFC 9457 `application/problem+json`.

use serde::Serialize;
use telemetry::Decision;

use crate::violations::Violation;

/// Why a request was refused. Its prose is fixed: nothing that the caller sent is echoed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// No such route, or no such conversation of this caller.
    NotFound,
    /// Missing or wrong key or signature.
    Unauthorized,
    /// The body is larger than the route takes.
    PayloadTooLarge {
        /// The most that it takes, in bytes.
        limit: usize,
    },
    /// The body is not declared as what the route reads.
    UnsupportedMediaType {
        /// The media type that the route reads.
        expected: &'static str,
    },
    /// The body breaks the contract, in these places.
    Invalid(Vec<Violation>),
    /// Another event was accepted under the same id.
    IdempotencyKeyReused,
    /// The caller asks too often.
    TooManyRequests {
        /// Seconds after which it may ask again.
        retry_after: u32,
    },
    /// No text reaches this phone: its owner wants none, or the provider refuses the number.
    Undeliverable,
    /// Something that we need does not answer; nothing is lost, the caller repeats.
    DependencyUnavailable,
}

/// Seconds after which a caller may repeat a request that we could not serve.
pub const RETRY_AFTER_SECONDS: u32 = 5;

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "<[Violation]>::is_empty")]
    errors: &'a [Violation],
}

impl Problem {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::Unauthorized => 401,
            Self::NotFound => 404,
            Self::PayloadTooLarge { .. } => 413,
            Self::UnsupportedMediaType { .. } => 415,
            Self::IdempotencyKeyReused | Self::Undeliverable => 422,
            Self::TooManyRequests { .. } => 429,
            Self::DependencyUnavailable => 503,
        }
    }

    /// Seconds after which the request may be repeated, where that helps.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::DependencyUnavailable => Some(RETRY_AFTER_SECONDS),
            Self::TooManyRequests { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    /// The code: the last part of the document's `type`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_request",
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not_found",
            Self::PayloadTooLarge { .. } => "payload_too_large",
            Self::UnsupportedMediaType { .. } => "unsupported_media_type",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::Undeliverable => "undeliverable",
            Self::DependencyUnavailable => "dependency_unavailable",
        }
    }

    /// Returns the decision that the log line of the rejected call carries.
    #[must_use]
    pub const fn decision(&self) -> Decision<'static> {
        match self {
            Self::Unauthorized => Decision::Unauthorized,
            _ => Decision::Rejected(self.code()),
        }
    }

    /// The document that the caller reads.
    #[must_use]
    pub fn to_json(&self) -> String {
        let document = Document {
            r#type: format!("urn:afterword:{}", self.code()),
            title: self.title(),
            status: self.status(),
            detail: self.detail(),
            errors: if let Self::Invalid(violations) = self { violations } else { &[] },
        };
        serde_json::to_string(&document).unwrap_or_default()
    }

    const fn title(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "The request breaks the contract",
            Self::Unauthorized => "The request is not authenticated",
            Self::NotFound => "There is nothing here",
            Self::PayloadTooLarge { .. } => "The body is too large",
            Self::UnsupportedMediaType { .. } => "The body has the wrong content type",
            Self::IdempotencyKeyReused => "The idempotency key was used for another event",
            Self::TooManyRequests { .. } => "Too many requests",
            Self::Undeliverable => "No text reaches this phone",
            Self::DependencyUnavailable => "A service that is needed does not answer",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Invalid(violations) => match violations.len() {
                1 => "1 violation; see errors.".to_owned(),
                count => format!("{count} violations; see errors."),
            },
            Self::Unauthorized => "Send a valid key or signature of this source.".to_owned(),
            Self::NotFound => "No such route, or no such conversation of this source.".to_owned(),
            Self::PayloadTooLarge { limit } => format!("The body may have at most {limit} bytes."),
            Self::UnsupportedMediaType { expected } => format!("Send the body with content-type: {expected}."),
            Self::IdempotencyKeyReused => {
                "An event with this id and other content was accepted before; nothing was changed. Use a new id for a new event.".to_owned()
            }
            Self::TooManyRequests { .. } => {
                "Nothing was sent. Repeat the request after the time in Retry-After.".to_owned()
            }
            Self::Undeliverable => {
                "Nothing was sent: the phone's owner has opted out (START, sent from it, lifts that), or the provider refuses the number.".to_owned()
            }
            Self::DependencyUnavailable => {
                "Nothing is lost: repeat the same request with the same id after the time in Retry-After.".to_owned()
            }
        }
    }
}
