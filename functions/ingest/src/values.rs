//! The values of variables: text of a reasonable length, without what cannot be seen.

use http_edge::fields::Fields;
use http_edge::violations::Violations;
use messaging::values::characters::{is_template_value, unwanted};

/// The type that a value must have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// The most characters.
    pub(crate) limit: usize,
    /// It fills a place of a WhatsApp template.
    pub(crate) is_template_value: bool,
}

/// Notes what is wrong with the value of a field.
pub(crate) fn check(fields: &Fields<'_>, name: &str, value: &str, rule: Rule, violations: &mut Violations) {
    if value.chars().nth(rule.limit).is_some() {
        let detail = format!("must have at most {} characters", rule.limit);
        violations.add(fields.place(name), "too_long", detail);
    }
    if unwanted(value).is_some() {
        let detail =
            "must not contain control characters, or characters without width that hide or turn text";
        violations.add(fields.place(name), "unwanted_character", detail);
    }
    if rule.is_template_value && !is_template_value(value) {
        let detail = "must be one line without tabs and without four or more spaces in a row: it fills a WhatsApp template";
        violations.add(fields.place(name), "template_value", detail);
    }
}
