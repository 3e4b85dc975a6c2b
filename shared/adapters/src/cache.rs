//! A cache of one value with a maximum age.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Stores one value and the time at which it was fetched.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    max_age: TimeDelta,
    entry: Mutex<Option<(DateTime<Utc>, T)>>,
}

impl<T: Clone> Cache<T> {
    pub(crate) const fn new(max_age: TimeDelta) -> Self {
        Self { max_age, entry: Mutex::new(None) }
    }

    /// Returns the value, and fetches it again when it is too old. A maximum age of zero always fetches.
    pub(crate) async fn get<E>(
        &self,
        now: DateTime<Utc>,
        fetch: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if let Some((at, value)) = self.peek()
            && now - at < self.max_age
            && now >= at
        {
            return Ok(value);
        }
        let value = fetch.await?;
        self.put(now, value.clone());
        Ok(value)
    }

    pub(crate) fn peek(&self) -> Option<(DateTime<Utc>, T)> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn put(&self, now: DateTime<Utc>, value: T) {
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, value));
    }
}
