//! The builder of every write: of one item alone, and of the parts of a transaction.
//!
//! ```text
//! update(key).require(exists("pk")).set_once("started_at", at)   changes an item that exists
//! upsert(key).set("last_out", &last_out).remove("expires_at")    changes an item, or creates it
//! put(key, &item).require(absent("pk"))                          writes a whole item
//! check(key).require(absent("opted_out_at"))                     a condition of a transaction
//! delete(key)
//! ```
//!
//! The builder numbers the placeholders and sets `v`, the version of the format, on every item that a
//! write can create. It refuses a write that changes one attribute twice, and an `update` whose conditions
//! could hold where there is no item.
//!
//! A write to a conversation begins in [`super::facts`] instead of here: that is the one place where a
//! fact of a conversation can be counted in the same write that stores it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::expression::{BuildError, Condition, Path, Placeholders, Value};
use super::item::{Item, VERSION, Worklist, to_item};
use super::keys::Key;

/// One write of one item, with the conditions that must hold for it.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    key: Key,
    operation: Operation,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
enum Operation {
    /// The attributes without the key; `None` where they could not be serialized.
    Put(Option<Item>),
    Update {
        may_create: bool,
        changes: Vec<Change>,
    },
    Check,
    Delete,
}

/// A change of one attribute.
#[derive(Debug, Clone)]
enum Change {
    Set(Path, Value),
    SetOnce(Path, Value),
    Append(Path, Value),
    Add(Path, Value),
    Remove(Path),
}

/// A write that changes attributes of an item and leaves the others as they are.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    key: Key,
    may_create: bool,
    conditions: Vec<Condition>,
    changes: Vec<Change>,
}

/// A write as DynamoDB takes it.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) key: HashMap<String, AttributeValue>,
    pub(super) action: Action,
    pub(super) condition: Option<String>,
    pub(super) names: Option<HashMap<String, String>>,
    pub(super) values: Option<HashMap<String, AttributeValue>>,
}

#[derive(Debug)]
pub(super) enum Action {
    /// The whole item, with its key.
    Put(Item),
    /// The update expression.
    Update(String),
    Check,
    Delete,
}

/// Changes an item that exists: its conditions must need the item.
pub(super) fn update(key: Key) -> Update {
    Update { key, may_create: false, conditions: Vec::new(), changes: Vec::new() }
}

/// Changes an item, and creates it where it does not exist; sets `v`.
pub(super) fn upsert(key: Key) -> Update {
    Update { key, may_create: true, conditions: Vec::new(), changes: Vec::new() }.set("v", VERSION)
}

/// Writes a whole item in place of what is stored under its key; sets `v`.
pub(crate) fn put(key: Key, item: &impl Serialize) -> Write {
    let item = to_item(item).ok().map(|mut item| {
        item.insert("v".to_owned(), AttributeValue::N(VERSION.to_string()));
        item
    });
    Write { key, operation: Operation::Put(item), conditions: Vec::new() }
}

/// Writes an item as another table held it, with the version that it has.
pub(super) fn put_copy(key: Key, item: Item) -> Write {
    Write { key, operation: Operation::Put(Some(item)), conditions: Vec::new() }
}

/// Requires something of an item that the transaction leaves as it is.
pub(super) fn check(key: Key) -> Write {
    Write { key, operation: Operation::Check, conditions: Vec::new() }
}

pub(super) fn delete(key: Key) -> Write {
    Write { key, operation: Operation::Delete, conditions: Vec::new() }
}

impl Update {
    /// Adds a condition. Every condition must hold.
    pub(super) fn require(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    pub(super) fn set(self, path: impl Into<Path>, value: impl Serialize) -> Self {
        self.with(Change::Set(path.into(), Value::of(value)))
    }

    /// Sets an attribute that is not stored yet; one that is stored stays as it is.
    pub(super) fn set_once(self, path: impl Into<Path>, value: impl Serialize) -> Self {
        self.with(Change::SetOnce(path.into(), Value::of(value)))
    }

    /// Sets each attribute of an item, apart from those that the stored item keeps.
    pub(super) fn set_all(mut self, item: &impl Serialize, kept: &[&str]) -> Self {
        let Ok(item) = to_item(item) else {
            return self.with(Change::Set("item".into(), Value::unserializable()));
        };
        for (name, value) in item {
            if !kept.contains(&name.as_str()) {
                self.changes.push(Change::Set(name.into(), Value::stored(value)));
            }
        }
        self
    }

    /// Adds an element to the end of a list.
    pub(super) fn append(self, path: impl Into<Path>, element: impl Serialize) -> Self {
        self.with(Change::Append(path.into(), Value::of([element])))
    }

    /// Adds to a number, which is zero where it is not stored.
    pub(super) fn add(self, name: &str, by: impl Serialize) -> Self {
        self.with(Change::Add(name.into(), Value::of(by)))
    }

    pub(super) fn remove(self, path: impl Into<Path>) -> Self {
        self.with(Change::Remove(path.into()))
    }

    /// Puts the item on a list for operators: the sparse index `worklist`.
    pub(super) fn put_on(self, worklist: Worklist, at: DateTime<Utc>) -> Self {
        self.set("worklist", worklist).set("worklist_at", at)
    }

    pub(super) fn take_off_worklist(self) -> Self {
        self.remove("worklist").remove("worklist_at")
    }

    fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }
}

impl From<Update> for Write {
    fn from(update: Update) -> Self {
        let Update { key, may_create, conditions, changes } = update;
        Self { key, operation: Operation::Update { may_create, changes }, conditions }
    }
}

impl Write {
    /// Adds a condition. Every condition must hold.
    pub(super) fn require(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    pub(super) fn build(self) -> Result<Built, BuildError> {
        let mut placeholders = Placeholders::default();
        let mut key = HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.key.pk)),
            ("sk".to_owned(), AttributeValue::S(self.key.sk)),
        ]);
        let conditions = Condition::All(self.conditions);
        let action = match self.operation {
            Operation::Put(None) => return Err(BuildError("the item cannot be serialized".to_owned())),
            Operation::Put(Some(item)) => {
                key.extend(item);
                Action::Put(std::mem::take(&mut key))
            }
            Operation::Update { may_create, changes } => {
                if !may_create && !conditions.needs_item() {
                    return Err(BuildError("an update could create an item without `v`".to_owned()));
                }
                Action::Update(render_changes(&changes, &mut placeholders)?)
            }
            Operation::Check => Action::Check,
            Operation::Delete => Action::Delete,
        };
        let condition = match &conditions {
            Condition::All(none) if none.is_empty() => None,
            _ => Some(conditions.render(&mut placeholders)?),
        };
        let (names, values) = (placeholders.names(), placeholders.values());
        Ok(Built { key, action, condition, names, values })
    }
}

/// Writes `SET ... ADD ... REMOVE ...`, each clause where it has a change.
fn render_changes(changes: &[Change], placeholders: &mut Placeholders) -> Result<String, BuildError> {
    let (mut sets, mut adds, mut removes) = (Vec::new(), Vec::new(), Vec::new());
    for (index, change) in changes.iter().enumerate() {
        if let Some(other) = changes[..index].iter().find(|other| other.path().overlaps(change.path())) {
            return Err(BuildError(format!("`{}` is changed twice, as `{}`", change.path(), other.path())));
        }
        let name = placeholders.path(change.path());
        match change {
            Change::Set(path, value) => sets.push(format!("{name} = {}", placeholders.value(path, value)?)),
            Change::SetOnce(path, value) => {
                let value = placeholders.value(path, value)?;
                sets.push(format!("{name} = if_not_exists({name}, {value})"));
            }
            Change::Append(path, value) => {
                let empty = placeholders.value(path, &Value::stored(AttributeValue::L(Vec::new())))?;
                let value = placeholders.value(path, value)?;
                sets.push(format!("{name} = list_append(if_not_exists({name}, {empty}), {value})"));
            }
            Change::Add(path, value) => adds.push(format!("{name} {}", placeholders.value(path, value)?)),
            Change::Remove(_) => removes.push(name),
        }
    }
    let clauses = [("SET", sets), ("ADD", adds), ("REMOVE", removes)];
    let clauses = clauses.into_iter().filter(|(_, actions)| !actions.is_empty());
    let clauses: Vec<_> =
        clauses.map(|(clause, actions)| format!("{clause} {}", actions.join(", "))).collect();
    Ok(clauses.join(" "))
}

impl Change {
    const fn path(&self) -> &Path {
        match self {
            Self::Set(path, _)
            | Self::SetOnce(path, _)
            | Self::Append(path, _)
            | Self::Add(path, _)
            | Self::Remove(path) => path,
        }
    }
}

#[cfg(test)]
mod tests;
