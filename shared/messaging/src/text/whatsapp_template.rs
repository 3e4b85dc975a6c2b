//! WhatsApp templates: their words are at the provider, what fills their numbered places is ours.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Twilio's id of a template: `HX` and 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentSid(String);

/// The text is no id of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a Content SID: HX and 32 hexadecimal digits")]
pub struct InvalidContentSid;

impl ContentSid {
    /// The id as Twilio spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ContentSid {
    type Error = InvalidContentSid;
    fn try_from(text: String) -> Result<Self, InvalidContentSid> {
        let digits = text.strip_prefix("HX").unwrap_or_default();
        let is_one = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if is_one { Ok(Self(text)) } else { Err(InvalidContentSid) }
    }
}

impl From<ContentSid> for String {
    fn from(sid: ContentSid) -> Self {
        sid.0
    }
}

/// A template and what fills its places. The values are personal data: `Debug` shows the places only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatsappTemplate {
    /// Which template.
    pub sid: ContentSid,
    /// By place: `"1"`, `"2"`, ... A place without a value is left out, and the provider says its own
    /// fallback there; an empty value would be refused (Twilio error 21656).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

impl WhatsappTemplate {
    /// What Twilio takes as `ContentVariables`: a JSON object as text; `None` when no place is filled,
    /// because an empty object is not the same as none.
    #[must_use]
    pub fn variables_json(&self) -> Option<String> {
        if self.variables.is_empty() { None } else { serde_json::to_string(&self.variables).ok() }
    }
}

impl fmt::Debug for WhatsappTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({}, ", self.sid.as_str())?;
        f.debug_set().entries(self.variables.keys()).finish()?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid() -> ContentSid {
        ContentSid::try_from(format!("HX{}", "0".repeat(32))).unwrap()
    }

    #[test]
    fn an_id_has_its_form() {
        for wrong in
            ["", "HX", "HX123", "MG00000000000000000000000000000000", "HX0000000000000000000000000000000g"]
        {
            assert_eq!(ContentSid::try_from(wrong.to_owned()), Err(InvalidContentSid), "{wrong}");
        }
        assert_eq!(sid().as_str().len(), 34);
    }

    #[test]
    fn no_variables_are_no_parameter() {
        let empty = WhatsappTemplate { sid: sid(), variables: BTreeMap::new() };
        assert_eq!(empty.variables_json(), None);
        let variables = BTreeMap::from([("2".to_owned(), "Zoe \"Z\"".to_owned())]);
        let filled = WhatsappTemplate { sid: sid(), variables };
        assert_eq!(filled.variables_json().as_deref(), Some(r#"{"2":"Zoe \"Z\""}"#));
        assert!(!format!("{filled:?}").contains("Zoe"));
    }
}
