//! The JSON of a message in Twilio's REST API.

use serde_json::{Value, json};

use crate::providers::outbox::Text;

/// Returns the message resource in this status.
pub(super) fn to_json(text: &Text, status: &str, account: &str) -> Value {
    let sid = &text.provider_message_id;
    let (from, to) = text.addresses();
    let at = text.at.format("%a, %d %b %Y %H:%M:%S +0000").to_string();
    // The price is known once the text has arrived: $0.0083 and a carrier's fee of $0.0026 for each part.
    let price = (status == "delivered").then(|| format!("-{:.5}", 0.0109 * f64::from(text.segments)));
    let uri = format!("/2010-04-01/Accounts/{account}/Messages/{sid}");
    json!({
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": text.body,
        "date_created": at,
        "date_sent": (status != "queued").then_some(&at),
        "date_updated": at,
        "direction": "outbound-api",
        "error_code": null,
        "error_message": null,
        "from": from,
        "messaging_service_sid": null,
        "num_media": "0",
        "num_segments": text.segments.to_string(),
        "price": price,
        "price_unit": "USD",
        "sid": sid,
        "status": status,
        "subresource_uris": { "media": format!("{uri}/Media.json") },
        "tags": null,
        "to": to,
        "uri": format!("{uri}.json"),
    })
}
