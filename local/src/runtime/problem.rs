//! The RFC 9457 error responses of the local servers.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// An error response. It describes the error and never repeats the value that was sent.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: &'static str,
    violations: Vec<Violation>,
}

/// One violation in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation {
    /// The JSON pointer to the invalid value.
    pub pointer: &'static str,
    /// The code of the violation, for programs.
    pub code: &'static str,
    /// The explanation of the violation, for a person.
    pub detail: &'static str,
}

impl Problem {
    /// Creates an error response without violations.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self { status, code, detail, violations: Vec::new() }
    }

    /// Creates a 400 response with all violations.
    #[must_use]
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let detail = "The request is not valid. See errors.";
        Self { status: StatusCode::BAD_REQUEST, code: "invalid_request", detail, violations }
    }

    /// Creates a 404 response.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "The path does not exist.")
    }

    /// Creates a 500 response; the cause is in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "An internal error occurred. See the log.",
        )
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

/// Closes the connection after a response to a request whose body was not read.
pub(crate) fn unread(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// Creates a response with a JSON body.
pub(crate) fn answer(status: StatusCode, content_type: &'static str, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
