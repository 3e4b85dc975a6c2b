//! Searches an event in quarantine for a person. It is searched because it could not be read.

use std::collections::BTreeSet;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::ports::QuarantinedEvent;
use crate::values::ids::ConversationId;
use crate::values::phone::PhoneNumber;

/// The largest number of digits before a national number: `00` or `011`, a country code, a trunk digit.
const LONGEST_PREFIX: usize = 6;

/// Returns whether an event contains this phone, in any spelling, or the booking of one of these
/// conversations.
#[must_use]
pub fn mentions(event: &QuarantinedEvent, phone: &PhoneNumber, ids: &BTreeSet<ConversationId>) -> bool {
    let mut texts = Vec::new();
    match serde_json::from_slice::<Value>(&event.body) {
        Ok(json) => collect(json, &mut texts),
        Err(_) => texts.push(String::from_utf8_lossy(&event.body).into_owned()),
    }
    let national = phone.national_digits();
    texts.iter().any(|text| {
        shows(text, national) || ids.contains(&ConversationId::from_event_id(&event.source, text))
    })
}

/// Collects the names, texts and numbers of a document.
fn collect(json: Value, texts: &mut Vec<String>) {
    match json {
        Value::String(text) => texts.push(text),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(items) => items.into_iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => {
            for (name, value) in members {
                texts.push(name);
                collect(value, texts);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Returns whether a text contains these digits as a separate number, with any of the usual marks between
/// them and any prefix before them.
fn shows(text: &str, national: &str) -> bool {
    let text: String = text.nfkc().collect();
    let is_part = |c: char| c.is_ascii_digit() || " -.()/+\u{2010}\u{2011}\u{2013}".contains(c);
    text.split(|c| !is_part(c)).any(|run| {
        // Two adjacent numbers are one run, so a number may end at the end of each word.
        let mut digits = String::new();
        run.split(' ').any(|word| {
            if word.starts_with('+') {
                digits.clear();
            }
            digits.extend(word.chars().filter(char::is_ascii_digit));
            let prefix = digits.strip_suffix(national);
            prefix.is_some_and(|prefix| prefix.len() <= LONGEST_PREFIX || prefix.len() >= national.len())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::ids::SourceName;

    fn event(body: &str) -> QuarantinedEvent {
        QuarantinedEvent {
            id: "calendly-0".to_owned(),
            source: SourceName::fixed("calendly"),
            reason: "malformed".to_owned(),
            details: Vec::new(),
            received_at: chrono::DateTime::UNIX_EPOCH,
            body: body.as_bytes().to_vec(),
        }
    }

    fn is_mentioned(body: &str, phone: &str) -> bool {
        mentions(&event(body), &PhoneNumber::parse_e164(phone).unwrap(), &BTreeSet::new())
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for body in [
            r#"{"a":"+12025550143"}"#,
            r#"{"a":["call (202) 555-0143, please"]}"#,
            r#"{"a":"\u002b1 202.555.0143"}"#,
            r#"{"a":12025550143}"#,
            r#"{"2025550143":null}"#,
            r#"{"a":"2025550199 2025550143"}"#,
            r#"{"a":"+1 202 555 0199 +1 202 555 0143 "}"#,
            r#"{"a":"２０２ ５５５ ０１４３"}"#,
            r#"{"a":"001 202 555 0143""#,
            "text_reminder_number=202-555-0143",
        ] {
            assert!(is_mentioned(body, "+12025550143"), "{body}");
        }
        assert!(is_mentioned(r#"{"a":"07700 900123"}"#, "+447700900123"));
    }

    #[test]
    fn another_number_is_not_found() {
        for body in [
            r#"{"a":"+12025550144"}"#,
            r#"{"a":"id 9912345672025550143"}"#,
            r#"{"a":"20255501430"}"#,
            r#"{"a":"2025550, 143"}"#,
            "{}",
            "",
        ] {
            assert!(!is_mentioned(body, "+12025550143"), "{body}");
        }
    }

    #[test]
    fn a_booking_of_the_person_is_found_by_its_id() {
        let uri = "https://api.calendly.com/scheduled_events/A/invitees/B";
        let body = event(&format!(r#"{{"payload":{{"uri":"{uri}"}}}}"#));
        let phone = PhoneNumber::parse_e164("+12025550143").unwrap();
        let id = ConversationId::from_event_id(&SourceName::fixed("calendly"), uri);
        assert!(mentions(&body, &phone, &BTreeSet::from([id])));
        assert!(!mentions(&body, &phone, &BTreeSet::new()));
    }
}
