//! Ports of the operators' settings: the switch, the keys, the journeys.

use std::future::Future;
use std::sync::Arc;

use super::unavailable::Unavailable;
use crate::conversation::step::Switch;
use crate::journeys::Config;
use crate::values::secret::SecretText;

/// The operators' switch.
pub trait SendingSwitch: Send + Sync {
    /// Returns the setting, at most 30 s old; `Unreadable` if it cannot be read.
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

    /// Fetches the keys again after no key matched, and returns whether it did. MUST fetch at most every
    /// 30 s, because otherwise each wrong key of a stranger would cause a call to the secret store.
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
    /// When no journeys are available.
    fn current(&self) -> impl Future<Output = Result<CurrentJourneys, Unavailable>> + Send;
}

/// The journeys in force.
#[derive(Debug, Clone)]
pub struct CurrentJourneys {
    /// The version of the file.
    pub version: String,
    /// The content of the file.
    pub journeys: Arc<Config>,
}
