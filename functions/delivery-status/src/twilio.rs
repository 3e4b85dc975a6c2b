//! Twilio's status callback: a form, and our own ids in the URL's query.

use chrono::{DateTime, Utc};
use http_edge::twilio_call::TwilioCall;
use messaging::conversation::delivery::DeliveryStatus;
use messaging::conversation::receipt::{AttemptId, Receipt};
use messaging::values::ids::{ConversationId, StepName};
use messaging::values::provider::Provider;

/// Failures after which a second try is sensible and safe: nothing reached the phone
/// (twilio.com/docs/api/errors: a full queue, a handset that was off).
const RETRYABLE: [&str; 2] = ["30001", "30003"];
/// The customer has opted out.
const OPTED_OUT: &str = "21610";

/// The receipt; `None` when the fields that are needed are not there.
pub(crate) fn receipt(call: &TwilioCall, raw_query: &str, now: DateTime<Utc>) -> Option<Receipt> {
    let message_id = call.message_sid()?;
    let said =
        call.field("MessageStatus").or_else(|| call.field("SmsStatus")).filter(|said| is_word(said))?;
    let code = call.field("ErrorCode").filter(|code| is_word(code));
    let status = status(said);
    let failed = status.is_some_and(DeliveryStatus::is_failure);
    let from = call.field("From").map(|from| from.trim_start_matches("whatsapp:"));
    Some(Receipt {
        provider: Provider::Twilio,
        message_id: message_id.to_owned(),
        about: about(raw_query),
        status,
        said: said.to_owned(),
        code: code.map(str::to_owned),
        retryable: failed && code.is_some_and(|code| RETRYABLE.contains(&code)),
        opted_out: failed && code == Some(OPTED_OUT),
        from: from.filter(|from| !from.is_empty()).map(str::to_owned),
        to: None,
        accepted_at: None,
        price: None,
        at: now,
    })
}

/// Twilio's words for how far a message has come (its REST API's `status`).
fn status(said: &str) -> Option<DeliveryStatus> {
    Some(match said {
        "accepted" => DeliveryStatus::Accepted,
        "scheduled" => DeliveryStatus::Scheduled,
        "queued" => DeliveryStatus::Queued,
        "sending" => DeliveryStatus::Sending,
        "sent" => DeliveryStatus::Sent,
        "delivered" => DeliveryStatus::Delivered,
        "read" => DeliveryStatus::Read,
        "undelivered" => DeliveryStatus::Undelivered,
        "failed" => DeliveryStatus::Failed,
        "canceled" => DeliveryStatus::Canceled,
        _ => return None,
    })
}

/// Our own ids, as the sender has put them into the callback's URL; they are signed with it.
fn about(raw_query: &str) -> Option<AttemptId> {
    let value = |name: &str| {
        let mut pairs = form_urlencoded::parse(raw_query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    Some(AttemptId {
        conversation: ConversationId::new(value("conversation")?).ok()?,
        step: StepName::new(value("step")?).ok()?,
        attempt: value("attempt")?.parse().ok()?,
    })
}

/// A word of the provider's: stored, and shown on log lines.
fn is_word(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
