//! Names of things: sources, conversations, steps, executions.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

/// Why a name was refused. Names are ours or ids, never personal, so the message may quote the rule
/// but still does not echo the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected {0}")]
pub struct NameError(&'static str);

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $max:literal, $rule:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the name's alphabet and length.
            ///
            /// # Errors
            /// Names the rule that was broken.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                let allowed: fn(char) -> bool = $allowed;
                if text.is_empty() || text.len() > $max || !text.chars().all(allowed) {
                    return Err(NameError($rule));
                }
                Ok(Self(text))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

const fn lower_word(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

name!(
    /// Who calls: `sms`, `trigger`, `messages`, `calendly`, or a source declared in `journeys.toml`.
    SourceName, 20, "a source name: 1 to 20 of a-z, 0-9, _", lower_word
);
name!(
    /// What a consent is about: `promotional` (all advertising), or a program of `journeys.toml`.
    Scope, 40, "a scope: 1 to 40 of a-z, 0-9, _", lower_word
);
name!(
    /// The name of a journey in `journeys.toml`.
    JourneyName, 40, "a journey name: 1 to 40 of a-z, 0-9, _", lower_word
);
name!(
    /// One text of a journey: `text`, `confirmation`, `follow_up`, `reminder`.
    ///
    /// At most 20 characters, so that `<conversation>.<step>` fits the 80 of an execution name.
    StepName, 20, "a step name: 1 to 20 of a-z, 0-9, _", lower_word
);
name!(
    /// What one event opened: `<source>-<uuid>` or `<source>-<32 hex>`. Deterministic, so that the
    /// same event always finds the same conversation; personal data cannot be read from it.
    ConversationId, 57, "a conversation id: <source>-<id>", |c| lower_word(c) || c == '-'
);

impl Scope {
    /// All advertising.
    #[must_use]
    pub fn promotional() -> Self {
        Self("promotional".to_owned())
    }

    /// Every text: what STOP is about.
    #[must_use]
    pub fn everything() -> Self {
        Self("everything".to_owned())
    }
}

impl SourceName {
    /// A name that stands in the code; whoever uses one has a test that [`SourceName::new`] takes it.
    #[must_use]
    pub fn fixed(name: &'static str) -> Self {
        Self(name.to_owned())
    }
}

impl ConversationId {
    /// The conversation of an event whose source names it by a UUID.
    #[must_use]
    pub fn from_uuid(source: &SourceName, id: Uuid) -> Self {
        Self(format!("{source}-{}", id.as_hyphenated()))
    }

    /// The conversation of an event whose source's id is any other text: the first 32 hexadecimal
    /// digits of its SHA-256.
    #[must_use]
    pub fn from_key(source: &SourceName, key: &str) -> Self {
        let digest = hex::encode(Sha256::digest(key.as_bytes()));
        Self(format!("{source}-{}", &digest[..32]))
    }

    /// The conversation of an event by the source's id: as a UUID where it is one (lower-cased),
    /// by its digest otherwise.
    #[must_use]
    pub fn from_event_id(source: &SourceName, id: &str) -> Self {
        match hyphenated_uuid(id) {
            Some(uuid) => Self::from_uuid(source, uuid),
            None => Self::from_key(source, id),
        }
    }

    /// The source part: everything before the first hyphen.
    #[must_use]
    pub fn source(&self) -> &str {
        self.0.split_once('-').map_or("", |(source, _)| source)
    }
}

/// A UUID in the one spelling that sources use: 36 characters with hyphens, any case.
#[must_use]
pub fn hyphenated_uuid(text: &str) -> Option<Uuid> {
    if text.len() != 36 {
        return None;
    }
    Uuid::try_parse(text).ok()
}

/// The name of a step's execution, `<conversation id>.<step>`: at most 80 characters of Step
/// Functions' alphabet.
#[must_use]
pub fn execution_name(conversation: &ConversationId, step: &StepName) -> String {
    format!("{conversation}.{step}")
}

/// The name of a step's further execution, `<conversation id>.<step>.r<number>`, after it was shown not
/// to have been delivered.
///
/// # Errors
/// When it has more than the 80 characters that Step Functions allows: a step whose name is longer than
/// the lint lets pass today.
pub fn rerun_name(conversation: &ConversationId, step: &StepName, number: u32) -> Result<String, NameError> {
    let name = format!("{conversation}.{step}.r{number}");
    if name.len() <= 80 { Ok(name) } else { Err(NameError("an execution's name: at most 80 characters")) }
}

/// The conversation and the step that an execution's name tells, first or further.
#[must_use]
pub fn step_of_execution(name: &str) -> Option<(ConversationId, StepName)> {
    let mut parts = name.split('.');
    let conversation = ConversationId::new(parts.next()?).ok()?;
    let step = StepName::new(parts.next()?).ok()?;
    let rerun = parts
        .next()
        .is_none_or(|rerun| rerun.strip_prefix('r').is_some_and(|number| number.parse::<u32>().is_ok()));
    (rerun && parts.next().is_none()).then_some((conversation, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str) -> SourceName {
        SourceName::new(name).unwrap()
    }

    #[test]
    fn uuids_are_lower_cased_and_other_ids_hashed() {
        let id = ConversationId::from_event_id(&source("sms"), "6F1C2D9E-3B64-4F0A-9D2E-0A1B2C3D4E5F");
        assert_eq!(id.as_str(), "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f");
        let id = ConversationId::from_event_id(&source("trigger"), "order 17");
        assert_eq!(id.as_str(), "trigger-0bcc920e3938c1b86e3483fc9888c6d6");
        assert_eq!(id.as_str().len(), "trigger-".len() + 32);
        assert_eq!(id.source(), "trigger");
    }

    #[test]
    fn the_longest_names_fit_an_execution_name() {
        let id = ConversationId::from_key(&source(&"s".repeat(20)), "x");
        let uuid = ConversationId::from_uuid(&source(&"s".repeat(20)), Uuid::nil());
        let step = StepName::new("t".repeat(20)).unwrap();
        assert!(execution_name(&id, &step).len() <= 80);
        assert!(execution_name(&uuid, &step).len() <= 80);
    }

    #[test]
    fn names_refuse_what_could_be_anything_else() {
        for bad in ["", "Upper", "with space", "ünï", "a/b", &"a".repeat(21)] {
            assert!(StepName::new(bad).is_err(), "{bad:?}");
        }
        assert!(hyphenated_uuid("{6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f}").is_none());
        assert!(hyphenated_uuid("6f1c2d9e3b644f0a9d2e0a1b2c3d4e5f").is_none());
    }
}
