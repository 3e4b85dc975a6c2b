//! The words of a text: a template with named variables, and what it becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use minijinja::{Environment, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::values::money::{Amount, Currency};

/// Variables of a template by name. Values are personal data (names, amounts), so `Debug` shows the
/// names only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names that have a value.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The words that leave for a phone. Personal data: `Debug` tells the length only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageText(String);

impl MessageText {
    /// Takes words as they are.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The words, for the provider and the table only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MessageText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageText({} characters)", self.0.chars().count())
    }
}

/// What a customer is called. Personal data: `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonName(String);

impl PersonName {
    /// Takes a name as it is.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name, for texts, the table and an operator's terminal only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(redacted)")
    }
}

/// What is wrong with a template or its variables. Never quotes a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// The template does not parse.
    #[error("the text does not parse: {0}")]
    Syntax(String),
    /// A variable that the text needs was not given.
    #[error("the text needs a variable that was not given")]
    MissingVariable,
    /// Rendering failed for another reason (a filter on a wrong kind of value, say).
    #[error("the text could not be filled in")]
    Rendering,
    /// Nothing but white space is left.
    #[error("the text is empty")]
    Empty,
}

/// The variables that a template uses.
///
/// # Errors
/// When the template does not parse.
pub fn variables_of(template: &str) -> Result<BTreeSet<String>, TemplateError> {
    let environment = environment();
    let parsed =
        environment.template_from_str(template).map_err(|e| TemplateError::Syntax(e.kind().to_string()))?;
    Ok(parsed.undeclared_variables(false).into_iter().collect())
}

/// How amounts are written for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountFormat<'a> {
    /// The source's currency.
    pub currency: Currency,
    /// The customer's locale.
    pub locale: &'a str,
}

impl Default for AmountFormat<'_> {
    fn default() -> Self {
        Self { currency: Currency::Usd, locale: "en-US" }
    }
}

/// Fills a template in, in the default format.
///
/// # Errors
/// See [`TemplateError`].
pub fn render(template: &str, variables: &Variables) -> Result<MessageText, TemplateError> {
    render_with(template, variables, AmountFormat::default())
}

/// Fills a template in. Strict: a variable that is not given is an error and never an empty gap in a
/// text that a customer reads. Values are inserted as text and never interpreted.
///
/// # Errors
/// See [`TemplateError`].
pub fn render_with(
    template: &str,
    variables: &Variables,
    format: AmountFormat<'_>,
) -> Result<MessageText, TemplateError> {
    let mut environment = environment();
    let (currency, locale) = (format.currency, format.locale.to_owned());
    environment.add_filter("money", move |amount: &str| match Amount::from_literal(amount) {
        Ok(amount) => Ok(currency.show(amount, &locale)),
        Err(_) => Err(minijinja::Error::from(minijinja::ErrorKind::InvalidOperation)),
    });
    let parsed =
        environment.template_from_str(template).map_err(|e| TemplateError::Syntax(e.kind().to_string()))?;
    let text = parsed.render(&variables.0).map_err(|e| match e.kind() {
        minijinja::ErrorKind::UndefinedError => TemplateError::MissingVariable,
        _ => TemplateError::Rendering,
    })?;
    if text.trim().is_empty() { Err(TemplateError::Empty) } else { Ok(MessageText(text)) }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::default();
        for (name, value) in pairs {
            variables.set(*name, *value);
        }
        variables
    }

    #[test]
    fn variables_are_inserted_as_text() {
        let text = render("Hi {{ name }}!", &given(&[("name", "{{ secret }} <b>&\" Zoë")])).unwrap();
        assert_eq!(text.expose(), "Hi {{ secret }} <b>&\" Zoë!");
    }

    #[test]
    fn a_missing_variable_is_an_error() {
        assert_eq!(render("Hi {{ name }}!", &Variables::default()), Err(TemplateError::MissingVariable));
        assert_eq!(render("  {{ name }} ", &given(&[("name", " ")])), Err(TemplateError::Empty));
        assert!(matches!(render("{{ name", &Variables::default()), Err(TemplateError::Syntax(_))));
    }

    #[test]
    fn amounts_are_written_in_the_customers_manner() {
        let format = AmountFormat { currency: Currency::Eur, locale: "de-DE" };
        let sum = |text: &str| render_with("{{ sum | money }}", &given(&[("sum", text)]), format);
        assert_eq!(sum("1234.5").unwrap().expose(), "1.234,50 €");
        for text in ["a lot", "-1", "1.005", ""] {
            assert_eq!(sum(text), Err(TemplateError::Rendering), "{text}");
        }
    }

    #[test]
    fn used_variables_are_known() {
        let names = variables_of("{{ a }} {% if b %}{{ c }}{% endif %}").unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?} {:?}", given(&[("name", "Zoe")]), MessageText::new("Hi Zoe"));
        assert!(!shown.contains("Zoe"), "{shown}");
    }
}
