//! Moving what is stored from one table to another: items as they are, in DynamoDB's own JSON, so that
//! nothing is lost that this code does not know of.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use messaging::conversation::Conversation;
use messaging::ports::{Consents, Unavailable};
use messaging::values::ids::Scope;
use messaging::values::phone::PhoneNumber;
use messaging::values::phone::stored::from_stored;
use serde_json::{Map, Value, json};

use super::Table;
use super::consents::changes_of;
use super::item::{Item, conversation_from};
use crate::failure::unavailable;

/// Items that stay where they are: `journeys.toml` is pushed to the new place, and a one-time code is
/// over before the move is.
const LEFT_BEHIND: [&str; 2] = ["J#", "OTP#"];

/// An item on its way, with its key.
#[derive(Clone, PartialEq)]
pub struct Carried(Item);

/// What became of an item at its new place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It is there now.
    Stored,
    /// One with its key is there already and stays as it is.
    Kept,
    /// A contact is there already, and has opted out now as it had at the old place.
    OptedOut,
    /// What the customer has agreed to or withdrawn is there already, and what is newer has been added.
    Consented,
}

impl Carried {
    /// The item as JSON: `{"pk": {"S": "..."}, ...}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        map_to_json(&self.0)
    }

    /// An item as it was exported; `None` for anything else.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let item = map_from_json(value.as_object()?)?;
        let is_key = |name: &str| item.get(name).is_some_and(AttributeValue::is_s);
        (is_key("pk") && is_key("sk")).then_some(Self(item))
    }

    /// The conversation that it is, if it is one that has not expired.
    ///
    /// # Errors
    /// Names the conversation that cannot be read.
    pub fn conversation(&self, now: DateTime<Utc>) -> Result<Option<Conversation>, String> {
        let pk = self.text("pk");
        if !pk.starts_with("V#") {
            return Ok(None);
        }
        conversation_from(self.0.clone(), now).map_err(|_| format!("{pk} cannot be read"))
    }

    /// Whether it is of use at a new place.
    fn moves(&self, now: DateTime<Utc>) -> bool {
        let expires = self.0.get("expires_at").and_then(|value| value.as_n().ok()?.parse::<i64>().ok());
        let expired = expires.is_some_and(|expires| expires <= now.timestamp());
        !expired && !LEFT_BEHIND.iter().any(|prefix| self.text("pk").starts_with(prefix))
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
    }

    fn instant(&self, name: &str) -> Option<DateTime<Utc>> {
        self.text(name).parse().ok()
    }
}

impl Table {
    /// Everything that moves, a page at a time; `from` is what the last page ended with. Reads the whole
    /// table: for an operator's command, never on the way of a message.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn carried_page(
        &self,
        from: Option<Carried>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Carried>, Option<Carried>), Unavailable> {
        let page = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .set_exclusive_start_key(from.map(|from| from.0))
            .send()
            .await
            .map_err(|error| unavailable("dynamodb:Scan", &error))?;
        let items = page.items.unwrap_or_default().into_iter().map(Carried);
        Ok((items.filter(|item| item.moves(now)).collect(), page.last_evaluated_key.map(Carried)))
    }

    /// Puts an item where there is none with its key. A contact that is there already takes over an
    /// opt-out, unless its owner has opted in since.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn place_carried(&self, carried: &Carried) -> Result<Placed, Unavailable> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(carried.0.clone()));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => return Ok(Placed::Stored),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => {}
            Err(error) => return Err(unavailable("dynamodb:PutItem", &error)),
        }
        let phone = carried.text("pk").strip_prefix("P#").and_then(|phone| from_stored(phone).ok());
        if let (Some(phone), "K") = (&phone, carried.text("sk")) {
            return self.add_consent(phone, &carried.0).await;
        }
        let (Some(phone), "C", Some(at)) = (phone, carried.text("sk"), carried.instant("opted_out_at"))
        else {
            return Ok(Placed::Kept);
        };
        let key = (carried.text("pk").to_owned(), "C".to_owned());
        let there = self.get(key).await?.map(Carried);
        let opted_out = there.as_ref().is_some_and(|there| there.instant("opted_out_at").is_some());
        let opted_in_since =
            there.as_ref().and_then(|there| there.instant("opted_in_at")).is_some_and(|since| since > at);
        if opted_out || opted_in_since {
            return Ok(Placed::Kept);
        }
        self.set_opt_out(&phone, true, carried.text("opted_out_by"), at).await?;
        Ok(Placed::OptedOut)
    }
}

impl Table {
    /// Adds what a customer has said at the old place and not taken back since at the new one. The change
    /// itself comes as an item of its own; said again at the same instant it is the same.
    async fn add_consent(&self, phone: &PhoneNumber, carried: &Item) -> Result<Placed, Unavailable> {
        let there = self.consent(phone).await?;
        let latest = |scope: &Scope| {
            let said = there.given.get(scope).into_iter().chain(there.withdrawn.get(scope));
            said.map(|agreement| agreement.at).max()
        };
        let mut placed = Placed::Kept;
        for change in changes_of(carried)? {
            if latest(&change.scope).is_none_or(|known| change.agreement.at > known) {
                self.change(phone, &change).await?;
                placed = Placed::Consented;
            }
        }
        Ok(placed)
    }
}

fn map_to_json(item: &HashMap<String, AttributeValue>) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), to_json(value))).collect())
}

fn to_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(value) => json!({ "BOOL": value }),
        AttributeValue::B(bytes) => json!({ "B": STANDARD.encode(bytes) }),
        AttributeValue::L(list) => json!({ "L": list.iter().map(to_json).collect::<Vec<_>>() }),
        AttributeValue::M(map) => json!({ "M": map_to_json(map) }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::Ns(numbers) => json!({ "NS": numbers }),
        // Null, and kinds that no item of ours has.
        _ => json!({ "NULL": true }),
    }
}

fn map_from_json(map: &Map<String, Value>) -> Option<HashMap<String, AttributeValue>> {
    map.iter().map(|(name, value)| Some((name.clone(), from_json(value)?))).collect()
}

fn from_json(value: &Value) -> Option<AttributeValue> {
    let mut kinds = value.as_object()?.iter();
    let (Some((kind, value)), None) = (kinds.next(), kinds.next()) else { return None };
    let texts = || -> Option<Vec<String>> {
        value.as_array()?.iter().map(|text| Some(text.as_str()?.to_owned())).collect()
    };
    Some(match kind.as_str() {
        "S" => AttributeValue::S(value.as_str()?.to_owned()),
        "N" => AttributeValue::N(value.as_str()?.to_owned()),
        "BOOL" => AttributeValue::Bool(value.as_bool()?),
        "B" => AttributeValue::B(Blob::new(STANDARD.decode(value.as_str()?).ok()?)),
        "L" => AttributeValue::L(value.as_array()?.iter().map(from_json).collect::<Option<_>>()?),
        "M" => AttributeValue::M(map_from_json(value.as_object()?)?),
        "SS" => AttributeValue::Ss(texts()?),
        "NS" => AttributeValue::Ns(texts()?),
        "NULL" => AttributeValue::Null(true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_comes_back_as_it_went() {
        let item = json!({
            "pk": { "S": "V#sms-1" }, "sk": { "S": "V" }, "v": { "N": "1" }, "flag": { "BOOL": false },
            "body": { "B": "AP8=" }, "nothing": { "NULL": true },
            "steps": { "M": { "text": { "M": { "list": { "L": [{ "S": "ünï" }, { "N": "-0.5" }] } } } } },
            "names": { "SS": ["a", "b"] }, "numbers": { "NS": ["1", "2"] },
        });
        assert_eq!(Carried::from_json(&item).unwrap().to_json(), item);
    }

    #[test]
    fn anything_else_is_no_item() {
        for value in [
            json!([]),
            json!({}),
            json!({ "pk": { "S": "a" } }),
            json!({ "pk": { "S": "a" }, "sk": { "N": "1" } }),
            json!({ "pk": { "S": "a" }, "sk": { "S": "b" }, "c": { "X": 1 } }),
            json!({ "pk": { "S": "a" }, "sk": { "S": "b" }, "c": { "S": "x", "N": "1" } }),
            json!({ "pk": { "S": "a" }, "sk": { "S": "b" }, "c": { "B": "?" } }),
        ] {
            assert!(Carried::from_json(&value).is_none(), "{value}");
        }
    }
}
