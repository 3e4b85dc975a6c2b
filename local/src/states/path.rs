//! Reference paths, the part of `JSONPath` with which Step Functions names one value in a document.

use std::fmt;

use serde_json::{Map, Value};

/// The largest array index in a path. On AWS the payload reaches its limit long before.
const MAX_INDEX: usize = 262_144;

/// A reference path such as `$.failure`, `$['odd name']` or `$.list[0]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    steps: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Field(String),
    Index(usize),
}

impl Path {
    /// Parses a reference path.
    ///
    /// # Errors
    /// Returns a sentence that describes the problem: not a path at all, or `JSONPath` that names more than one
    /// value (wildcards, filters, slices), or the context object `$$`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(mut rest) = text.strip_prefix('$') else {
            return Err(format!("`{text}` is not a path: it must start with `$`"));
        };
        if rest.starts_with('$') {
            return Err(format!("`{text}`: the context object is not implemented by the local engine"));
        }
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = part(rest)
                .ok_or_else(|| format!("`{text}`: only reference paths like `$.a.b`, `$['a']` and `$.a[0]` are implemented by the local engine"))?;
            steps.push(step);
            rest = after;
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// Returns the path of the whole document, `$`.
    #[must_use]
    pub fn root() -> Self {
        Self { text: "$".to_owned(), steps: Vec::new() }
    }

    /// Returns the value at this path, if there is one.
    #[must_use]
    pub fn get<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(document, |value, step| match step {
            Part::Field(name) => value.as_object()?.get(name),
            Part::Index(index) => value.as_array()?.get(*index),
        })
    }

    /// Returns `document` with `value` at this path. Missing objects on the way are created.
    ///
    /// # Errors
    /// Fails when a value on the way is neither an object nor a long enough array.
    pub fn put(&self, mut document: Value, value: Value) -> Result<Value, PutError> {
        let mut target = &mut document;
        let mut made = false;
        for step in &self.steps {
            target = match (step, target) {
                (Part::Field(name), Value::Object(map)) => map.entry(name.clone()).or_insert_with(|| {
                    made = true;
                    Value::Null
                }),
                // Only a null that this call created may be replaced; a null in the input is data.
                (Part::Field(name), slot @ Value::Null) if made => {
                    *slot = Value::Object(Map::new());
                    match slot {
                        Value::Object(map) => map.entry(name.clone()).or_insert(Value::Null),
                        _ => return Err(PutError),
                    }
                }
                (Part::Index(index), Value::Array(items)) => items.get_mut(*index).ok_or(PutError)?,
                _ => return Err(PutError),
            };
        }
        *target = value;
        Ok(document)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The error of a value that cannot be stored at a path of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path cannot be applied to the document")]
pub struct PutError;

/// Reads the first part of a path, and returns it with the rest.
fn part(rest: &str) -> Option<(Part, &str)> {
    if let Some(after) = rest.strip_prefix('.') {
        let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        return (!name.is_empty()).then(|| (Part::Field(name.to_owned()), after));
    }
    if let Some(quoted) = rest.strip_prefix("['") {
        let (name, after) = quoted.split_once("']")?;
        return (!name.is_empty() && !name.contains(['\'', '\\']))
            .then(|| (Part::Field(name.to_owned()), after));
    }
    let (digits, after) = rest.strip_prefix('[')?.split_once(']')?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let index: usize = digits.parse().ok()?;
    (index <= MAX_INDEX).then_some((Part::Index(index), after))
}
