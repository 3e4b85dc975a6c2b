//! Twilio's calls to the functions: signed forms, sent through the routes of the gateway.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::body::Body;
use http::{Request, StatusCode, header};

use super::signature::sign;
use crate::gateway::Gateway;
use crate::store::keys::Keys;

/// Sends the webhooks of the simulated Twilio to the functions.
pub struct Webhooks {
    gateway: Arc<Gateway>,
    keys: Keys,
}

impl Webhooks {
    /// Creates webhooks that go through this gateway, signed with the account's newest token.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>, keys: Keys) -> Self {
        Self { gateway, keys }
    }

    /// Posts a form to `path` (with its query) under the public URL, and returns the status of the response.
    pub async fn post(&self, path: &str, parameters: &[(String, String)]) -> StatusCode {
        let url = format!("{}{path}", self.keys.public_url);
        let token = self.keys.twilio_auth_token.first().map(String::as_str).unwrap_or_default();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let authority = self.keys.public_url.split_once("://").map_or("", |(_, rest)| rest);
        let request = Request::post(path)
            .header(header::HOST, authority.split('/').next().unwrap_or_default())
            .header(header::USER_AGENT, "TwilioProxy/1.1")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
            .header("x-twilio-signature", sign(token, &url, parameters))
            .header("i-twilio-idempotency-token", uuid::Uuid::new_v4().to_string())
            .body(Body::from(body));
        match request {
            Ok(request) => self.gateway.answer(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await.status(),
            Err(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// Returns path and query of a callback URL, if it leads to this gateway.
    pub(crate) fn path_of<'a>(&self, url: &'a str) -> Option<&'a str> {
        let path = url.strip_prefix(self.keys.public_url.as_str())?.split('#').next()?;
        path.starts_with('/').then_some(path)
    }
}
