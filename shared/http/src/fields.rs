//! Reading fields of a JSON object: each reader notes what is wrong and goes on.

use crate::json::Json;
use crate::violations::{Violations, child};

/// An object and its place in the body.
pub struct Fields<'a> {
    object: &'a Json,
    pointer: String,
}

impl<'a> Fields<'a> {
    /// The whole body, which must be an object.
    pub fn of_body(body: &'a Json, violations: &mut Violations) -> Option<Self> {
        Self::of(body, String::new(), violations)
    }

    /// An item of the array at `array`, which must be an object.
    pub fn of_item(item: &'a Json, array: &str, index: usize, violations: &mut Violations) -> Option<Self> {
        Self::of(item, format!("{array}/{index}"), violations)
    }

    fn of(object: &'a Json, pointer: String, violations: &mut Violations) -> Option<Self> {
        if object.members().is_none() {
            violations.add(pointer, "type", "must be an object");
            return None;
        }
        Some(Self { object, pointer })
    }

    /// Refuses every field that is not named.
    pub fn only(&self, names: &[&str], violations: &mut Violations) {
        for (name, _) in self.object.members().unwrap_or_default() {
            if !names.contains(&name.as_str()) {
                violations.add(self.place(name), "unknown_field", "is not part of the contract");
            }
        }
    }

    /// The place of a field.
    #[must_use]
    pub fn place(&self, name: &str) -> String {
        child(&self.pointer, name)
    }

    /// A field as it is, if it is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a Json> {
        self.object.get(name)
    }

    /// A field that must be there.
    pub fn required(&self, name: &str, violations: &mut Violations) -> Option<&'a Json> {
        let value = self.get(name);
        if value.is_none() && !violations.names(&self.place(name)) {
            violations.add(self.place(name), "required", "is missing");
        }
        value
    }

    /// An object that must be there.
    pub fn required_object(&self, name: &str, violations: &mut Violations) -> Option<Self> {
        Self::of(self.required(name, violations)?, self.place(name), violations)
    }

    /// An object that may be there.
    pub fn optional_object(&self, name: &str, violations: &mut Violations) -> Option<Self> {
        Self::of(self.get(name)?, self.place(name), violations)
    }

    /// A string that must be there.
    pub fn required_string(&self, name: &str, violations: &mut Violations) -> Option<&'a str> {
        let value = self.required(name, violations)?;
        self.string(name, value, violations)
    }

    /// A string that may be there.
    pub fn optional_string(&self, name: &str, violations: &mut Violations) -> Option<&'a str> {
        let value = self.get(name)?;
        self.string(name, value, violations)
    }

    fn string(&self, name: &str, value: &'a Json, violations: &mut Violations) -> Option<&'a str> {
        let text = value.as_str();
        if text.is_none() {
            violations.add(self.place(name), "type", "must be a string");
        }
        text
    }

    /// The object itself.
    #[must_use]
    pub const fn json(&self) -> &'a Json {
        self.object
    }
}
