//! The violations of a body: for each the pointer, the kind and the rule, never the value.

use serde::Serialize;

/// One breach of the contract.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Violation {
    /// The JSON pointer (RFC 6901) of the value; empty for the whole body.
    pub pointer: String,
    /// The kind of violation: `required`, `type`, `unknown_field`, ...
    pub code: &'static str,
    /// The rule, in a sentence.
    pub detail: String,
}

/// Collects breaches while a body is read, so that the caller learns of all of them at once.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// Notes a breach.
    pub fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(Violation { pointer: pointer.into(), code, detail: detail.into() });
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something at this place is wrong already.
    #[must_use]
    pub fn names(&self, pointer: &str) -> bool {
        self.0.iter().any(|violation| violation.pointer == pointer)
    }

    /// All breaches, in the order of their places.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Violation> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}

/// A pointer one level down, with `~` and `/` escaped as RFC 6901 says. A key that is no plain word
/// of a reasonable length is not repeated, because keys can carry personal data too.
#[must_use]
pub fn child(parent: &str, key: &str) -> String {
    let is_plain = key.len() <= 64 && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.~/".contains(c));
    let has_long_number = key.as_bytes().windows(6).any(|w| w.iter().all(u8::is_ascii_digit));
    if !is_plain || has_long_number {
        return format!("{parent}/…");
    }
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}
