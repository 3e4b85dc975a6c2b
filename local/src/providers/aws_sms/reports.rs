//! The reports of AWS, in the envelopes in which Lambda receives them: events of a configuration set and
//! two-way messages from a topic, and SNS's delivery log from a subscription to its group.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use messaging::values::clock::to_rfc3339;
use messaging::values::provider::Provider;
use serde_json::{Value, json};
use uuid::Uuid;

use super::prices::price;
use crate::providers::outbox::Text;

/// The topics of this machine, and the function that subscribes to each.
pub(crate) const TOPICS: [(&str, &str); 2] = [
    ("arn:aws:sns:us-east-1:000000000000:afterword-receipts", "delivery-status"),
    ("arn:aws:sns:us-east-1:000000000000:afterword-inbound", "inbound"),
];
/// The log group of SNS for texts that were delivered. Failed ones are in the group `Failure` beside it.
pub(crate) const DELIVERY_LOG: &str = "sns/us-east-1/000000000000/DirectPublishToPhoneNumber";

/// Returns the events that report the outcome of a text, in order.
pub(crate) fn reports(text: &Text) -> Vec<Value> {
    match text.provider {
        Provider::Twilio => Vec::new(),
        Provider::EndUserMessaging => {
            let events = match &text.failure {
                Some(failure) => vec![failure.as_str()],
                None => vec!["TEXT_SENT", "TEXT_DELIVERED"],
            };
            let topic = TOPICS[0].0;
            events.into_iter().map(|kind| notification(topic, &event(text, kind).to_string())).collect()
        }
        Provider::Sns => vec![log_batch(&log_line(text), text.failure.is_some(), text.at.timestamp_millis())],
    }
}

/// Returns an event as End User Messaging publishes it.
fn event(text: &Text, kind: &str) -> Value {
    let context: Value =
        text.context.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let at = text.at.timestamp_millis();
    let price = price(text);
    json!({
        "eventType": kind,
        "eventVersion": "1.0",
        "eventTimestamp": at,
        "isFinal": kind != "TEXT_SENT",
        "originationPhoneNumber": text.from,
        "destinationPhoneNumber": text.to,
        "isInternationalSend": false,
        "mcc": "310",
        "mnc": "800",
        "messageId": text.provider_message_id,
        "messageRequestTimestamp": at,
        "messageEncoding": "GSM",
        "messageType": "TRANSACTIONAL",
        "messageStatus": kind.trim_start_matches("TEXT_"),
        "messageStatusDescription": "Simulated on one machine",
        "context": context,
        "totalMessageParts": text.segments,
        "totalMessagePrice": price.message,
        "totalCarrierFee": price.carrier,
    })
}

/// Returns a line of SNS's delivery log.
fn log_line(text: &Text) -> String {
    let price = price(text);
    let response = text.failure.as_deref().unwrap_or("Message has been accepted by phone carrier");
    json!({
        "notification": {
            "messageId": text.provider_message_id,
            "timestamp": text.at.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        },
        "delivery": {
            "destination": text.to,
            "numberOfMessageParts": text.segments,
            "priceInUSD": price.message + price.carrier,
            "smsType": "Transactional",
            "providerResponse": response,
            "dwellTimeMs": 10,
        },
        "status": if text.failure.is_some() { "FAILURE" } else { "SUCCESS" },
    })
    .to_string()
}

/// Returns a message as a topic passes it to a function.
pub(crate) fn notification(topic: &str, message: &str) -> Value {
    json!({
        "Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": format!("{topic}:local"),
            "Sns": {
                "Type": "Notification",
                "MessageId": Uuid::new_v4().to_string(),
                "TopicArn": topic,
                "Subject": null,
                "Message": message,
                "Timestamp": "1970-01-01T00:00:00.000Z",
                "SignatureVersion": "1",
                "Signature": "",
                "SigningCertUrl": "",
                "UnsubscribeUrl": "",
                "MessageAttributes": {},
            },
        }],
    })
}

/// Returns a log line as a subscription passes it to a function: base64 of gzip.
pub(crate) fn log_batch(line: &str, failed: bool, at_millis: i64) -> Value {
    let batch = json!({
        "messageType": "DATA_MESSAGE",
        "owner": "000000000000",
        "logGroup": if failed { format!("{DELIVERY_LOG}/Failure") } else { DELIVERY_LOG.to_owned() },
        "logStream": "local",
        "subscriptionFilters": ["afterword"],
        "logEvents": [{ "id": "0", "timestamp": at_millis, "message": line }],
    });
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory cannot fail.
    let _memory = packed.write_all(batch.to_string().as_bytes());
    json!({ "awslogs": { "data": BASE64_STANDARD.encode(packed.finish().unwrap_or_default()) } })
}

/// Returns a customer's text as AWS publishes it to the two-way topic.
pub(crate) fn two_way(last: &Text, body: &str) -> Value {
    let word: String = body.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    let message = json!({
        "originationNumber": last.to,
        "destinationNumber": last.from,
        "messageKeyword": word,
        "messageBody": body,
        "inboundMessageId": Uuid::new_v4().to_string(),
        "previousPublishedMessageId": last.provider_message_id,
    });
    let mut event = notification(TOPICS[1].0, &message.to_string());
    if let Some(timestamp) = event.pointer_mut("/Records/0/Sns/Timestamp") {
        *timestamp = to_rfc3339(last.at).into();
    }
    event
}
