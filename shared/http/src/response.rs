//! Responses: JSON or a problem document, always with the request's id.

use aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use aws_lambda_events::encodings::Body;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use crate::problem::Problem;

/// A response before it gets its request id.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    status: u16,
    content_type: &'static str,
    body: Option<String>,
    retry_after: Option<u32>,
}

impl Response {
    /// JSON with a status.
    #[must_use]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { status, content_type: "application/json", body: Some(body), retry_after: None }
    }

    /// Text of another type (TwiML, say).
    #[must_use]
    pub fn text(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        Self { status, content_type, body: Some(body.into()), retry_after: None }
    }

    /// A status alone.
    #[must_use]
    pub const fn empty(status: u16) -> Self {
        Self { status, content_type: "", body: None, retry_after: None }
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// As API Gateway takes it.
    #[must_use]
    pub fn into_event(self, request_id: &str) -> ApiGatewayV2httpResponse {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        if self.body.is_some() {
            headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        let mut response = ApiGatewayV2httpResponse::default();
        response.status_code = i64::from(self.status);
        response.headers = headers;
        response.body = self.body.map(Body::Text);
        response
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        Self {
            status: problem.status(),
            content_type: "application/problem+json",
            body: Some(problem.to_json()),
            retry_after: problem.retry_after(),
        }
    }
}
