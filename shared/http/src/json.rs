//! JSON, read strictly: duplicate keys, NUL characters and deep nesting are violations, numbers keep
//! their literal, and null counts as absent.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::violations::{Violations, child};

/// Deeper than any body of the contract, shallower than any stack.
const MAX_DEPTH: usize = 64;

/// A JSON value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `true` or `false`.
    Bool(bool),
    /// A number's literal.
    Number(String),
    /// A string.
    String(String),
    /// An array; nulls stay, because the places count.
    Array(Vec<Option<Json>>),
    /// An object in the order of the text, without the members that are null.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a body. Violations are added with their places; `None` when there is nothing to go on.
    pub fn parse(bytes: &[u8], violations: &mut Violations) -> Option<Self> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            violations.add("", "malformed_json", "the body is not UTF-8");
            return None;
        };
        let raw: &RawValue = match serde_json::from_str(text) {
            Ok(raw) => raw,
            Err(error) => {
                let detail =
                    format!("the body is not JSON (line {}, column {})", error.line(), error.column());
                violations.add("", "malformed_json", detail);
                return None;
            }
        };
        if raw.get() == "null" {
            violations.add("", "type", "must not be null");
        }
        read(raw, "", 0, violations)
    }

    /// A member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The members, if it is an object.
    #[must_use]
    pub fn members(&self) -> Option<&[(String, Self)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The same object with one of its strings in lower case.
    #[must_use]
    pub fn with_lower_case(&self, key: &str) -> Self {
        let mut copy = self.clone();
        if let Self::Object(members) = &mut copy {
            for (name, value) in members {
                if let (true, Self::String(text)) = (name == key, value) {
                    text.make_ascii_lowercase();
                }
            }
        }
        copy
    }

    /// RFC 8785 canonical bytes; `None` for a number that no double holds.
    #[must_use]
    pub fn canonical(&self) -> Option<Vec<u8>> {
        serde_json_canonicalizer::to_vec(&self.to_value()?).ok()
    }

    /// SHA-256 of the canonical bytes, in hexadecimal.
    #[must_use]
    pub fn canonical_hash(&self) -> Option<String> {
        Some(hex::encode(Sha256::digest(self.canonical()?)))
    }

    fn to_value(&self) -> Option<Value> {
        Some(match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(literal) => {
                Value::from(literal.parse::<f64>().ok().filter(|number| number.is_finite())?)
            }
            Self::String(text) => Value::String(text.clone()),
            Self::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.as_ref().map_or(Some(Value::Null), Self::to_value))
                    .collect::<Option<_>>()?,
            ),
            Self::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, value)| Some((key.clone(), value.to_value()?)))
                    .collect::<Option<Map<_, _>>>()?,
            ),
        })
    }
}

/// Reads one value from its text; nested values are read from theirs. `None` for null and for what
/// broke a rule.
fn read(raw: &RawValue, pointer: &str, depth: usize, violations: &mut Violations) -> Option<Json> {
    let text = raw.get();
    if depth > MAX_DEPTH {
        violations.add(top(pointer), "too_deep", format!("the body nests deeper than {MAX_DEPTH} levels"));
        return None;
    }
    match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = readable(text, pointer, violations)?;
            let mut object: Vec<(String, Json)> = Vec::with_capacity(members.len());
            let mut seen = std::collections::HashSet::with_capacity(members.len());
            for (key, value) in members {
                let place = child(pointer, &key);
                if key.contains('\0') {
                    violations.add(pointer, "nul_character", "a name contains the NUL character");
                } else if !seen.insert(key.clone()) {
                    violations.add(place, "duplicate_key", "the name stands twice in one object");
                } else if let Some(value) = read(value, &place, depth + 1, violations) {
                    object.push((key, value));
                }
            }
            Some(Json::Object(object))
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = readable(text, pointer, violations)?;
            let read = |(index, item)| read(item, &format!("{pointer}/{index}"), depth + 1, violations);
            Some(Json::Array(items.into_iter().enumerate().map(read).collect()))
        }
        Some(b'"') => {
            let string: String = readable(text, pointer, violations)?;
            if string.contains('\0') {
                violations.add(pointer, "nul_character", "the text contains the NUL character");
                return None;
            }
            Some(Json::String(string))
        }
        Some(b't') => Some(Json::Bool(true)),
        Some(b'f') => Some(Json::Bool(false)),
        Some(b'n') | None => None,
        Some(_) => {
            if text.parse::<f64>().is_ok_and(f64::is_finite) {
                Some(Json::Number(text.to_owned()))
            } else {
                violations.add(pointer, "out_of_range", "the number is larger than a double can hold");
                None
            }
        }
    }
}

/// The first two levels of a place: enough to find what nests too deep, and one place for all of it.
fn top(pointer: &str) -> String {
    pointer.split('/').skip(1).take(2).map(|level| format!("/{level}")).collect()
}

/// Decodes a string. Flaws that `RawValue` does not detect, such as a lone surrogate, are found here.
fn readable<'a, T: Deserialize<'a>>(text: &'a str, pointer: &str, violations: &mut Violations) -> Option<T> {
    serde_json::from_str(text)
        .map_err(|_| violations.add(pointer, "malformed_json", "the text is not valid JSON"))
        .ok()
}

/// An object's members in order, duplicates kept.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
                Err(de::Error::custom("an array where an object is expected"))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(body: &str) -> Vec<(String, &'static str)> {
        let mut violations = Violations::default();
        Json::parse(body.as_bytes(), &mut violations);
        violations.into_sorted().into_iter().map(|violation| (violation.pointer, violation.code)).collect()
    }

    #[test]
    fn numbers_keep_their_literal() {
        let mut violations = Violations::default();
        let json = Json::parse(br#"{"a":185.00000000000000000001,"b":1e2,"c":-0}"#, &mut violations).unwrap();
        assert_eq!(json.get("a"), Some(&Json::Number("185.00000000000000000001".into())));
        assert_eq!(json.get("b"), Some(&Json::Number("1e2".into())));
        assert_eq!(json.get("c"), Some(&Json::Number("-0".into())));
        assert!(violations.is_empty());
    }

    #[test]
    fn null_counts_as_absent() {
        let mut violations = Violations::default();
        let with = Json::parse(br#"{"b":1.0,"n":null,"a":{"x":null}}"#, &mut violations).unwrap();
        let without = Json::parse(br#"{"a":{},"b":1}"#, &mut violations).unwrap();
        assert_eq!(with.canonical_hash(), without.canonical_hash());
        assert_eq!(without.canonical().unwrap(), br#"{"a":{},"b":1}"#);
    }

    #[test]
    fn every_breach_is_named_with_its_place() {
        let deep = format!("{{\"a\":[1,{}1,2{}]}}", "[".repeat(80), "]".repeat(80));
        let very_deep = "[".repeat(60_000);
        for (body, expected) in [
            ("", vec![("", "malformed_json")]),
            ("{", vec![("", "malformed_json")]),
            ("{} {}", vec![("", "malformed_json")]),
            (r#"{"a":1,"a":2}"#, vec![("/a", "duplicate_key")]),
            (r#"{"a":{"b":1,"b":1},"c":"\u0000"}"#, vec![("/a/b", "duplicate_key"), ("/c", "nul_character")]),
            (r#"{"\u0000":1}"#, vec![("", "nul_character")]),
            (r#"{"a":"\ud800"}"#, vec![("/a", "malformed_json")]),
            (r#"{"a":1e400}"#, vec![("/a", "out_of_range")]),
            (&deep, vec![("/a/1", "too_deep")]),
            ("null", vec![("", "type")]),
            (&very_deep, vec![("", "malformed_json")]),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(place, code)| (place.to_owned(), code)).collect();
            assert_eq!(codes(body), expected, "{}", &body[..body.len().min(40)]);
        }
    }

    proptest! {
        #[test]
        fn no_body_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut violations = Violations::default();
            let _ = Json::parse(&bytes, &mut violations);
        }
    }
}
