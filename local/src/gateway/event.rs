//! The event for a request, in payload format 2.0.

use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use http::{HeaderMap, header, request::Parts};
use serde_json::{Map, Value, json};

use crate::gateway::template::Match;

/// A request that has been read completely.
pub(super) struct Arrival<'a> {
    pub(super) parts: &'a Parts,
    pub(super) body: &'a [u8],
    pub(super) source_ip: IpAddr,
    pub(super) port: u16,
    pub(super) request_id: &'a str,
    pub(super) at: DateTime<Utc>,
}

impl Arrival<'_> {
    /// Returns the event. Keys without a value are absent.
    pub(super) fn event(&self, found: &Match<'_>) -> Value {
        let query = self.parts.uri.query().unwrap_or_default();
        let base64 = !self.body.is_empty() && is_binary(&self.parts.headers, self.body);
        let mut event = json!({
            "version": "2.0",
            "routeKey": found.route.key(),
            "rawPath": self.parts.uri.path(),
            "rawQueryString": query,
            "headers": self.headers(),
            "requestContext": self.context(&found.route.key()),
            "isBase64Encoded": base64,
        });
        let cookies = cookies(&self.parts.headers);
        if !cookies.is_empty() {
            event["cookies"] = cookies.into();
        }
        if !query.is_empty() {
            event["queryStringParameters"] = joined(form_urlencoded::parse(query.as_bytes())).into();
        }
        if !found.parameters.is_empty() {
            event["pathParameters"] = json!(found.parameters);
        }
        if base64 {
            event["body"] = BASE64_STANDARD.encode(self.body).into();
        } else if !self.body.is_empty() {
            event["body"] = String::from_utf8_lossy(self.body).into();
        }
        event
    }

    fn headers(&self) -> Map<String, Value> {
        let theirs = self.parts.headers.iter().filter(|(name, _)| !DROPPED.contains(&name.as_str()));
        let mut headers =
            joined(theirs.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))));
        if !self.body.is_empty() {
            headers.insert("content-length".to_owned(), self.body.len().to_string().into());
        }
        let came_for = headers.get("x-forwarded-for").and_then(Value::as_str);
        let forwarded =
            came_for.map_or(String::new(), |list| format!("{list}, ")) + &self.source_ip.to_string();
        headers.insert("x-forwarded-for".to_owned(), forwarded.into());
        headers.insert("x-forwarded-port".to_owned(), self.port.to_string().into());
        headers.insert("x-forwarded-proto".to_owned(), "http".into());
        headers.insert("x-amzn-trace-id".to_owned(), self.trace_id().into());
        headers
    }

    fn context(&self, route_key: &str) -> Value {
        let host = self.header(header::HOST);
        let domain =
            host.parse::<http::uri::Authority>().map(|host| host.host().to_owned()).unwrap_or_default();
        json!({
            "accountId": "000000000000",
            "apiId": "afterword",
            "domainName": domain,
            "domainPrefix": domain.split('.').next(),
            "http": {
                "method": self.parts.method.as_str(),
                "path": self.parts.uri.path(),
                "protocol": format!("{:?}", self.parts.version),
                "sourceIp": self.source_ip.to_string(),
                "userAgent": self.header(header::USER_AGENT),
            },
            "requestId": self.request_id,
            "routeKey": route_key,
            "stage": "$default",
            "time": self.at.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": self.at.timestamp_millis(),
        })
    }

    fn header(&self, name: header::HeaderName) -> String {
        let value = self.parts.headers.get(name);
        value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    fn trace_id(&self) -> String {
        let unique: String = self.request_id.chars().filter(char::is_ascii_hexdigit).take(24).collect();
        format!("Root=1-{:08x}-{unique}", self.at.timestamp())
    }
}

/// Headers that are valid between the caller and the gateway only, or that have a key of their own.
const DROPPED: [&str; 8] = [
    "connection",
    "cookie",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Returns whether a body is passed as text, by the rule of the service (verified on AWS, see
/// ministackorg/ministack PR 766): only these content types are text, so forms and bodies without a type are
/// base64. Bytes that are not UTF-8 are never text.
fn is_binary(headers: &HeaderMap, body: &[u8]) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let text = essence.starts_with("text/")
        || matches!(essence.as_str(), "application/json" | "application/xml" | "application/javascript");
    !text || std::str::from_utf8(body).is_err()
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    sent.flat_map(|line| line.split(';'))
        .map(|cookie| cookie.trim().to_owned())
        .filter(|c| !c.is_empty())
        .collect()
}

/// Joins the values of the same name with commas.
fn joined<K: AsRef<str>, V: AsRef<str>>(pairs: impl Iterator<Item = (K, V)>) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in pairs {
        match map.get_mut(name.as_ref()) {
            Some(Value::String(so_far)) => {
                so_far.push(',');
                so_far.push_str(value.as_ref());
            }
            _ => {
                map.insert(name.as_ref().to_owned(), value.as_ref().into());
            }
        }
    }
    map
}
