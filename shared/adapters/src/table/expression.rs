//! Update and condition expressions, built side by side with their names and values.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// Placeholders of an expression. Every attribute goes through a placeholder, so none can be a
/// reserved word.
#[derive(Default)]
pub(crate) struct Placeholders {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Placeholders {
    /// A path: `steps.text.progress.state` becomes `#steps.#text.#progress.#state`.
    pub(crate) fn path(&mut self, path: &str) -> String {
        let parts = path.split('.').map(|part| {
            let name = format!("#{part}");
            self.names.insert(name.clone(), part.to_owned());
            name
        });
        parts.collect::<Vec<_>>().join(".")
    }

    /// A value under a name: `now` becomes `:now`.
    pub(crate) fn value(&mut self, name: &str, value: AttributeValue) -> String {
        let name = format!(":{name}");
        self.values.insert(name.clone(), value);
        name
    }

    /// The names, where there are any.
    pub(crate) fn names(&self) -> Option<HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.clone())
    }

    /// The values, where there are any.
    pub(crate) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}

/// A number value.
pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A string value.
pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}
