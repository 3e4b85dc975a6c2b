//! Reads a JSON object field by field, and collects its problems with their pointers.

use std::cell::RefCell;
use std::fmt;

use serde_json::{Map, Value};

use crate::states::path::Path;

/// A problem of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The JSON pointer to the problem, empty for the whole document. For a placeholder this is its line.
    pub pointer: String,
    /// A sentence that describes the problem.
    pub what: String,
}

impl Problem {
    pub(super) fn new(pointer: &str, what: String) -> Self {
        Self { pointer: pointer.to_owned(), what }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{pointer}: {}", self.what)
    }
}

/// All problems of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the state machine's definition cannot be run:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

/// Collects the problems that several readers find.
#[derive(Default)]
pub(super) struct Report(RefCell<Vec<Problem>>);

impl Report {
    pub(super) fn add(&self, pointer: &str, what: impl Into<String>) {
        self.0.borrow_mut().push(Problem::new(pointer, what.into()));
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// A JSON object from which fields are taken until [`Fields::finish`] rejects the others.
pub(super) struct Fields<'r> {
    pub(super) pointer: String,
    map: Map<String, Value>,
    pub(super) report: &'r Report,
}

impl<'r> Fields<'r> {
    pub(super) fn of(value: Value, pointer: String, report: &'r Report) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self { pointer, map, report }),
            _ => {
                report.add(&pointer, "must be an object");
                None
            }
        }
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.map.contains_key(field)
    }

    pub(super) fn take(&mut self, field: &str) -> Option<Value> {
        self.map.remove(field)
    }

    pub(super) fn at(&self, field: &str) -> String {
        join(&self.pointer, field)
    }

    pub(super) fn problem(&self, field: &str, what: impl Into<String>) {
        self.report.add(&self.at(field), what);
    }

    pub(super) fn missing(&self, field: &str) {
        self.report.add(&self.pointer, format!("`{field}` is missing"));
    }

    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        match self.take(field)? {
            Value::String(text) => Some(text),
            _ => {
                self.problem(field, "must be a string");
                None
            }
        }
    }

    pub(super) fn required_text(&mut self, field: &str) -> Option<String> {
        if !self.has(field) {
            self.missing(field);
        }
        self.text(field)
    }

    pub(super) fn whole(&mut self, field: &str, least: u64, most: u64) -> Option<u64> {
        let value = self.take(field)?;
        let number = value.as_u64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.problem(field, format!("must be a whole number from {least} to {most}"));
        }
        number
    }

    pub(super) fn path(&mut self, field: &str) -> Option<Path> {
        let text = self.text(field)?;
        Path::parse(&text).map_err(|what| self.problem(field, what)).ok()
    }

    /// Returns the objects of an array field, each with its own pointer.
    pub(super) fn objects(&mut self, field: &str) -> Vec<Fields<'r>> {
        let pointer = self.at(field);
        match self.take(field) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                let item = |(index, item)| Fields::of(item, join(&pointer, &format!("{index}")), self.report);
                items.into_iter().enumerate().filter_map(item).collect()
            }
            Some(_) => {
                self.problem(field, "must be an array");
                Vec::new()
            }
        }
    }

    /// Rejects every field that has not been taken.
    pub(super) fn finish(self) {
        for field in self.map.keys() {
            self.problem(field, "not implemented by the local engine");
        }
    }
}

/// Returns the pointer to `key` in the object at `pointer`.
pub(super) fn join(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}
