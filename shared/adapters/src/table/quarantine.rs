//! The quarantine: authentic events that cannot be used.

use std::fmt;

use chrono::{DateTime, Utc};
use messaging::ports::{Quarantine, QuarantinedEvent, Unavailable};
use messaging::values::ids::SourceName;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Table;
use super::builder::{delete, put};
use super::expression::absent;
use super::item::{Item, Worklist, expiry, from_item};
use super::keys::{Key, quarantined_in};

/// The size limit of a body in bytes, as an item holds 400 KB. A larger body is cut: it can be viewed, but
/// not processed again.
const BODY_LIMIT: usize = 300 * 1024;

/// An event in quarantine. Once the person is erased it has no details and no body.
#[derive(Serialize, Deserialize)]
struct QuarantinedItem {
    expires_at: i64,
    source: SourceName,
    reason: String,
    #[serde(default)]
    details: Vec<String>,
    received_at: DateTime<Utc>,
    body: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    worklist: Option<Worklist>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worklist_at: Option<DateTime<Utc>>,
}

impl Quarantine for Table {
    async fn keep(&self, event: &QuarantinedEvent) -> Result<(), Unavailable> {
        let body = &event.body[..event.body.len().min(BODY_LIMIT)];
        let item = QuarantinedItem {
            expires_at: expiry(event.received_at, self.retention),
            source: event.source.clone(),
            reason: event.reason.clone(),
            details: event.details.clone(),
            received_at: event.received_at,
            body: Bytes(body.to_vec()),
            worklist: Some(Worklist::Quarantined),
            worklist_at: Some(event.received_at),
        };
        self.write(put(Key::quarantined(&event.id), &item).require(absent("pk"))).await.map(drop)
    }
}

impl Table {
    /// Returns the ids of the events in quarantine, oldest first.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn quarantined(&self) -> Result<Vec<String>, Unavailable> {
        let keys = self.keys_on(Worklist::Quarantined).await?;
        Ok(keys.iter().filter_map(|pk| quarantined_in(pk)).map(str::to_owned).collect())
    }

    /// Returns one event of the quarantine.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn quarantined_event(&self, id: &str) -> Result<Option<QuarantinedEvent>, Unavailable> {
        let item = self.get(Key::quarantined(id)).await?;
        Ok(item.and_then(|item| event(id, item)))
    }

    /// Takes an event out of quarantine.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn release(&self, id: &str) -> Result<(), Unavailable> {
        self.write(delete(Key::quarantined(id))).await.map(drop)
    }
}

/// Reads an event; `None` where the item does not hold it any more.
fn event(id: &str, item: Item) -> Option<QuarantinedEvent> {
    let item: QuarantinedItem = from_item(item).ok()?;
    Some(QuarantinedEvent {
        id: id.to_owned(),
        source: item.source,
        reason: item.reason,
        details: item.details,
        received_at: item.received_at,
        body: item.body.0,
    })
}

/// Bytes that are stored as a binary attribute.
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BytesVisitor)
    }
}

struct BytesVisitor;

impl de::Visitor<'_> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(Bytes(bytes))
    }
}
