//! Secrets in memory.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// A key or token that never shows itself: `Debug` redacts, there is no `Display` and no
/// `Serialize`. It is never empty, because an HMAC with an empty key is one that anyone can make.
#[derive(Clone)]
pub struct SecretText(String);

/// A secret of no characters was configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret must not be empty")]
pub struct EmptySecret;

impl SecretText {
    /// Takes a secret as configured.
    ///
    /// # Errors
    /// [`EmptySecret`], also for blanks only: that is a template never filled in.
    pub fn new(text: impl Into<String>) -> Result<Self, EmptySecret> {
        let text = text.into();
        if text.trim().is_empty() { Err(EmptySecret) } else { Ok(Self(text)) }
    }

    /// The secret itself. The name is long so that a review finds each use.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
