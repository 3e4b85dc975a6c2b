//! The simulated Twilio: accepts texts over its REST API, delivers them to the outbox, and calls webhooks.

mod create;
mod error;
mod list;
mod message;
pub mod opt_outs;
pub mod signature;
pub mod webhooks;

use std::sync::Arc;

use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use messaging::values::clock::Clock;
use serde_json::Value;
use uuid::Uuid;

use crate::providers::outbox::Outbox;
use crate::runtime::clock::LocalClock;
use crate::runtime::faults::{Effect, Faults};
use crate::runtime::problem;
use crate::store::keys::Keys;
pub(crate) use create::is_e164;
use error::TwilioError;
use opt_outs::OptOuts;

/// The path below which the REST API is served.
pub(crate) const ROOT: &str = "/2010-04-01/";

/// The simulated provider, with one account.
pub struct Twilio {
    keys: Keys,
    clock: Arc<LocalClock>,
    outbox: Outbox,
    opt_outs: OptOuts,
    faults: Arc<Faults>,
}

/// The calls of the REST API that are implemented.
enum Call<'a> {
    Create,
    List,
    Fetch(&'a str),
}

impl Twilio {
    /// Creates the account of these keys.
    #[must_use]
    pub fn new(
        keys: Keys,
        clock: Arc<LocalClock>,
        outbox: Outbox,
        opt_outs: OptOuts,
        faults: Arc<Faults>,
    ) -> Self {
        Self { keys, clock, outbox, opt_outs, faults }
    }

    /// Answers a call of the REST API.
    pub(crate) fn answer(&self, parts: &Parts, body: &[u8]) -> Response {
        if !self.is_authentic(&parts.headers) {
            return TwilioError::AUTHENTICATE.into();
        }
        let Some(call) = self.call(&parts.method, parts.uri.path()) else {
            return TwilioError::NOT_FOUND.into();
        };
        let effect = self.faults.take(call.name());
        match effect {
            Some(Effect::FailBefore) => return TwilioError::UNAVAILABLE.into(),
            Some(Effect::Throttle) => return TwilioError::TOO_MANY_REQUESTS.into(),
            Some(Effect::Conflict) => return TwilioError::CONFLICT.into(),
            Some(Effect::TimeoutAfterAccept | Effect::Crash) | None => {}
        }
        // No receipt follows a time-out, so that the outcome must be established in another way.
        let receipt = effect != Some(Effect::TimeoutAfterAccept);
        let answer = match call {
            Call::Create => self.create(body, receipt),
            Call::List => self.list(parts.uri.query().unwrap_or_default()),
            Call::Fetch(sid) => self.fetch(sid),
        };
        effect.and_then(Effect::lost_answer).unwrap_or_else(|| match answer {
            Ok((status, body)) => problem::answer(status, "application/json", &body),
            Err(error) => error.into(),
        })
    }

    fn call<'a>(&self, method: &Method, path: &'a str) -> Option<Call<'a>> {
        let (account, rest) = path.strip_prefix(ROOT)?.strip_prefix("Accounts/")?.split_once('/')?;
        if account != self.keys.twilio_account_sid {
            return None;
        }
        match (method.as_str(), rest) {
            ("POST", "Messages.json") => Some(Call::Create),
            ("GET", "Messages.json") => Some(Call::List),
            ("GET", rest) => rest.strip_prefix("Messages/")?.strip_suffix(".json").map(Call::Fetch),
            _ => None,
        }
    }

    fn is_authentic(&self, headers: &HeaderMap) -> bool {
        let credentials = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
            .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        credentials.as_deref().and_then(|credentials| credentials.split_once(':')).is_some_and(
            |(sid, token)| {
                sid == self.keys.twilio_account_sid
                    && self.keys.twilio_auth_token.iter().any(|ours| ours == token)
            },
        )
    }

    fn create(&self, form: &[u8], receipt: bool) -> Result<(StatusCode, Value), TwilioError> {
        let draft = create::Draft::parse(form, &self.keys.twilio_from)?;
        let text = draft.accepted(format!("SM{}", Uuid::new_v4().simple()), self.clock.now());
        let (from, to) = text.addresses();
        if self.opt_outs.contains(&from, &to)? {
            return Err(TwilioError::OPTED_OUT);
        }
        self.outbox.append(&text, receipt)?;
        Ok((StatusCode::CREATED, message::to_json(&text, "queued", &self.keys.twilio_account_sid)))
    }

    fn fetch(&self, sid: &str) -> Result<(StatusCode, Value), TwilioError> {
        let text = self.outbox.find(sid)?.ok_or(TwilioError::NOT_FOUND)?;
        let status = self.outbox.status(sid)?;
        Ok((StatusCode::OK, message::to_json(&text, &status, &self.keys.twilio_account_sid)))
    }

    fn list(&self, query: &str) -> Result<(StatusCode, Value), TwilioError> {
        let page = list::Page::parse(query);
        Ok((StatusCode::OK, page.of(&self.outbox, &self.keys.twilio_account_sid)?))
    }
}

impl Call<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Create => "twilio:CreateMessage",
            Self::List => "twilio:ListMessages",
            Self::Fetch(_) => "twilio:FetchMessage",
        }
    }
}
