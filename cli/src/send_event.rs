//! `afterword send-event FILE`: posts a payload as its source would, key or signature included.

mod shift;
mod topic;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use http_edge::signature::{plain_hmac, timestamped};
use local::keys::Keys;
use messaging::ids::{ConversationId, SourceName};
use messaging::secret::SecretText;
use serde_json::Value;

use crate::http_call::call;
use crate::place::{Place, block_on, now};
use crate::print;

/// Flags of `send-event`.
#[derive(Args)]
pub(crate) struct SendEventArguments {
    /// A payload, for example from test-payloads/.
    file: PathBuf,
    /// Send a booking's times as they stand in the file, not shifted to now.
    #[arg(long)]
    as_is: bool,
    #[command(flatten)]
    place: Place,
}

/// Who sends such a payload.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    Sms,
    Trigger,
    Messages,
    Bulk,
    Consent,
    Otp,
    Calendly,
    Calcom,
}

pub(crate) fn run(arguments: &SendEventArguments) -> Result<ExitCode, String> {
    let body = std::fs::read(&arguments.file)
        .map_err(|error| format!("cannot read {}: {error}", arguments.file.display()))?;
    let mut payload: Value = serde_json::from_slice(&body).map_err(|error| format!("not JSON: {error}"))?;
    if let Some(published) = topic::Published::read(&payload) {
        return block_on(published.send(&arguments.place));
    }
    let sender = Sender::of(&payload).ok_or("cannot tell from its fields which source sends this payload")?;
    let keys = arguments.place.keys()?;
    block_on(async {
        let now = now(&arguments.place).await?;
        let body = if sender.is_booking() && !arguments.as_is {
            shift::to_now(&mut payload, now);
            payload.to_string().into_bytes()
        } else {
            body
        };
        let header = sender.credential(&keys, &body, now.timestamp())?;
        let url = format!("http://127.0.0.1:{}{}", arguments.place.port, sender.route());
        let headers = [("content-type", "application/json"), (header.0, header.1.as_str())];
        let (status, answer) = call("POST", &url, &headers, body).await?;
        print::line(format!("POST {} -> {status}", sender.route()));
        print::line(&answer);
        let is_stored = (200..300).contains(&status)
            && !["quarantined", "ignored"].iter().any(|word| answer.contains(&format!("\"{word}\"")));
        if let Some(id) = sender.conversation(&payload).filter(|_| is_stored) {
            print::line(format!("\nits story: afterword show {id}"));
        }
        Ok(if (200..300).contains(&status) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

impl Sender {
    /// By the fields that only this source has.
    fn of(payload: &Value) -> Option<Self> {
        let has = |name: &str| payload.get(name).is_some();
        if has("triggerEvent") {
            Some(Self::Calcom)
        } else if has("event") && has("payload") {
            Some(Self::Calendly)
        } else if has("event_id") && has("user") {
            Some(Self::Sms)
        } else if has("parent_tel") {
            Some(Self::Trigger)
        } else if has("phone") && has("scope") {
            Some(Self::Consent)
        } else if has("phone") && has("purpose") {
            Some(Self::Otp)
        } else if has("messages") {
            Some(Self::Bulk)
        } else if has("event_id") && has("journey") {
            Some(Self::Messages)
        } else {
            None
        }
    }

    fn is_booking(self) -> bool {
        matches!(self, Self::Calendly | Self::Calcom)
    }

    const fn route(self) -> &'static str {
        match self {
            Self::Sms => "/sms",
            Self::Trigger => "/trigger",
            Self::Messages => "/messages",
            Self::Bulk => "/messages/bulk",
            Self::Consent => "/consent",
            Self::Otp => "/otp",
            Self::Calendly => "/webhooks/calendly",
            Self::Calcom => "/webhooks/calcom",
        }
    }

    /// The header by which this source is known.
    fn credential(self, keys: &Keys, body: &[u8], at: i64) -> Result<(&'static str, String), String> {
        let key = |source: &str| {
            let key = keys.signing_key(source).and_then(|key| SecretText::new(key).ok());
            let variable = format!("AFTERWORD_{}_SIGNING_KEY", source.to_ascii_uppercase());
            key.ok_or_else(|| format!("set {variable}, here and where `serve` runs"))
        };
        Ok(match self {
            Self::Calendly => (timestamped::CALENDLY_HEADER, timestamped::sign(body, &key("calendly")?, at)),
            Self::Calcom => (plain_hmac::CALCOM_HEADER, plain_hmac::sign(body, &key("calcom")?)),
            _ => ("x-api-key", keys.api_key.first().cloned().unwrap_or_default()),
        })
    }

    /// The conversation that the payload opens or ends.
    fn conversation(self, payload: &Value) -> Option<ConversationId> {
        let (source, pointer) = match self {
            Self::Sms => ("sms", "/event_id"),
            // Known by the digest of its body, or many: the answer tells.
            Self::Trigger | Self::Bulk | Self::Consent | Self::Otp => return None,
            Self::Messages => ("messages", "/event_id"),
            Self::Calendly => ("calendly", "/payload/uri"),
            Self::Calcom => ("calcom", "/payload/uid"),
        };
        let id = payload.pointer(pointer)?.as_str()?;
        Some(ConversationId::from_event_id(&SourceName::fixed(source), id))
    }
}
