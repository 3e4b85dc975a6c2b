//! The journeys in force: `journeys.toml`, stored in the table by version.
//!
//! `J#<version>` holds a file for good, `J#current` names the one in force, `J#history` has a line for
//! each change: going back is as small a write as a push.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use chrono::{SecondsFormat, TimeDelta};
use messaging::journeys::{Config, Finding, version_of};
use messaging::ports::{CurrentJourneys, JourneySource, SendingRules, Unavailable};
use messaging::values::clock::{Clock, to_rfc3339};

use crate::cache::Cache;
use crate::failure::unavailable;
use crate::table::Table;

/// The journeys' items in the table.
pub struct JourneyStore<K> {
    table: Table,
    pointer: Cache<String>,
    file: Cache<CurrentJourneys>,
    clock: K,
}

/// A file in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its version.
    pub version: String,
    /// Its text.
    pub toml: String,
}

/// A line of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When (RFC 3339, UTC).
    pub at: String,
    /// Which version came in force.
    pub version: String,
    /// By what: `push` or `rollback`.
    pub by: String,
}

/// The largest file: an item of the table holds 400 KB.
const FILE_LIMIT: usize = 256 * 1024;

/// Why a file was not put in force.
#[derive(Debug)]
pub enum PushError {
    /// It has errors.
    Refused(Vec<Finding>),
    /// It could not be stored.
    Unavailable(Unavailable),
}

impl From<Unavailable> for PushError {
    fn from(trouble: Unavailable) -> Self {
        Self::Unavailable(trouble)
    }
}

impl<K: Clock> JourneyStore<K> {
    /// The journeys in a table; which file is in force may be known `max_age` late (60 s on AWS).
    #[must_use]
    pub fn new(table: Table, max_age: TimeDelta, clock: K) -> Self {
        Self { table, pointer: Cache::new(max_age), file: Cache::new(TimeDelta::MAX), clock }
    }

    /// Lints a file, stores it and puts it in force, all or nothing. Safe to repeat: what is in force
    /// already changes nothing.
    ///
    /// # Errors
    /// See [`PushError`]; a refused file changes nothing.
    pub async fn push_journeys(&self, toml: &str) -> Result<String, PushError> {
        Config::from_toml(toml).map_err(PushError::Refused)?;
        if toml.len() > FILE_LIMIT {
            let detail = format!("the file has more than {FILE_LIMIT} bytes");
            return Err(PushError::Refused(vec![Finding::error("journeys.toml", detail)]));
        }
        let version = version_of(toml);
        if self.in_force().await?.is_none_or(|current| current.version != version) {
            self.put_in_force(&version, Some(toml), "push").await?;
        }
        Ok(version)
    }

    /// The file in force, as it was pushed; `None` before the first push.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn in_force(&self) -> Result<Option<StoredFile>, Unavailable> {
        let Some(version) = self.find("J#current", "version").await? else { return Ok(None) };
        self.file(&version).await
    }

    /// A file by its version.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn file(&self, version: &str) -> Result<Option<StoredFile>, Unavailable> {
        let toml = self.find(&format!("J#{version}"), "toml").await?;
        Ok(toml.map(|toml| StoredFile { version: version.to_owned(), toml }))
    }

    /// Puts a file in force again that was in force before. Conversations that wait keep their copy.
    ///
    /// # Errors
    /// When there is no such version, or it does not read any more, or the table does not answer.
    pub async fn roll_back(&self, version: &str) -> Result<(), PushError> {
        let refused = |detail: &str| PushError::Refused(vec![Finding::error(version, detail)]);
        let file = self.file(version).await?.ok_or_else(|| refused("there is no such version"))?;
        Config::stored(&file.toml).map_err(|finding| PushError::Refused(vec![finding]))?;
        Ok(self.put_in_force(version, None, "rollback").await?)
    }

    /// What was put in force and when, the newest first, at most 100.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn history(&self) -> Result<Vec<Change>, Unavailable> {
        let (client, table) = self.table.parts();
        let answer = client
            .query()
            .table_name(table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text("J#history"))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(100)
            .send()
            .await
            .map_err(|error| unavailable("dynamodb:Query", &error))?;
        let field = |item: &HashMap<String, AttributeValue>, name: &str| {
            item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
        };
        let change = |item: &HashMap<String, AttributeValue>| Change {
            at: field(item, "at"),
            version: field(item, "version"),
            by: field(item, "by"),
        };
        Ok(answer.items().iter().map(change).collect())
    }

    /// One transaction: the file, the line in the history, the pointer.
    async fn put_in_force(&self, version: &str, toml: Option<&str>, by: &str) -> Result<(), Unavailable> {
        let now = self.clock.now();
        let at = to_rfc3339(now);
        let (client, table) = self.table.parts();
        let put = |pk: String, sk: &str, fields: &[(&str, &str)]| {
            let mut item = HashMap::from([
                ("pk".to_owned(), text(&pk)),
                ("sk".to_owned(), text(sk)),
                ("v".to_owned(), AttributeValue::N("1".to_owned())),
                ("at".to_owned(), text(&at)),
            ]);
            item.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), text(value))));
            let put = Put::builder().table_name(table).set_item(Some(item)).build();
            put.map(|put| TransactWriteItem::builder().put(put).build()).map_err(|_| Unavailable {
                operation: "dynamodb:TransactWriteItems",
                reason: "the put could not be built".to_owned(),
            })
        };
        let exactly = now.to_rfc3339_opts(SecondsFormat::Micros, true);
        let mut items = vec![
            put(
                "J#history".to_owned(),
                &format!("{exactly}#{version}"),
                &[("version", version), ("by", by)],
            )?,
            put("J#current".to_owned(), "J", &[("version", version)])?,
        ];
        if let Some(toml) = toml {
            items.push(put(format!("J#{version}"), "J", &[("toml", toml)])?);
        }
        client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await
            .map(drop)
            .map_err(|error| unavailable("dynamodb:TransactWriteItems", &error))
    }

    async fn get(&self, pk: &str, attribute: &str) -> Result<String, Unavailable> {
        self.find(pk, attribute).await?.ok_or_else(|| Unavailable {
            operation: "dynamodb:GetItem",
            reason: "no journeys have been pushed".to_owned(),
        })
    }

    async fn find(&self, pk: &str, attribute: &str) -> Result<Option<String>, Unavailable> {
        let (client, table) = self.table.parts();
        let answer = client
            .get_item()
            .table_name(table)
            .key("pk", text(pk))
            .key("sk", text("J"))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("dynamodb:GetItem", &error))?;
        let value = answer.item.as_ref().and_then(|item| item.get(attribute));
        Ok(value.and_then(|value| value.as_s().ok()).cloned())
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

impl<K: Clock> JourneySource for JourneyStore<K> {
    async fn current(&self) -> Result<CurrentJourneys, Unavailable> {
        let now = self.clock.now();
        let version = self.pointer.get(now, self.get("J#current", "version")).await?;
        if let Some((_, file)) = self.file.peek()
            && file.version == version
        {
            return Ok(file);
        }
        let toml = self.get(&format!("J#{version}"), "toml").await?;
        let broken = |_| Unavailable {
            operation: "dynamodb:GetItem",
            reason: "the stored journeys do not read".to_owned(),
        };
        let journeys = Arc::new(Config::stored(&toml).map_err(broken)?);
        let current = CurrentJourneys { version, journeys };
        self.file.put(now, current.clone());
        Ok(current)
    }
}

impl<K: Clock> SendingRules for JourneyStore<K> {
    async fn rules(&self) -> Result<Arc<Config>, Unavailable> {
        Ok(self.current().await?.journeys)
    }
}
