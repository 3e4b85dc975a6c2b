//! Ports of what operators set: the switch, the keys, the journeys.

use std::future::Future;
use std::sync::Arc;

use super::unavailable::Unavailable;
use crate::conversation::step::Switch;
use crate::journeys::Config;
use crate::values::secret::SecretText;

/// The operators' switch.
pub trait SendingSwitch: Send + Sync {
    /// Returns the setting, at most 30 s old; `Unreadable` when that cannot be found out.
    fn read(&self) -> impl Future<Output = Switch> + Send;
}

/// A source of keys and tokens: named entries, each a list with the newest first, so that a key
/// can be replaced without downtime.
pub trait KeyRing: Send + Sync {
    /// Returns the keys of an entry; empty when there is no such entry.
    ///
    /// # Errors
    /// When the keys are not available.
    fn keys(&self, entry: &str) -> impl Future<Output = Result<Vec<SecretText>, Unavailable>> + Send;

    /// Called when no key fitted: fetches the keys again, and returns whether it did. MUST fetch at most
    /// every 30 s, or a stranger's wrong keys would become our calls to the secret store.
    ///
    /// # Errors
    /// When the keys are not available.
    fn refresh(&self) -> impl Future<Output = Result<bool, Unavailable>> + Send;
}

impl<K: KeyRing> KeyRing for Arc<K> {
    fn keys(&self, entry: &str) -> impl Future<Output = Result<Vec<SecretText>, Unavailable>> + Send {
        (**self).keys(entry)
    }

    fn refresh(&self) -> impl Future<Output = Result<bool, Unavailable>> + Send {
        (**self).refresh()
    }
}

/// A source of the journeys.
pub trait JourneySource: Send + Sync {
    /// Returns the current journeys and their version, at most 60 s old.
    ///
    /// # Errors
    /// When none are available.
    fn current(&self) -> impl Future<Output = Result<CurrentJourneys, Unavailable>> + Send;
}

/// The journeys in force.
#[derive(Debug, Clone)]
pub struct CurrentJourneys {
    /// Their version.
    pub version: String,
    /// The file.
    pub journeys: Arc<Config>,
}
