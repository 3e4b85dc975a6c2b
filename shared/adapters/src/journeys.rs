//! The journeys in force: `journeys.toml`, stored in the table by version.
//!
//! `J#<version>` holds a file for good, `J#current` names the one in force: a push is one small
//! write, and going back is another.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use messaging::clock::{Clock, to_rfc3339};
use messaging::journeys::{Finding, Journeys, version_of};
use messaging::ports::{CurrentJourneys, JourneySource, Unavailable};

use crate::cache::Cache;
use crate::conversations::Table;
use crate::failure::unavailable;

/// The journeys' items in the table.
pub struct JourneyStore<K> {
    table: Table,
    pointer: Cache<String>,
    file: Cache<CurrentJourneys>,
    clock: K,
}

/// Why a file was not put in force.
#[derive(Debug)]
pub enum PushError {
    /// It has errors.
    Refused(Vec<Finding>),
    /// It could not be stored.
    Unavailable(Unavailable),
}

impl<K: Clock> JourneyStore<K> {
    /// The journeys in a table; which file is in force may be known `max_age` late (60 s on AWS).
    #[must_use]
    pub fn new(table: Table, max_age: TimeDelta, clock: K) -> Self {
        Self { table, pointer: Cache::new(max_age), file: Cache::new(TimeDelta::MAX), clock }
    }

    /// Lints a file, stores it and puts it in force. Safe to repeat.
    ///
    /// # Errors
    /// See [`PushError`]; a refused file changes nothing.
    pub async fn push(&self, toml: &str) -> Result<String, PushError> {
        Journeys::from_toml(toml).map_err(PushError::Refused)?;
        let version = version_of(toml);
        let at = to_rfc3339(self.clock.now());
        self.put(&format!("J#{version}"), "toml", toml, &at).await.map_err(PushError::Unavailable)?;
        self.put("J#current", "version", &version, &at).await.map_err(PushError::Unavailable)?;
        Ok(version)
    }

    async fn put(&self, pk: &str, attribute: &str, value: &str, at: &str) -> Result<(), Unavailable> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let (client, table) = self.table.parts();
        client
            .put_item()
            .table_name(table)
            .item("pk", text(pk))
            .item("sk", text("J"))
            .item("v", AttributeValue::N("1".to_owned()))
            .item(attribute, text(value))
            .item("at", text(at))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| unavailable("dynamodb:PutItem", &error))
    }

    async fn get(&self, pk: &str, attribute: &str) -> Result<String, Unavailable> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
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
        let value = answer
            .item
            .as_ref()
            .and_then(|item| item.get(attribute))
            .and_then(|value| value.as_s().ok())
            .cloned();
        value.ok_or_else(|| Unavailable {
            operation: "dynamodb:GetItem",
            reason: "no journeys have been pushed".to_owned(),
        })
    }
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
        let journeys = Arc::new(Journeys::from_toml(&toml).map_err(broken)?);
        let current = CurrentJourneys { version, journeys };
        self.file.put(now, current.clone());
        Ok(current)
    }
}
