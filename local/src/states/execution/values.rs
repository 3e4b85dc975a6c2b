//! The limits of data between states.

use serde_json::Value;

use super::run::Failure;

/// AWS's limit for an execution's input and a state's output, in bytes of UTF-8.
pub const MAX_DATA: usize = 262_144;

/// The deepest nesting of data. It is less than the limit of JSON parsers, so that stored data can be read
/// back.
pub const MAX_DEPTH: usize = 120;

/// Returns the output of a state as JSON text.
pub(super) fn output_text(value: &Value) -> Result<String, Failure> {
    if deeper_than(value, MAX_DEPTH) {
        return Err(Failure::new(
            "States.DataLimitExceeded",
            format!("The state's output is nested more than {MAX_DEPTH} deep."),
        ));
    }
    let text = value.to_string();
    if text.len() > MAX_DATA {
        let cause = "The state/task returned a result with a size exceeding the maximum number of bytes service limit.";
        return Err(Failure::new("States.DataLimitExceeded", cause.to_owned()));
    }
    Ok(text)
}

pub(super) fn deeper_than(value: &Value, limit: usize) -> bool {
    match value {
        Value::Array(items) => limit == 0 || items.iter().any(|item| deeper_than(item, limit - 1)),
        Value::Object(map) => limit == 0 || map.values().any(|item| deeper_than(item, limit - 1)),
        _ => false,
    }
}
