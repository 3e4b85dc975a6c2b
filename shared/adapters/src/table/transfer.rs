//! Moves the items of one table to another, unchanged and in DynamoDB's own JSON: attributes that this code
//! does not know are not lost.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use messaging::conversation::Conversation;
use messaging::ports::{Consents, Unavailable, WriteOutcome};
use messaging::values::ids::Scope;
use messaging::values::phone::PhoneNumber;
use serde_json::{Map, Value, json};

use super::Table;
use super::builder::put_copy;
use super::consents::changes_of;
use super::expression::absent;
use super::item::{Item, conversation_from, integer, string};
use super::keys::{Key, phone_in};
use crate::failure::unavailable;

/// The prefixes of items that are not moved: `journeys.toml` is pushed to the new table, and a one-time code
/// expires before the move is done.
const NOT_MOVED: [&str; 2] = ["J#", "OTP#"];

/// An item as it is exported, with its key.
#[derive(Clone, PartialEq)]
pub struct ExportedItem(Item);

/// The result of importing an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The item is stored.
    Stored,
    /// An item with its key was stored before and stays as it is.
    Kept,
    /// A contact was stored before, and has now opted out as it had in the old table.
    OptedOut,
    /// A consent was stored before, and the newer agreements and withdrawals have been added to it.
    ConsentAdded,
}

impl ExportedItem {
    /// Returns the item as JSON: `{"pk": {"S": "..."}, ...}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        map_to_json(&self.0)
    }

    /// Reads an item as it was exported; `None` for anything else.
    #[must_use]
    pub fn from_json(value: &Value) -> Option<Self> {
        let item = map_from_json(value.as_object()?)?;
        let has_key = string(&item, "pk").is_some() && string(&item, "sk").is_some();
        has_key.then_some(Self(item))
    }

    /// Returns the conversation, where the item is one that has not expired.
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

    /// Returns whether the item is useful in a new table.
    fn is_moved(&self, now: DateTime<Utc>) -> bool {
        let has_expired = integer(&self.0, "expires_at").is_some_and(|expires| expires <= now.timestamp());
        !has_expired && !NOT_MOVED.iter().any(|prefix| self.text("pk").starts_with(prefix))
    }

    fn text(&self, name: &str) -> &str {
        string(&self.0, name).unwrap_or_default()
    }

    fn instant(&self, name: &str) -> Option<DateTime<Utc>> {
        self.text(name).parse().ok()
    }

    fn key(&self) -> Key {
        Key::stored(self.text("pk"), self.text("sk"))
    }
}

impl Table {
    /// Exports one page of the items that are moved, and the point at which the next page begins; `from` is
    /// that point of the previous page. Reads the whole table, so only an operator's command may call it, never
    /// the processing of a message.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn export_page(
        &self,
        from: Option<ExportedItem>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<ExportedItem>, Option<ExportedItem>), Unavailable> {
        let page = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .set_exclusive_start_key(from.map(|from| from.0))
            .send()
            .await
            .map_err(|error| unavailable("dynamodb:Scan", &error))?;
        let items = page.items.unwrap_or_default().into_iter().map(ExportedItem);
        let next = page.last_evaluated_key.map(ExportedItem);
        Ok((items.filter(|item| item.is_moved(now)).collect(), next))
    }

    /// Stores an item where none is stored under its key. A contact that is stored before takes over an
    /// opt-out, unless its owner has opted in since; a consent takes over what is newer.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn import(&self, item: &ExportedItem) -> Result<ImportOutcome, Unavailable> {
        let copy = put_copy(item.key(), item.0.clone()).require(absent("pk"));
        if self.write(copy).await? == WriteOutcome::Done {
            return Ok(ImportOutcome::Stored);
        }
        let Some(phone) = phone_in(item.text("pk")) else { return Ok(ImportOutcome::Kept) };
        match item.text("sk") {
            "C" => self.import_opt_out(&phone, item).await,
            "K" => self.import_consent(&phone, &item.0).await,
            _ => Ok(ImportOutcome::Kept),
        }
    }

    /// Opts a stored contact out where the imported one has, and its owner has not opted in since.
    async fn import_opt_out(
        &self,
        phone: &PhoneNumber,
        item: &ExportedItem,
    ) -> Result<ImportOutcome, Unavailable> {
        let Some(at) = item.instant("opted_out_at") else { return Ok(ImportOutcome::Kept) };
        if let Some(stored) = self.get(item.key()).await?.map(ExportedItem) {
            let is_opted_out = stored.instant("opted_out_at").is_some();
            let opted_in_since = stored.instant("opted_in_at").is_some_and(|since| since > at);
            if is_opted_out || opted_in_since {
                return Ok(ImportOutcome::Kept);
            }
        }
        self.set_opt_out(phone, item.text("opted_out_by"), at).await?;
        Ok(ImportOutcome::OptedOut)
    }

    /// Adds the agreements and withdrawals that are newer than those of the stored consent. Each change is
    /// also an item of its own, and the same change at the same instant is stored once.
    async fn import_consent(&self, phone: &PhoneNumber, item: &Item) -> Result<ImportOutcome, Unavailable> {
        let stored = self.consent(phone).await?;
        let latest = |scope: &Scope| {
            let agreements = stored.given.get(scope).into_iter().chain(stored.withdrawn.get(scope));
            agreements.map(|agreement| agreement.at).max()
        };
        let mut outcome = ImportOutcome::Kept;
        for change in changes_of(item)? {
            if latest(&change.scope).is_none_or(|known| change.agreement.at > known) {
                self.change(phone, &change).await?;
                outcome = ImportOutcome::ConsentAdded;
            }
        }
        Ok(outcome)
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
        // Null, and the types that our items do not use.
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
    fn an_item_survives_its_export_unchanged() {
        let item = json!({
            "pk": { "S": "V#sms-1" }, "sk": { "S": "V" }, "v": { "N": "1" }, "flag": { "BOOL": false },
            "body": { "B": "AP8=" }, "nothing": { "NULL": true },
            "steps": { "M": { "text": { "M": { "list": { "L": [{ "S": "ünï" }, { "N": "-0.5" }] } } } } },
            "names": { "SS": ["a", "b"] }, "numbers": { "NS": ["1", "2"] },
        });
        assert_eq!(ExportedItem::from_json(&item).unwrap().to_json(), item);
    }

    #[test]
    fn anything_but_an_item_is_refused() {
        for value in [
            json!([]),
            json!({}),
            json!({ "pk": { "S": "a" } }),
            json!({ "pk": { "S": "a" }, "sk": { "N": "1" } }),
            json!({ "pk": { "S": "a" }, "sk": { "S": "b" }, "c": { "X": 1 } }),
            json!({ "pk": { "S": "a" }, "sk": { "S": "b" }, "c": { "S": "x", "N": "1" } }),
            json!({ "pk": { "S": "a" }, "sk": { "S": "b" }, "c": { "B": "?" } }),
        ] {
            assert!(ExportedItem::from_json(&value).is_none(), "{value}");
        }
    }
}
