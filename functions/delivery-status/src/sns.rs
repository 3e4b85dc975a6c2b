//! SNS's delivery log, as a subscription hands it over: base64 of gzip of a batch of lines
//! (docs.aws.amazon.com/AmazonCloudWatch, "Subscription filters"; the lines: docs.aws.amazon.com/sns,
//! "Viewing CloudWatch metrics and logs for SMS deliveries").

use std::io::Read;

use base64::Engine as _;
use chrono::{DateTime, NaiveDateTime, Utc};
use flate2::read::GzDecoder;
use http_edge::lambda_event::Failed;
use messaging::conversation::delivery::DeliveryStatus;
use messaging::conversation::receipt::Receipt;
use messaging::values::dollars::Dollars;
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;
use serde::Deserialize;

/// A batch is at most 1 MiB of gzip; more than this unpacked is no honest batch.
const UNPACKED_LIMIT: u64 = 16 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    message_type: String,
    #[serde(default)]
    log_events: Vec<LogEvent>,
}

#[derive(Deserialize)]
struct LogEvent {
    timestamp: i64,
    message: String,
}

/// No `Debug`: it holds a number.
#[derive(Deserialize)]
struct Line {
    notification: Notification,
    delivery: Delivery,
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    message_id: String,
    timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    destination: String,
    provider_response: Option<String>,
    #[serde(rename = "priceInUSD")]
    price_in_usd: Option<f64>,
}

/// The receipts of a batch.
///
/// # Errors
/// When it cannot be unpacked, or a line of it is none of SNS's: the batch is put aside as it is.
pub(crate) fn receipts(data: &str) -> Result<Vec<Receipt>, Failed> {
    let packed =
        base64::engine::general_purpose::STANDARD.decode(data).map_err(|_| Failed::Malformed("no base64"))?;
    let mut unpacked = String::new();
    let mut reader = GzDecoder::new(packed.as_slice()).take(UNPACKED_LIMIT);
    reader.read_to_string(&mut unpacked).map_err(|_| Failed::Malformed("no gzip of text"))?;
    let batch: Batch =
        serde_json::from_str(&unpacked).map_err(|_| Failed::Malformed("no batch of log events"))?;
    if batch.message_type != "DATA_MESSAGE" {
        // CloudWatch's own test of the subscription.
        return Ok(Vec::new());
    }
    batch.log_events.iter().map(receipt).collect()
}

fn receipt(event: &LogEvent) -> Result<Receipt, Failed> {
    let line: Line =
        serde_json::from_str(&event.message).map_err(|_| Failed::Malformed("no line of a delivery log"))?;
    let message_id = line.notification.message_id;
    let is_id = message_id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !(1..=64).contains(&message_id.len()) || !is_id {
        return Err(Failed::Malformed("no message id"));
    }
    let reason = line.delivery.provider_response.as_deref().map_or(Reason::Unknown, Reason::of);
    let status = match line.status.as_str() {
        "SUCCESS" => Some(DeliveryStatus::Delivered),
        "FAILURE" if reason == Reason::Unknown => Some(DeliveryStatus::Unknown),
        "FAILURE" => Some(DeliveryStatus::Undelivered),
        _ => None,
    };
    let failed = status == Some(DeliveryStatus::Undelivered);
    let is_word =
        (1..=40).contains(&line.status.len()) && line.status.bytes().all(|b| b.is_ascii_alphanumeric());
    Ok(Receipt {
        provider: Provider::Sns,
        message_id,
        about: None,
        status,
        said: if is_word { line.status } else { "other".to_owned() },
        code: failed.then(|| reason.code().to_owned()),
        retryable: failed && reason == Reason::Unreachable,
        opted_out: failed && reason == Reason::OptedOut,
        from: None,
        to: PhoneNumber::parse_e164(&line.delivery.destination).ok(),
        accepted_at: instant(&line.notification.timestamp),
        price: line.delivery.price_in_usd.and_then(Dollars::of_price),
        at: DateTime::from_timestamp_millis(event.timestamp).unwrap_or_default(),
    })
}

/// `2016-06-28 00:40:34.558`, in UTC.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok().map(|at| at.and_utc())
}

/// Why a text was not delivered. SNS tells it in a sentence, which may become another one; what is stored
/// is a word of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    OptedOut,
    Unreachable,
    Blocked,
    Invalid,
    Price,
    Unknown,
}

impl Reason {
    fn of(response: &str) -> Self {
        let response = response.to_ascii_lowercase();
        let says = |words: &str| response.contains(words);
        if says("opted out") {
            Self::OptedOut
        } else if says("unreachable") || says("unavailable") {
            Self::Unreachable
        } else if says("blocked") || says("blacklist") || says("spam") {
            Self::Blocked
        } else if says("invalid") {
            Self::Invalid
        } else if says("price") {
            Self::Price
        } else {
            Self::Unknown
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::OptedOut => "OPTED_OUT",
            Self::Unreachable => "UNREACHABLE",
            Self::Blocked => "BLOCKED",
            Self::Invalid => "INVALID",
            Self::Price => "MAX_PRICE_EXCEEDED",
            Self::Unknown => "UNKNOWN",
        }
    }
}
