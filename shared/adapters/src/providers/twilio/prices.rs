//! Prices that Twilio has charged: its list of messages, a page at a time. A price appears there minutes, and
//! seldom a day, after the text has left. No callback reports it.

use chrono::{DateTime, Utc};
use http::Method;
use messaging::ports::Unavailable;
use messaging::values::clock::Clock;
use messaging::values::dollars::Dollars;
use serde::Deserialize;

use super::{CALL_TIMEOUT, Twilio};
use crate::providers::http::exchange;

const OPERATION: &str = "twilio:ListMessages";

/// The number of messages on a page. Even with the longest words that Twilio allows, a page stays below the
/// size limit of a response.
const PAGE: &str = "200";

/// The price of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePrice {
    /// Twilio's id of the message.
    pub message_id: String,
    /// The price in US dollars; `None` while it is not known, or where it is in another currency.
    pub price: Option<Dollars>,
}

/// One page of the list of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricePage {
    /// The outgoing messages of the page, without incoming ones.
    pub messages: Vec<MessagePrice>,
    /// The URL of the next page.
    pub next: Option<String>,
}

/// Twilio's list of messages. No `Debug`: it holds numbers and words.
#[derive(Deserialize)]
struct List {
    messages: Vec<Listed>,
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    sid: String,
    direction: String,
    price: Option<String>,
    price_unit: Option<String>,
}

impl<K: Clock> Twilio<K> {
    /// Reads a page of the messages since a day; `next` is the value of the previous page.
    ///
    /// # Errors
    /// When Twilio does not respond with a list.
    pub async fn prices(&self, since: DateTime<Utc>, next: Option<&str>) -> Result<PricePage, Unavailable> {
        let failed = |reason: String| Unavailable { operation: OPERATION, reason };
        let day = since.format("%Y-%m-%d").to_string();
        let first = || {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("DateSent>", &day).append_pair("PageSize", PAGE);
            format!("?{}", query.finish())
        };
        let query = next.map_or_else(first, |next| format!("?{next}"));
        let request = self.request(Method::GET, &query, String::new()).await?;
        match tokio::time::timeout(CALL_TIMEOUT, exchange(&self.http, request)).await {
            Ok(Ok((200, body))) => page(&body).ok_or_else(|| failed("unreadable list".to_owned())),
            Ok(Ok((status, _))) => Err(failed(status.to_string())),
            Ok(Err(_)) => Err(failed("not reached".to_owned())),
            Err(_) => Err(failed("timeout".to_owned())),
        }
    }
}

fn page(body: &[u8]) -> Option<PricePage> {
    let list: List = serde_json::from_slice(body).ok()?;
    let outbound = list.messages.into_iter().filter(|listed| listed.direction.starts_with("outbound"));
    let messages = outbound.map(|listed| MessagePrice { price: price(&listed), message_id: listed.sid });
    let next = list.next_page_uri.filter(|uri| !uri.is_empty());
    let next = next.and_then(|uri| uri.split_once('?').map(|(_, query)| query.to_owned()));
    Some(PricePage { messages: messages.collect(), next })
}

/// Reads the price, which Twilio reports as a negative number: `-0.0109`.
fn price(listed: &Listed) -> Option<Dollars> {
    let is_usd = listed.price_unit.as_deref().is_some_and(|unit| unit.eq_ignore_ascii_case("USD"));
    let taken: f64 = listed.price.as_deref().filter(|_| is_usd)?.parse().ok()?;
    Dollars::of_price(taken.abs())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_tells_prices_and_what_comes_next() {
        let listed = |sid: &str, direction: &str, price: serde_json::Value, unit: &str| json!({ "sid": sid, "direction": direction, "price": price, "price_unit": unit, "body": "x" });
        let list = json!({
            "messages": [
                listed("SM1", "outbound-api", json!("-0.01090"), "USD"),
                listed("SM2", "outbound-api", json!(null), "USD"),
                listed("SM3", "outbound-reply", json!("-0.05"), "EUR"),
                listed("SM4", "inbound", json!("-0.00750"), "USD"),
                listed("SM5", "outbound-api", json!("0"), "usd"),
            ],
            "next_page_uri": "/2010-04-01/Accounts/AC0/Messages.json?PageSize=200&Page=1&PageToken=PASM5",
        });
        let page = page(list.to_string().as_bytes()).unwrap();
        let prices: Vec<_> = page
            .messages
            .iter()
            .map(|message| (message.message_id.as_str(), message.price.map(Dollars::micro)))
            .collect();
        assert_eq!(prices, [("SM1", Some(10_900)), ("SM2", None), ("SM3", None), ("SM5", Some(0))]);
        assert_eq!(page.next.as_deref(), Some("PageSize=200&Page=1&PageToken=PASM5"));
        assert!(super::page(b"{}").is_none());
    }
}
