//! `afterword send-event FILE`: posts a payload as its source would, with the key or signature.

mod shift;
mod topic;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use messaging::values::ids::{ConversationId, SourceName};
use serde_json::Value;

use crate::block_on::block_on;
use crate::print;
use crate::source_client::SourceClient;
use crate::target::Target;

/// Flags of `send-event`.
#[derive(Args)]
pub(crate) struct SendEventArguments {
    /// The payload, for example a file of test-payloads/.
    file: PathBuf,
    /// Send a booking with the times in the file, instead of moving them to now.
    #[arg(long)]
    as_is: bool,
    #[command(flatten)]
    target: Target,
}

/// The kind of payload, which determines its route and its authentication.
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
    if let Some(notification) = topic::TopicNotification::read(&payload) {
        return block_on(notification.send(&arguments.target));
    }
    let sender = Sender::of(&payload).ok_or("the fields of this payload match no known source")?;
    block_on(async {
        let client = SourceClient::of(&arguments.target).await?;
        let now = arguments.target.now().await?;
        let body = if sender.is_booking() && !arguments.as_is {
            shift::to_now(&mut payload, now);
            payload.to_string().into_bytes()
        } else {
            body
        };
        let credential = match sender {
            Sender::Calendly => client.signature("calendly", &body, now.timestamp())?,
            Sender::Calcom => client.signature("calcom", &body, now.timestamp())?,
            _ => client.api_key()?,
        };
        let (status, answer) = client.post(sender.route(), &credential, body).await?;
        print::line(format!("POST {} -> {status}", sender.route()));
        print::line(&answer);
        let is_stored = (200..300).contains(&status)
            && !["quarantined", "ignored"].iter().any(|word| answer.contains(&format!("\"{word}\"")));
        if let Some(id) = sender.conversation(&payload).filter(|_| is_stored) {
            let stack = arguments.target.stack.iter().map(|stack| format!(" --stack {stack}"));
            print::line(format!("\nto see what happens: afterword show {id}{}", stack.collect::<String>()));
        }
        Ok(if (200..300).contains(&status) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

impl Sender {
    /// Recognises a payload by the fields that only its source sends.
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

    /// Returns the conversation that the payload opens or ends.
    fn conversation(self, payload: &Value) -> Option<ConversationId> {
        let (source, pointer) = match self {
            Self::Sms => ("sms", "/event_id"),
            // Identified by the digest of the body, or several: the answer shows the ids.
            Self::Trigger | Self::Bulk | Self::Consent | Self::Otp => return None,
            Self::Messages => ("messages", "/event_id"),
            Self::Calendly => ("calendly", "/payload/uri"),
            Self::Calcom => ("calcom", "/payload/uid"),
        };
        let id = payload.pointer(pointer)?.as_str()?;
        Some(ConversationId::from_event_id(&SourceName::fixed(source), id))
    }
}
