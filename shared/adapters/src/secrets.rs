//! Keys and tokens from Secrets Manager: one JSON secret, each entry a string or a list.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use messaging::ports::{KeyRing, Unavailable};
use messaging::values::clock::Clock;
use messaging::values::secret::SecretText;
use serde_json::Value;

use crate::cache::Cache;
use crate::connection::{Connection, configured};
use crate::failure::unavailable;

const OPERATION: &str = "secretsmanager:GetSecretValue";

/// The longest time for which keys are cached while they match: a removed key stops working after it.
const MAX_AGE: TimeDelta = TimeDelta::minutes(5);
/// The shortest time between two fetches that unknown keys cause.
const REFRESH_AT_MOST_EVERY: TimeDelta = TimeDelta::seconds(30);

type Entries = Arc<HashMap<String, Vec<SecretText>>>;

/// The keys of the installation's secret, with a cache.
pub struct Secrets<K> {
    client: aws_sdk_secretsmanager::Client,
    secret_id: String,
    cache: Cache<Entries>,
    /// The time of the last fetch that an unknown key caused, successful or not.
    refreshed_at: Mutex<Option<DateTime<Utc>>>,
    clock: K,
}

impl<K: Clock> Secrets<K> {
    /// Creates a client for the secret with this name or ARN.
    #[must_use]
    pub fn new(connection: &Connection, secret_id: impl Into<String>, clock: K) -> Self {
        let client = configured!(aws_sdk_secretsmanager, connection);
        Self {
            client,
            secret_id: secret_id.into(),
            cache: Cache::new(MAX_AGE),
            refreshed_at: Mutex::default(),
            clock,
        }
    }

    /// Returns the newest key of a required entry.
    ///
    /// # Errors
    /// When the secret is not available or lacks the entry.
    pub async fn newest(&self, entry: &str) -> Result<SecretText, Unavailable> {
        let missing = || Unavailable { operation: OPERATION, reason: "an entry is missing".to_owned() };
        self.keys(entry).await?.into_iter().next().ok_or_else(missing)
    }

    /// Returns whether an unknown key may cause a fetch now. Each `true` counts as a fetch, so that a failed
    /// one is not repeated at once either.
    fn may_refresh(&self, now: DateTime<Utc>) -> bool {
        let is_recent = |at: DateTime<Utc>| now - at < REFRESH_AT_MOST_EVERY;
        let mut refreshed_at = self.refreshed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if refreshed_at.is_some_and(is_recent) || self.cache.peek().is_some_and(|(at, _)| is_recent(at)) {
            return false;
        }
        *refreshed_at = Some(now);
        true
    }

    async fn fetch(&self) -> Result<Entries, Unavailable> {
        let secret = self
            .client
            .get_secret_value()
            .secret_id(&self.secret_id)
            .send()
            .await
            .map_err(|error| unavailable(OPERATION, &error))?;
        let unreadable =
            || Unavailable { operation: OPERATION, reason: "the secret is not a JSON object".to_owned() };
        let document: HashMap<String, Value> =
            serde_json::from_str(secret.secret_string().unwrap_or_default()).map_err(|_| unreadable())?;
        Ok(Arc::new(document.into_iter().map(|(entry, value)| (entry, texts(&value))).collect()))
    }
}

impl<K: Clock> KeyRing for Secrets<K> {
    async fn keys(&self, entry: &str) -> Result<Vec<SecretText>, Unavailable> {
        let entries = self.cache.get(self.clock.now(), self.fetch()).await?;
        Ok(entries.get(entry).cloned().unwrap_or_default())
    }

    async fn refresh(&self) -> Result<bool, Unavailable> {
        let now = self.clock.now();
        if !self.may_refresh(now) {
            return Ok(false);
        }
        self.cache.put(now, self.fetch().await?);
        Ok(true)
    }
}

fn texts(value: &Value) -> Vec<SecretText> {
    match value {
        Value::String(text) => SecretText::new(text).into_iter().collect(),
        Value::Array(items) => {
            items.iter().filter_map(Value::as_str).filter_map(|text| SecretText::new(text).ok()).collect()
        }
        _ => Vec::new(),
    }
}
