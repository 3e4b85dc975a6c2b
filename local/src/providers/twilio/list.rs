//! The list of messages, with which a send is found whose response was lost.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::message;
use crate::providers::outbox::{Outbox, Text};

/// One page of a filtered list.
#[derive(Default)]
pub(super) struct Page {
    to: Option<String>,
    from: Option<String>,
    since: Option<DateTime<Utc>>,
    before: Option<DateTime<Utc>>,
    size: Option<usize>,
    number: usize,
    filters: Vec<(String, String)>,
}

impl Page {
    /// Reads the query. `DateSent>=2026-01-31` is a field called `DateSent>`. Values that cannot be parsed
    /// are ignored.
    pub(super) fn parse(query: &str) -> Self {
        let mut page = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            match name.as_str() {
                "To" => page.to = Some(value.clone()),
                "From" => page.from = Some(value.clone()),
                "DateSent>" => page.since = span(&value).map(|(start, _)| start),
                "DateSent<" => page.before = span(&value).map(|(_, end)| end),
                "DateSent" => (page.since, page.before) = span(&value).unzip(),
                "PageSize" => page.size = value.parse().ok(),
                "Page" => page.number = value.parse().unwrap_or_default(),
                _ => {}
            }
            if name != "Page" {
                page.filters.push((name, value));
            }
        }
        page
    }

    /// Returns the page, newest message first.
    pub(super) fn of(&self, outbox: &Outbox, account: &str) -> rusqlite::Result<Value> {
        let size = self.size.unwrap_or(50).clamp(1, 1000);
        let start = self.number.saturating_mul(size);
        let mut found: Vec<Text> =
            outbox.twilio_records()?.into_iter().filter(|text| self.holds(text)).collect();
        found.reverse();
        let mut messages = Vec::new();
        for text in found.iter().skip(start).take(size) {
            let status = outbox.status(&text.provider_message_id)?;
            messages.push(message::to_json(text, &status, account));
        }
        let end = (start + messages.len()).saturating_sub(1);
        let more = found.len() > start.saturating_add(size);
        Ok(json!({
            "end": end,
            "first_page_uri": self.uri(account, 0),
            "messages": messages,
            "next_page_uri": more.then(|| self.uri(account, self.number + 1)),
            "page": self.number,
            "page_size": size,
            "previous_page_uri": self.number.checked_sub(1).map(|number| self.uri(account, number)),
            "start": start,
            "uri": self.uri(account, self.number),
        }))
    }

    fn holds(&self, text: &Text) -> bool {
        let (from, to) = text.addresses();
        self.to.as_ref().is_none_or(|wanted| *wanted == to)
            && self.from.as_ref().is_none_or(|wanted| *wanted == from)
            && self.since.is_none_or(|since| text.at >= since)
            && self.before.is_none_or(|before| text.at < before)
    }

    fn uri(&self, account: &str, number: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.filters).append_pair("Page", &number.to_string());
        format!("/2010-04-01/Accounts/{account}/Messages.json?{}", query.finish())
    }
}

/// Returns the interval of a date (its whole day) or a time (its second).
fn span(value: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    if let Ok(day) = value.parse::<NaiveDate>() {
        let start = day.and_hms_opt(0, 0, 0)?.and_utc();
        return Some((start, start + TimeDelta::days(1)));
    }
    let start = DateTime::parse_from_rfc3339(value).ok()?.to_utc();
    Some((start, start + TimeDelta::seconds(1)))
}
