//! End User Messaging's events, as a configuration set publishes them to a topic, and as EventBridge hands
//! them over (docs.aws.amazon.com/sms-voice, "Event format"). EventBridge leaves our own ids out; then the
//! message's id tells.

use chrono::{DateTime, Utc};
use http_edge::lambda_event::Failed;
use messaging::conversation::delivery::DeliveryStatus;
use messaging::conversation::receipt::{AttemptId, Receipt};
use messaging::values::dollars::Dollars;
use messaging::values::ids::{ConversationId, StepName};
use messaging::values::provider::Provider;
use serde::Deserialize;
use serde_json::Value;

/// Failures after which a second try is sensible and safe: the time ran out, or nobody was reached.
const RETRYABLE: [&str; 3] = ["TTL_EXPIRED", "UNREACHABLE", "CARRIER_UNREACHABLE"];

/// No `Debug`: it holds numbers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_type: String,
    message_id: String,
    event_timestamp: Option<i64>,
    origination_phone_number: Option<String>,
    #[serde(default)]
    is_final: bool,
    total_message_price: Option<f64>,
    total_carrier_fee: Option<f64>,
    #[serde(default)]
    context: Context,
}

#[derive(Default, Deserialize)]
struct Context {
    conversation: Option<String>,
    step: Option<String>,
    attempt: Option<String>,
}

/// Reads an event.
///
/// # Errors
/// When it is none. A kind that is not known is no error: it is kept.
pub(crate) fn receipt(event: &Value, now: DateTime<Utc>) -> Result<Receipt, Failed> {
    let event = Event::deserialize(event).map_err(|_| Failed::Malformed("no event of a text"))?;
    if !is_word(&event.message_id) || !is_word(&event.event_type) {
        return Err(Failed::Malformed("no message id or kind"));
    }
    let kind = event.event_type.strip_prefix("TEXT_").unwrap_or(&event.event_type);
    let status = event.event_type.starts_with("TEXT_").then(|| status(kind)).flatten();
    let failed = status.is_some_and(DeliveryStatus::is_failure);
    let price = event.price();
    Ok(Receipt {
        provider: Provider::EndUserMessaging,
        about: event.context.about(),
        status,
        code: failed.then(|| kind.to_owned()),
        retryable: failed && RETRYABLE.contains(&kind),
        opted_out: false,
        from: event.origination_phone_number,
        to: None,
        accepted_at: None,
        price,
        at: event.event_timestamp.and_then(DateTime::from_timestamp_millis).unwrap_or(now),
        message_id: event.message_id,
        said: event.event_type,
    })
}

/// AWS's kinds of events about texts. `SUCCESSFUL` and `DELIVERED` mean the same, by country.
fn status(kind: &str) -> Option<DeliveryStatus> {
    Some(match kind {
        "QUEUED" => DeliveryStatus::Queued,
        "PENDING" => DeliveryStatus::Sending,
        "SENT" => DeliveryStatus::Sent,
        "SUCCESSFUL" | "DELIVERED" => DeliveryStatus::Delivered,
        "UNKNOWN" => DeliveryStatus::Unknown,
        "UNREACHABLE" | "CARRIER_UNREACHABLE" | "BLOCKED" | "CARRIER_BLOCKED" | "SPAM" | "TTL_EXPIRED" => {
            DeliveryStatus::Undelivered
        }
        "INVALID" | "INVALID_MESSAGE" | "PROTECT_BLOCKED" => DeliveryStatus::Failed,
        _ => return None,
    })
}

impl Event {
    /// The price of the text in US dollars: its parts, and the carrier's fee beside them. Reported by the last
    /// event; what the ones before it say may still change.
    fn price(&self) -> Option<Dollars> {
        let price = self.total_message_price.filter(|_| self.is_final)?;
        Dollars::of_price(price + self.total_carrier_fee.unwrap_or_default())
    }
}

impl Context {
    fn about(self) -> Option<AttemptId> {
        Some(AttemptId {
            conversation: ConversationId::new(self.conversation?).ok()?,
            step: StepName::new(self.step?).ok()?,
            attempt: self.attempt?.parse().ok()?,
        })
    }
}

fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}
