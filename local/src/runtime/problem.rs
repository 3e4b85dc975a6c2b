//! RFC 9457 answers of the local servers.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// An error answer. Names what is wrong, never the value that was sent.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: &'static str,
    violations: Vec<Violation>,
}

/// One thing wrong with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer to it.
    pub pointer: &'static str,
    /// Machine-readable.
    pub code: &'static str,
    /// For a person.
    pub detail: &'static str,
}

impl Problem {
    /// A problem without a list.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self { status, code, detail, violations: Vec::new() }
    }

    /// 400 with everything that is wrong.
    #[must_use]
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let detail = "The request is not valid; see errors.";
        Self { status: StatusCode::BAD_REQUEST, code: "invalid_request", detail, violations }
    }

    /// 404.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.")
    }

    /// 500; the cause is in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Something failed here; see the log.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let errors: Vec<Value> = self
            .violations
            .iter()
            .map(|violation| {
                json!({ "pointer": violation.pointer, "code": violation.code, "detail": violation.detail })
            })
            .collect();
        let mut body = json!({
            "type": format!("urn:afterword:{}", self.code),
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if !errors.is_empty() {
            body["errors"] = Value::Array(errors);
        }
        answer(self.status, "application/problem+json", &body)
    }
}

/// An answer to a request whose body has not been read and will not be: its connection ends with it.
pub(crate) fn unread(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// A JSON answer.
pub(crate) fn answer(status: StatusCode, content_type: &'static str, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
