//! India's registry of texts (DLT): operators drop a text that names no registered template, or another one's.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The registry's id of a template: 1 to 30 digits (19 as a rule).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DltTemplateId(String);

/// The text is no id of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected the id of a DLT template: digits only")]
pub struct InvalidDltTemplateId;

impl DltTemplateId {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DltTemplateId {
    type Error = InvalidDltTemplateId;
    fn try_from(text: String) -> Result<Self, InvalidDltTemplateId> {
        let is_one = (1..=30).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if is_one { Ok(Self(text)) } else { Err(InvalidDltTemplateId) }
    }
}

impl From<DltTemplateId> for String {
    fn from(id: DltTemplateId) -> Self {
        id.0
    }
}
