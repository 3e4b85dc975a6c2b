//! A customer's message as Twilio reports it.

use chrono::{DateTime, Utc};
use http_edge::twilio_call::{TwilioCall, is_sid};
use messaging::conversation::inbound_message::{InboundMessage, ProviderKeyword};
use messaging::text::template::MessageText;
use messaging::values::channel::Channel;
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;

/// Words on which Twilio blocks and confirms by itself when they are the whole message, any case
/// (twilio.com/docs/messaging/tutorials/advanced-opt-out, default keywords).
const STOP_BY_DEFAULT: [&str; 8] =
    ["stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"];

/// The message; `None` when the fields that are needed are not there (another kind of callback). A
/// button of WhatsApp's says its label; names and places of customers are not read at all.
pub(crate) fn message(call: &TwilioCall, now: DateTime<Utc>) -> Option<InboundMessage> {
    let id = call.message_sid()?;
    let (channel, from) = address(call.field("From")?);
    let (_, to) = address(call.field("To")?);
    let body = call.field("Body").filter(|body| !body.is_empty()).or_else(|| call.field("ButtonText"));
    let media = call.field("NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0);
    let body = body.or_else(|| call.field("Body"))?;
    let keyword = match call.field("OptOutType") {
        Some("STOP") => Some(ProviderKeyword::Stop),
        Some("START") => Some(ProviderKeyword::Start),
        Some("HELP") => Some(ProviderKeyword::Help),
        _ if channel == Channel::Sms
            && STOP_BY_DEFAULT.contains(&body.trim().to_ascii_lowercase().as_str()) =>
        {
            Some(ProviderKeyword::StopByDefault)
        }
        _ => None,
    };
    Some(InboundMessage {
        provider: Provider::Twilio,
        id: id.to_owned(),
        from: PhoneNumber::parse_e164(from).ok()?,
        to: to.to_owned(),
        channel,
        body: MessageText::new(body),
        media,
        replied_to: call.field("OriginalRepliedMessageSid").filter(|id| is_sid(id)).map(str::to_owned),
        keyword,
        at: now,
    })
}

/// `whatsapp:+1...` or `+1...`.
fn address(text: &str) -> (Channel, &str) {
    text.strip_prefix("whatsapp:").map_or((Channel::Sms, text), |number| (Channel::Whatsapp, number))
}
