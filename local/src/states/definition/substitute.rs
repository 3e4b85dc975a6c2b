//! The `${Name}` placeholders that a deployment fills in.

use std::collections::HashMap;

use super::fields::Problem;

/// Replaces every placeholder that has a value, and returns a problem for every other one.
pub(super) fn substitute(text: &str, values: &HashMap<String, String>) -> (String, Vec<Problem>) {
    let mut filled = String::with_capacity(text.len());
    let mut problems = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        line += before.matches('\n').count();
        let name = from[2..].split_once('}').map(|(name, _)| name).filter(|name| is_name(name));
        let length = match name.map(|name| (name, values.get(name))) {
            Some((name, Some(value))) => {
                filled.push_str(value);
                name.len() + 3
            }
            Some((name, None)) => {
                problems.push(Problem::new(
                    &format!("line {line}"),
                    format!("the placeholder ${{{name}}} has no value"),
                ));
                filled.push_str(&from[..name.len() + 3]);
                name.len() + 3
            }
            None => {
                problems.push(Problem::new(
                    &format!("line {line}"),
                    "`${` does not begin a placeholder like ${Name}".to_owned(),
                ));
                filled.push_str("${");
                2
            }
        };
        rest = &from[length..];
    }
    filled.push_str(rest);
    (filled, problems)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
