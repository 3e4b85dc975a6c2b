//! The rules of a `Choice` state.

use serde_json::Value;

use super::Work;
use super::fields::Fields;
use crate::states::path::Path;

/// A condition over a state's input.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// A comparison with a value of the input.
    Test {
        /// The path of the value that is compared.
        variable: Path,
        /// The comparison that the value must satisfy.
        test: Test,
    },
    /// Matches if all of the rules match.
    And(Vec<Rule>),
    /// Matches if any of the rules matches.
    Or(Vec<Rule>),
    /// Matches if the rule does not match.
    Not(Box<Rule>),
}

/// A comparison. A value of another type does not match.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// Equality with a literal: `StringEquals`, `NumericEquals`, `BooleanEquals`.
    Equals(Value),
    /// Presence or absence of the value: `IsPresent`.
    IsPresent(bool),
}

impl Rule {
    /// Returns whether the rule matches `input`.
    ///
    /// # Errors
    /// Returns the variable that does not exist. Only `IsPresent` accepts such a variable.
    pub fn matches(&self, input: &Value) -> Result<bool, Path> {
        match self {
            Self::Test { variable, test } => match (test, variable.get(input)) {
                (Test::IsPresent(wanted), value) => Ok(value.is_some() == *wanted),
                (Test::Equals(_), None) => Err(variable.clone()),
                (Test::Equals(Value::Number(wanted)), Some(Value::Number(value))) => {
                    Ok(wanted == value || wanted.as_f64() == value.as_f64())
                }
                (Test::Equals(wanted), Some(value)) => Ok(wanted == value),
            },
            Self::And(rules) => rules.iter().try_fold(true, |all, rule| Ok(all && rule.matches(input)?)),
            Self::Or(rules) => rules.iter().try_fold(false, |any, rule| Ok(any || rule.matches(input)?)),
            Self::Not(rule) => rule.matches(input).map(|matches| !matches),
        }
    }
}

pub(super) fn read(fields: &mut Fields<'_>) -> Option<Work> {
    let choices = fields.objects("Choices");
    if choices.is_empty() {
        fields.report.add(&fields.at("Choices"), "a Choice needs at least one rule");
    }
    let rules = choices
        .into_iter()
        .filter_map(|mut choice| {
            choice.text("Comment");
            let next = choice.required_text("Next");
            let rule = rule(choice);
            Some((rule?, next?))
        })
        .collect();
    Some(Work::Choice { rules, default: fields.text("Default") })
}

/// Reads a rule and the rules in it. The recursion is limited, because JSON nests at most 128 levels.
fn rule(mut fields: Fields<'_>) -> Option<Rule> {
    let rule = if fields.has("And") {
        several(&mut fields, "And").map(Rule::And)
    } else if fields.has("Or") {
        several(&mut fields, "Or").map(Rule::Or)
    } else if fields.has("Not") {
        let pointer = fields.at("Not");
        fields
            .take("Not")
            .and_then(|value| Fields::of(value, pointer, fields.report))
            .and_then(rule_of_one)
            .map(|rule| Rule::Not(Box::new(rule)))
    } else {
        comparison(&mut fields)
    };
    fields.finish();
    rule
}

fn rule_of_one(mut fields: Fields<'_>) -> Option<Rule> {
    fields.text("Comment");
    rule(fields)
}

fn several(fields: &mut Fields<'_>, field: &str) -> Option<Vec<Rule>> {
    let rules = fields.objects(field);
    if rules.is_empty() {
        fields.problem(field, "needs at least one rule");
    }
    rules.into_iter().map(rule_of_one).collect()
}

fn comparison(fields: &mut Fields<'_>) -> Option<Rule> {
    const TESTS: [&str; 4] = ["StringEquals", "NumericEquals", "BooleanEquals", "IsPresent"];
    if !fields.has("Variable") {
        fields.missing("Variable");
    }
    let variable = fields.path("Variable");
    let mut tests = Vec::new();
    for name in TESTS {
        let Some(value) = fields.take(name) else {
            continue;
        };
        let test = match (name, value) {
            ("StringEquals", value @ Value::String(_))
            | ("NumericEquals", value @ Value::Number(_))
            | ("BooleanEquals", value @ Value::Bool(_)) => Test::Equals(value),
            ("IsPresent", Value::Bool(wanted)) => Test::IsPresent(wanted),
            _ => {
                fields.problem(name, "must be a value of the type that it compares");
                continue;
            }
        };
        tests.push(test);
    }
    if tests.len() > 1 {
        fields.report.add(&fields.pointer, "a rule has exactly one comparison");
    }
    match (variable, tests.pop()) {
        (Some(variable), Some(test)) => Some(Rule::Test { variable, test }),
        (_, None) => {
            fields.report.add(
                &fields.pointer,
                format!("has none of the comparisons of the local engine ({})", TESTS.join(", ")),
            );
            None
        }
        _ => None,
    }
}
