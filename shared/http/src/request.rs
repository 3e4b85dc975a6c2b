//! A call as API Gateway hands it over (HTTP API, payload 2.0).

use std::collections::HashMap;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine as _;
use http::HeaderMap;

use crate::json::Json;
use crate::problem::Problem;
use crate::violations::Violations;

/// The most that a body of the contract has, unless the route says otherwise.
pub const BODY_LIMIT: usize = 64 * 1024;

/// A call, decoded. `Debug` is not implemented: bodies and headers are personal and secret.
pub struct Request {
    /// API Gateway's id of the call: on every log line and in `x-request-id`.
    pub id: String,
    /// The route that matched, as the template spells it: `POST /sms`.
    pub route: String,
    /// The host that API Gateway was called under: its own name or a custom domain of ours.
    pub domain: String,
    /// The path as called.
    pub path: String,
    /// The query as called, not decoded: signatures are over these bytes.
    pub raw_query: String,
    /// Headers with lower-case names.
    pub headers: HeaderMap,
    path_parameters: HashMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    /// Decodes an event. A body that is declared as base64 and is not stays as it came: it fails the
    /// signature or the JSON parser like any other wrong body.
    #[must_use]
    pub fn from_event(event: ApiGatewayV2httpRequest) -> Self {
        let body = event.body.unwrap_or_default();
        let body = if event.is_base64_encoded {
            base64::engine::general_purpose::STANDARD.decode(&body).unwrap_or_else(|_| body.into_bytes())
        } else {
            body.into_bytes()
        };
        Self {
            id: event.request_context.request_id.unwrap_or_default(),
            route: event.route_key.unwrap_or_default(),
            domain: event.request_context.domain_name.unwrap_or_default(),
            path: event.raw_path.unwrap_or_default(),
            raw_query: event.raw_query_string.unwrap_or_default(),
            headers: event.headers,
            path_parameters: event.path_parameters,
            body,
        }
    }

    /// A header as text; `None` where it is missing or no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A variable of the route's path.
    #[must_use]
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters.get(name).map(String::as_str)
    }

    /// The raw bytes of the body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON: checks size, then content type, then form.
    ///
    /// # Errors
    /// 413, 415 or 400, in that order.
    pub fn json(&self, limit: usize, violations: &mut Violations) -> Result<Option<Json>, Problem> {
        if self.body.len() > limit {
            return Err(Problem::PayloadTooLarge { limit });
        }
        if !is_json(self.header("content-type").unwrap_or_default()) {
            return Err(Problem::UnsupportedMediaType { expected: "application/json" });
        }
        Ok(Json::parse(&self.body, violations))
    }
}

/// `application/json`, in UTF-8 where a charset is named.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    let is_utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    is_json && parts.all(is_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_declared_in_many_spellings() {
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/json; v=1",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/jsonx",
            "application/json; charset=latin1",
            "application/problem+json",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
