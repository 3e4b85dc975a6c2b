//! The journeys in force: `journeys.toml`, stored in the table by version.
//!
//! `J#<version>` holds a file permanently, `J#current` names the version in force, and `J#history` has one
//! item for each change. Rolling back is therefore as small a write as a push.

use std::sync::Arc;

use chrono::TimeDelta;
use messaging::journeys::{Config, Finding, version_of};
use messaging::ports::{CurrentJourneys, JourneySource, SendingRules, Unavailable};
use messaging::values::clock::{Clock, to_rfc3339};
use serde::{Deserialize, Serialize};

use crate::cache::Cache;
use crate::table::{Key, Partition, Table, Write, put};

/// The store of the journeys: a few items of the table, and a cache of the file in force.
pub struct JourneyStore<K> {
    table: Table,
    pointer: Cache<String>,
    file: Cache<CurrentJourneys>,
    clock: K,
}

/// A journeys file as the table stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The version of the file: a digest of its text.
    pub version: String,
    /// The text of the file as it was pushed.
    pub toml: String,
}

/// One change of the version in force: an item of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// The time of the change (RFC 3339, UTC).
    pub at: String,
    /// The version that came into force.
    pub version: String,
    /// The command that made the change: `push` or `rollback`.
    pub by: String,
}

/// The item that holds a file.
#[derive(Serialize, Deserialize)]
struct FileItem {
    #[serde(default)]
    at: String,
    toml: String,
}

/// The item that names the version in force.
#[derive(Serialize, Deserialize)]
struct CurrentItem {
    #[serde(default)]
    at: String,
    version: String,
}

/// The size of the largest file in bytes; an item of the table holds 400 KB.
const FILE_LIMIT: usize = 256 * 1024;

/// The number of changes that the history shows.
const HISTORY_LIMIT: i32 = 100;

/// The reason why a file was not put in force.
#[derive(Debug)]
pub enum PushError {
    /// The file has errors, which are listed.
    Refused(Vec<Finding>),
    /// The file could not be stored.
    Unavailable(Unavailable),
}

impl From<Unavailable> for PushError {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl<K: Clock> JourneyStore<K> {
    /// Creates the store of the journeys in a table. A change of the version in force is
    /// seen up to `max_age` late (60 s on AWS).
    #[must_use]
    pub fn new(table: Table, max_age: TimeDelta, clock: K) -> Self {
        Self { table, pointer: Cache::new(max_age), file: Cache::new(TimeDelta::MAX), clock }
    }

    /// Checks a file, stores it and puts it in force, all or nothing. Safe to repeat: pushing the file that
    /// is in force changes nothing.
    ///
    /// # Errors
    /// See [`PushError`]. A refused file changes nothing.
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

    /// Returns the file in force, as it was pushed; `None` before the first push.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn in_force(&self) -> Result<Option<StoredFile>, Unavailable> {
        match self.current_version().await? {
            Some(version) => self.file(&version).await,
            None => Ok(None),
        }
    }

    /// Returns the file with a version; `None` where there is none.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn file(&self, version: &str) -> Result<Option<StoredFile>, Unavailable> {
        let item: Option<FileItem> = self.table.read(Key::journeys(version)).await?;
        Ok(item.map(|item| StoredFile { version: version.to_owned(), toml: item.toml }))
    }

    /// Puts an earlier file in force again. Waiting conversations keep their own copy.
    ///
    /// # Errors
    /// When there is no such version, this code cannot read it any more, or the table cannot be used.
    pub async fn roll_back(&self, version: &str) -> Result<(), PushError> {
        let refused = |detail: &str| PushError::Refused(vec![Finding::error(version, detail)]);
        let file = self.file(version).await?.ok_or_else(|| refused("there is no such version"))?;
        Config::stored(&file.toml).map_err(|finding| PushError::Refused(vec![finding]))?;
        Ok(self.put_in_force(version, None, "rollback").await?)
    }

    /// Returns the changes of the version in force, newest first, at most 100.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn history(&self) -> Result<Vec<Change>, Unavailable> {
        self.table.last_items(Partition::journeys_history(), HISTORY_LIMIT).await
    }

    /// Makes one transaction: the change for the history, the version in force, and the file if it is new.
    async fn put_in_force(&self, version: &str, toml: Option<&str>, by: &str) -> Result<(), Unavailable> {
        let now = self.clock.now();
        let at = to_rfc3339(now);
        let change = Change { at: at.clone(), version: version.to_owned(), by: by.to_owned() };
        let current = CurrentItem { at: at.clone(), version: version.to_owned() };
        let mut writes: Vec<Write> =
            vec![put(Key::journeys_change(now, version), &change), put(Key::current_journeys(), &current)];
        if let Some(toml) = toml {
            let file = FileItem { at, toml: toml.to_owned() };
            writes.push(put(Key::journeys(version), &file));
        }
        self.table.transact(writes).await.map(drop)
    }

    async fn current_version(&self) -> Result<Option<String>, Unavailable> {
        let item: Option<CurrentItem> = self.table.read(Key::current_journeys()).await?;
        Ok(item.map(|item| item.version))
    }
}

impl<K: Clock> JourneySource for JourneyStore<K> {
    async fn current(&self) -> Result<CurrentJourneys, Unavailable> {
        let now = self.clock.now();
        let read_version =
            async { self.current_version().await?.ok_or_else(|| unusable("no journeys have been pushed")) };
        let version = self.pointer.get(now, read_version).await?;
        if let Some((_, file)) = self.file.peek()
            && file.version == version
        {
            return Ok(file);
        }
        let file = self.file(&version).await?.ok_or_else(|| unusable("no journeys have been pushed"))?;
        let config =
            Config::stored(&file.toml).map_err(|_| unusable("the stored journeys cannot be read"))?;
        let current = CurrentJourneys { version, journeys: Arc::new(config) };
        self.file.put(now, current.clone());
        Ok(current)
    }
}

fn unusable(reason: &str) -> Unavailable {
    Unavailable { operation: "dynamodb:GetItem", reason: reason.to_owned() }
}

impl<K: Clock> SendingRules for JourneyStore<K> {
    async fn rules(&self) -> Result<Arc<Config>, Unavailable> {
        Ok(self.current().await?.journeys)
    }
}
