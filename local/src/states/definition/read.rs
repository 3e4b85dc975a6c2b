//! Reads a machine and its states out of JSON.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{Fields, Problems, Report, join};
use super::{Next, State, Task, Text, Until, Work, check, choice, errors};
use crate::states::format::Format;
use crate::states::path::Path;
use crate::states::time::{MAX_SECONDS, timestamp};

/// Reads the name of the start state and all states of a machine.
pub(super) fn machine(document: Value) -> Result<(String, BTreeMap<String, State>), Problems> {
    let report = Report::default();
    let mut states = BTreeMap::new();
    let mut start_at = None;
    let mut names = Vec::new();
    if let Some(mut machine) = Fields::of(document, String::new(), &report) {
        machine.text("Comment");
        if machine.text("QueryLanguage").is_some_and(|language| language != "JSONPath") {
            machine.problem("QueryLanguage", "only JSONPath is implemented by the local engine");
        }
        start_at = machine.required_text("StartAt");
        match machine.take("States") {
            None => machine.missing("States"),
            Some(Value::Object(map)) => {
                names = map.keys().cloned().collect();
                for (name, value) in map {
                    let pointer = join("/States", &name);
                    if name.is_empty() || name.chars().count() > 80 {
                        report.add(&pointer, "a state's name has 1 to 80 characters");
                    }
                    if let Some(state) = Fields::of(value, pointer, &report).and_then(state) {
                        states.insert(name, state);
                    }
                }
            }
            Some(_) => machine.problem("States", "must be an object"),
        }
        machine.finish();
    }
    check::targets(start_at.as_deref(), &states, &names, &report);
    // The transitions can be checked only if every state was read.
    if let (Some(start_at), true) = (&start_at, states.len() == names.len()) {
        check::shape(start_at, &states, &report);
    }
    let problems = report.into_problems();
    match start_at {
        Some(start_at) if problems.is_empty() => Ok((start_at, states)),
        _ => Err(Problems(problems)),
    }
}

fn state(mut fields: Fields<'_>) -> Option<State> {
    fields.text("Comment");
    if fields.text("QueryLanguage").is_some_and(|language| language != "JSONPath") {
        fields.problem("QueryLanguage", "only JSONPath is implemented by the local engine");
    }
    let kind = fields.required_text("Type")?;
    let (mut input_path, mut output_path) = (Path::root(), Path::root());
    if kind != "Fail" {
        input_path = fields.path("InputPath").unwrap_or(input_path);
        output_path = fields.path("OutputPath").unwrap_or(output_path);
    }
    let work = match kind.as_str() {
        "Wait" => wait(&mut fields),
        "Task" => task(&mut fields),
        "Choice" => choice::read(&mut fields),
        "Succeed" => Some(Work::Succeed),
        "Fail" => Some(Work::Fail { error: text(&mut fields, "Error"), cause: text(&mut fields, "Cause") }),
        other => {
            // The fields of an unknown type are not reported one by one.
            fields
                .problem("Type", format!("the state type `{other}` is not implemented by the local engine"));
            return None;
        }
    };
    fields.finish();
    Some(State { input_path, output_path, work: work? })
}

fn wait(fields: &mut Fields<'_>) -> Option<Work> {
    let count = ["Seconds", "Timestamp", "SecondsPath", "TimestampPath"]
        .iter()
        .filter(|field| fields.has(field))
        .count();
    if count != 1 {
        fields.report.add(
            &fields.pointer,
            "a Wait has exactly one of Seconds, Timestamp, SecondsPath and TimestampPath",
        );
    }
    let next = next(fields);
    let seconds = fields.whole("Seconds", 0, MAX_SECONDS).map(Until::Seconds);
    let timestamp = fields.text("Timestamp").and_then(|text| {
        let instant = timestamp(&text);
        if instant.is_none() {
            fields.problem("Timestamp", "must be an RFC 3339 instant with uppercase T and Z");
        }
        instant.map(Until::Timestamp)
    });
    let seconds_path = fields.path("SecondsPath").map(Until::SecondsPath);
    let timestamp_path = fields.path("TimestampPath").map(Until::TimestampPath);
    let until = seconds.or(timestamp).or(seconds_path).or(timestamp_path)?;
    Some(Work::Wait { until, next: next? })
}

fn task(fields: &mut Fields<'_>) -> Option<Work> {
    let resource = fields.required_text("Resource");
    if resource.as_deref().is_some_and(|resource| !is_function(resource)) {
        fields.problem(
            "Resource",
            "only a bare function ARN (arn:aws:lambda:...:function:...) is implemented by the local engine",
        );
    }
    let timeout_seconds = fields.whole("TimeoutSeconds", 1, MAX_SECONDS);
    let result_path = match fields.take("ResultPath") {
        None => Some(Path::root()),
        Some(value) => errors::result_path(fields, &value),
    };
    let retry = errors::retriers(fields);
    let catch = errors::catchers(fields);
    let next = next(fields)?;
    Some(Work::Task(Box::new(Task { resource: resource?, timeout_seconds, retry, catch, result_path, next })))
}

fn next(fields: &mut Fields<'_>) -> Option<Next> {
    let end = match fields.take("End") {
        None => None,
        Some(Value::Bool(end)) => Some(end),
        Some(_) => {
            fields.problem("End", "must be true or false");
            return None;
        }
    };
    match (fields.has("Next"), end) {
        (true, Some(true)) => fields.problem("End", "a state has either Next or End"),
        (true, _) => return fields.text("Next").map(Next::State),
        (false, Some(true)) => return Some(Next::End),
        (false, _) => fields.report.add(&fields.pointer, "`Next` or `End` is missing"),
    }
    fields.take("Next");
    None
}

/// Reads `Error` or `ErrorPath`, `Cause` or `CausePath`.
fn text(fields: &mut Fields<'_>, field: &str) -> Option<Text> {
    let path_field = format!("{field}Path");
    if fields.has(field) && fields.has(&path_field) {
        fields.problem(&path_field, format!("a Fail has either {field} or {path_field}"));
    }
    let literal = fields.text(field).map(Text::Literal);
    let path = fields.text(&path_field).and_then(|source| {
        let read = if source.starts_with('$') {
            Path::parse(&source).map(Text::Path)
        } else {
            Format::parse(&source).map(Text::Format)
        };
        read.map_err(|what| fields.problem(&path_field, what)).ok()
    });
    literal.or(path)
}

fn is_function(resource: &str) -> bool {
    let mut parts = resource.split(':');
    let head: Vec<_> = parts.by_ref().take(6).collect();
    let [arn, partition, service, region, account, function] = head.as_slice() else {
        return false;
    };
    let names: Vec<_> = parts.collect();
    *arn == "arn"
        && partition.starts_with("aws")
        && *service == "lambda"
        && !region.is_empty()
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && *function == "function"
        && (1..=2).contains(&names.len())
        && names.iter().all(|name| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_$.".contains(&b))
        })
}
