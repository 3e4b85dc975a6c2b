//! A customer's message as Twilio reports it.

use chrono::{DateTime, Utc};
use http_edge::twilio_call::{TwilioCall, is_sid};
use messaging::conversation::inbound_message::{InboundMessage, ProviderKeyword};
use messaging::reply::{ReplyMeaning, meaning_of};
use messaging::text::template::MessageText;
use messaging::values::channel::Channel;
use messaging::values::provider::Provider;

use crate::sender::{Incoming, address};

/// Words on which Twilio blocks and confirms by itself when they are the whole message, any case
/// (twilio.com/docs/messaging/tutorials/advanced-opt-out, default keywords).
const STOP_BY_DEFAULT: [&str; 8] =
    ["stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"];

/// The message; `None` when the fields that are needed are not there (another kind of callback). A
/// button of WhatsApp's is read by its label, unless its payload refuses texts. A message without words is
/// kept. Names and places of customers are not read at all.
pub(crate) fn message(call: &TwilioCall, now: DateTime<Utc>) -> Option<Incoming> {
    let id = call.message_sid()?;
    if !is_message(call) {
        return None;
    }
    let (channel, sender) = address(call.field("From")?);
    let (_, to) = address(call.field("To")?);
    let media = call.field("NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0);
    let body = words(call);
    let typed = call.field("Body").unwrap_or_default();
    let keyword = match call.field("OptOutType") {
        Some("STOP") => Some(ProviderKeyword::Stop),
        Some("START") => Some(ProviderKeyword::Start),
        Some("HELP") => Some(ProviderKeyword::Help),
        _ if channel == Channel::Sms
            && STOP_BY_DEFAULT.contains(&typed.trim().to_ascii_lowercase().as_str()) =>
        {
            Some(ProviderKeyword::StopByDefault)
        }
        _ => None,
    };
    let replied_to = call.field("OriginalRepliedMessageSid").filter(|id| is_sid(id)).map(str::to_owned);
    let (id, to, body) = (id.to_owned(), to.to_owned(), MessageText::new(body));
    Some(Incoming::new(sender, id.clone(), replied_to.clone(), body.clone(), move |from| InboundMessage {
        provider: Provider::Twilio,
        id,
        from,
        to,
        channel,
        body,
        media,
        replied_to,
        keyword,
        at: now,
    }))
}

/// Tells a message, which may have no words at all, from the report of a text's status.
fn is_message(call: &TwilioCall) -> bool {
    call.field("MessageStatus").is_none_or(|status| status.eq_ignore_ascii_case("received"))
}

/// Returns the words that a message is read by: those of a button whose payload refuses texts, else the body,
/// else the label of the button; empty for a picture without any.
fn words(call: &TwilioCall) -> &str {
    let refuses = |payload: &&str| meaning_of(payload) == ReplyMeaning::OptOut;
    call.field("ButtonPayload")
        .filter(refuses)
        .or_else(|| call.field("Body").filter(|body| !body.is_empty()))
        .or_else(|| call.field("ButtonText"))
        .unwrap_or_default()
}
