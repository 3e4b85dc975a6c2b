//! Reads the lines of a campaign's file as bodies of `/messages`.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// One message of the campaign.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// The number of the line in the file, from 1.
    pub(super) number: usize,
    /// The line's own id, or one derived from its content.
    pub(super) event_id: String,
    /// The body in the format of `/messages`.
    pub(super) body: Value,
}

/// The number of a line, and its message without the defaults.
type NumberedBody = (usize, Map<String, Value>);

/// The fields of a message. All other columns of a CSV file are variables.
const FIELDS: [&str; 7] = ["event_id", "journey", "to", "region", "locale", "send_at", "not_after"];

/// Reads the whole file, so that a mistake in its last line is found before its first line is sent.
pub(super) fn read_lines(file: &Path, journey: Option<&str>) -> Result<Vec<Line>, String> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let is_json =
        file.extension().is_some_and(|ending| ending == "jsonl" || ending == "ndjson" || ending == "json");
    let bodies = if is_json { json_lines(&text)? } else { csv_lines(&text)? };
    let mut ids = HashSet::new();
    let mut lines = Vec::with_capacity(bodies.len());
    for (number, mut body) in bodies {
        if let (None, Some(journey)) = (body.get("journey"), journey) {
            body.insert("journey".to_owned(), journey.into());
        }
        if !body.contains_key("journey") {
            return Err(format!("line {number}: no journey is given, here or with --journey"));
        }
        let event_id = match body.get("event_id") {
            None => {
                let id = id_of(&body);
                body.insert("event_id".to_owned(), id.clone().into());
                id
            }
            Some(Value::String(id)) => id.clone(),
            Some(_) => return Err(format!("line {number}: event_id must be a string")),
        };
        if !ids.insert(event_id.clone()) {
            return Err(format!("line {number}: an earlier line has the same message"));
        }
        lines.push(Line { number, event_id, body: Value::Object(body) });
    }
    Ok(lines)
}

/// Derives an id from the content, whatever the file and the order of the fields. It reveals no personal
/// data.
fn id_of(body: &Map<String, Value>) -> String {
    // `Map` is ordered by its keys, so the same content is always written in the same way.
    let digest = Sha256::digest(Value::Object(body.clone()).to_string().as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("campaign-{hex}")
}

fn json_lines(text: &str) -> Result<Vec<NumberedBody>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| match serde_json::from_str(line) {
            Ok(Value::Object(body)) => Ok((index + 1, body)),
            Ok(_) => Err(format!("line {}: not an object", index + 1)),
            Err(error) => Err(format!("line {}: not JSON: column {}", index + 1, error.column())),
        })
        .collect()
}

fn csv_lines(text: &str) -> Result<Vec<NumberedBody>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| format!("line 1: {error}"))?.clone();
    if !headers.iter().any(|name| name == "to") {
        return Err("line 1: there is no column `to`".to_owned());
    }
    let mut bodies = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let number = record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(0));
        let mut body = Map::new();
        let mut variables = Map::new();
        // An empty cell counts as absent.
        for (name, value) in headers.iter().zip(&record).filter(|(_, value)| !value.is_empty()) {
            let target = if FIELDS.contains(&name) { &mut body } else { &mut variables };
            target.insert(name.to_owned(), value.into());
        }
        if !variables.is_empty() {
            body.insert("variables".to_owned(), Value::Object(variables));
        }
        bodies.push((number, body));
    }
    Ok(bodies)
}
