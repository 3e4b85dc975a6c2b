//! Conditions, and the paths, values and placeholders of an expression.
//!
//! Every attribute goes through a placeholder, so none can be a reserved word, and every value does, so
//! none can be read as a part of the expression.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use messaging::values::ids::StepName;
use serde::Serialize;

/// The path of an attribute: a name, or names of nested maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(Vec<String>);

impl Path {
    /// `steps.<name>`: where a conversation stores one of its steps.
    pub(super) fn step(name: &StepName) -> Self {
        Self(vec!["steps".to_owned(), name.to_string()])
    }

    /// An attribute of the map at this path.
    pub(super) fn at(mut self, name: &str) -> Self {
        self.0.push(name.to_owned());
        self
    }

    /// Returns whether one path lies at or under the other: DynamoDB refuses to change both at once.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| mine == theirs)
    }
}

impl From<&str> for Path {
    fn from(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }
}

impl From<String> for Path {
    fn from(name: String) -> Self {
        Self(vec![name])
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// Why an expression cannot be built: a mistake in our own code. Names attributes and never shows values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BuildError(pub(super) String);

/// A value as DynamoDB stores it; `None` where it could not be serialized.
#[derive(Debug, Clone)]
pub(super) struct Value(Option<AttributeValue>);

impl Value {
    pub(super) fn of(value: impl Serialize) -> Self {
        Self(serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(value).ok())
    }

    pub(super) fn stored(value: AttributeValue) -> Self {
        Self(Some(value))
    }

    /// Stands for a value that could not be serialized, so that building the write reports it.
    pub(super) fn unserializable() -> Self {
        Self(None)
    }
}

/// A condition on the item as it is stored when the write arrives.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    Exists(Path),
    Absent(Path),
    Compare(Path, &'static str, Value),
    OneOf(Path, Vec<Value>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

/// The attribute is stored.
pub(super) fn exists(path: impl Into<Path>) -> Condition {
    Condition::Exists(path.into())
}

/// The attribute is not stored. `absent("pk")`: there is no such item.
pub(super) fn absent(path: impl Into<Path>) -> Condition {
    Condition::Absent(path.into())
}

pub(super) fn equals(path: impl Into<Path>, value: impl Serialize) -> Condition {
    Condition::Compare(path.into(), "=", Value::of(value))
}

pub(super) fn less(path: impl Into<Path>, value: impl Serialize) -> Condition {
    Condition::Compare(path.into(), "<", Value::of(value))
}

pub(super) fn at_most(path: impl Into<Path>, value: impl Serialize) -> Condition {
    Condition::Compare(path.into(), "<=", Value::of(value))
}

pub(super) fn greater(path: impl Into<Path>, value: impl Serialize) -> Condition {
    Condition::Compare(path.into(), ">", Value::of(value))
}

pub(super) fn at_least(path: impl Into<Path>, value: impl Serialize) -> Condition {
    Condition::Compare(path.into(), ">=", Value::of(value))
}

/// The attribute has one of the values.
pub(super) fn one_of(path: impl Into<Path>, values: &[&str]) -> Condition {
    Condition::OneOf(path.into(), values.iter().map(Value::of).collect())
}

pub(super) fn all(conditions: impl IntoIterator<Item = Condition>) -> Condition {
    Condition::All(conditions.into_iter().collect())
}

pub(super) fn any(conditions: impl IntoIterator<Item = Condition>) -> Condition {
    Condition::Any(conditions.into_iter().collect())
}

impl Condition {
    /// Returns whether the condition can hold only where the item exists.
    pub(super) fn needs_item(&self) -> bool {
        match self {
            Self::Absent(_) => false,
            Self::Exists(_) | Self::Compare(..) | Self::OneOf(..) => true,
            Self::All(conditions) => conditions.iter().any(Self::needs_item),
            Self::Any(conditions) => conditions.iter().all(Self::needs_item),
        }
    }

    pub(super) fn render(&self, placeholders: &mut Placeholders) -> Result<String, BuildError> {
        Ok(match self {
            Self::Exists(path) => format!("attribute_exists({})", placeholders.path(path)),
            Self::Absent(path) => format!("attribute_not_exists({})", placeholders.path(path)),
            Self::Compare(path, operator, value) => {
                format!("{} {operator} {}", placeholders.path(path), placeholders.value(path, value)?)
            }
            Self::OneOf(path, values) => {
                let name = placeholders.path(path);
                let values = values.iter().map(|value| placeholders.value(path, value));
                format!("{name} IN ({})", values.collect::<Result<Vec<_>, _>>()?.join(", "))
            }
            Self::All(conditions) => join(conditions, " AND ", placeholders)?,
            Self::Any(conditions) => join(conditions, " OR ", placeholders)?,
        })
    }
}

/// Joins conditions. DynamoDB refuses redundant parentheses, so only a part with parts of its own has them.
fn join(
    conditions: &[Condition],
    operator: &str,
    placeholders: &mut Placeholders,
) -> Result<String, BuildError> {
    if let [only] = conditions {
        return only.render(placeholders);
    }
    if conditions.is_empty() {
        return Err(BuildError("a condition has no parts".to_owned()));
    }
    let mut parts = Vec::new();
    for condition in conditions {
        let part = condition.render(placeholders)?;
        parts.push(if condition.has_parts() { format!("({part})") } else { part });
    }
    Ok(parts.join(operator))
}

impl Condition {
    fn has_parts(&self) -> bool {
        match self {
            Self::All(conditions) | Self::Any(conditions) => match conditions.as_slice() {
                [only] => only.has_parts(),
                _ => true,
            },
            _ => false,
        }
    }
}

/// The placeholders of one expression, numbered in the order of use: `#n0`, `#n1`; `:v0`, `:v1`. An
/// attribute has one however often it is used; each value has its own.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    names: Vec<String>,
    values: Vec<AttributeValue>,
}

impl Placeholders {
    pub(super) fn path(&mut self, path: &Path) -> String {
        let parts: Vec<_> = path.0.iter().map(|name| self.name(name)).collect();
        parts.join(".")
    }

    fn name(&mut self, name: &str) -> String {
        let index = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        format!("#n{index}")
    }

    /// Registers the value that an attribute is set to or compared with.
    pub(super) fn value(&mut self, path: &Path, value: &Value) -> Result<String, BuildError> {
        let Some(value) = &value.0 else {
            return Err(BuildError(format!("the value for `{path}` cannot be serialized")));
        };
        self.values.push(value.clone());
        Ok(format!(":v{}", self.values.len() - 1))
    }

    /// Returns the names as the SDK takes them; `None` where there are none.
    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        let named = self.names.iter().enumerate();
        (!self.names.is_empty()).then(|| named.map(|(n, name)| (format!("#n{n}"), name.clone())).collect())
    }

    /// Returns the values as the SDK takes them; `None` where there are none.
    pub(super) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        let numbered = self.values.iter().enumerate();
        (!self.values.is_empty())
            .then(|| numbered.map(|(n, value)| (format!(":v{n}"), value.clone())).collect())
    }
}
