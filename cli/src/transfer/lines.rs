//! The format of the export: a line with the version, a line for each item, and a last line with their number.

use std::io::{self, BufRead, Write};

use adapters::table::transfer::ExportedItem;
use chrono::{DateTime, Utc};
use messaging::values::clock::to_rfc3339;
use serde_json::{Value, json};

/// The version of the format that this code writes and reads.
const FORMAT: u64 = 1;

pub(super) fn write(to: &mut impl Write, items: &[ExportedItem], now: DateTime<Utc>) -> io::Result<()> {
    writeln!(to, "{}", json!({ "afterword_export": FORMAT, "at": to_rfc3339(now) }))?;
    for item in items {
        writeln!(to, "{}", json!({ "item": item.to_json() }))?;
    }
    writeln!(to, "{}", json!({ "end": items.len() }))
}

/// Reads every item, or nothing.
///
/// # Errors
/// A description of the first mistake in the file.
pub(super) fn read(from: impl BufRead) -> Result<Vec<ExportedItem>, String> {
    let mut items = Vec::new();
    let mut is_complete = false;
    for (index, line) in from.lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|error| format!("line {number} cannot be read: {error}"))?;
        let value: Value = serde_json::from_str(&line).map_err(|_| format!("line {number} is not JSON"))?;
        if index == 0 {
            match value.get("afterword_export").and_then(Value::as_u64) {
                Some(FORMAT) => {}
                Some(other) => return Err(format!("format {other} is not supported: upgrade afterword")),
                None => return Err("line 1: this file was not written by afterword export".to_owned()),
            }
        } else if is_complete {
            return Err(format!("line {number} comes after the end"));
        } else if let Some(count) = value.get("end") {
            if count.as_u64() != u64::try_from(items.len()).ok() {
                return Err(format!(
                    "the file has {} item(s), but its last line has another number",
                    items.len()
                ));
            }
            is_complete = true;
        } else {
            let item = value.get("item").and_then(ExportedItem::from_json);
            items.push(item.ok_or_else(|| format!("line {number} is not an item"))?);
        }
    }
    if is_complete { Ok(items) } else { Err("the file is incomplete: its last line is missing".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(n: u32) -> ExportedItem {
        ExportedItem::from_json(&json!({ "pk": { "S": format!("V#sms-{n}") }, "sk": { "S": "V" } })).unwrap()
    }

    fn written(items: &[ExportedItem]) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes, items, DateTime::UNIX_EPOCH).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_written_file_is_read_unchanged() {
        let items = [item(1), item(2)];
        assert!(read(written(&items).as_bytes()).unwrap() == items);
        assert!(read(written(&[]).as_bytes()).unwrap().is_empty());
    }

    #[test]
    fn an_incomplete_file_is_rejected() {
        let whole = written(&[item(1), item(2)]);
        let lines: Vec<&str> = whole.lines().collect();
        for (part, expected) in [
            (String::new(), "is incomplete"),
            (lines[..3].join("\n"), "is incomplete"),
            ([lines[0], lines[1], lines[3]].join("\n"), "another number"),
            (lines[1..].join("\n"), "not written by afterword export"),
            ([lines[0], "{}", lines[3]].join("\n"), "line 2 is not an item"),
            ([lines[0], "{", lines[3]].join("\n"), "line 2 is not JSON"),
            (format!("{whole}{}", lines[1]), "after the end"),
            (whole.replace("_export\":1", "_export\":2"), "format 2"),
        ] {
            let error = read(part.as_bytes()).err().unwrap();
            assert!(error.contains(expected), "{error}");
        }
    }
}
