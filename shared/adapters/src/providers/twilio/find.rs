//! Searches for a message in Twilio's list: `GET Messages.json?To=&From=&DateSent>=`.

use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::step::ProviderMessage;
use messaging::ports::{Form, OutboundText};
use messaging::values::provider::Provider;
use serde::Deserialize;

/// A message matches from `BEFORE` ahead of an attempt until `AFTER` later. Twilio's clock and ours agree
/// within `BEFORE`, and a call takes less than the rest.
const BEFORE: TimeDelta = TimeDelta::seconds(5);
const AFTER: TimeDelta = TimeDelta::seconds(30);

/// The text that is searched for. No `Debug`: it is personal data.
pub(super) struct Query<'a> {
    to: String,
    from: String,
    service: bool,
    words: Option<&'a str>,
    since: DateTime<Utc>,
}

#[derive(Deserialize)]
struct List {
    messages: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    sid: String,
    from: Option<String>,
    to: String,
    body: Option<String>,
    messaging_service_sid: Option<String>,
    date_created: String,
}

impl<'a> Query<'a> {
    pub(super) fn new(from: &str, prefix: &str, text: &OutboundText<'a>, since: DateTime<Utc>) -> Self {
        let service = from.starts_with("MG");
        Self {
            to: format!("{prefix}{}", text.to.as_e164()),
            from: if service { from.to_owned() } else { format!("{prefix}{from}") },
            service,
            words: match text.form {
                Form::Words(words) => Some(words.expose()),
                // The list shows the rendered template.
                Form::Template(_) => None,
            },
            since,
        }
    }

    /// Returns the query string with its question mark. The list cannot be filtered by a Messaging Service, and
    /// only days are certain to be filtered by.
    pub(super) fn parameters(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("To", &self.to);
        if !self.service {
            query.append_pair("From", &self.from);
        }
        let day = (self.since - BEFORE).format("%Y-%m-%d").to_string();
        query.append_pair("DateSent>", &day).append_pair("PageSize", "100");
        format!("?{}", query.finish())
    }

    pub(super) fn matches(&self, body: &[u8]) -> Vec<ProviderMessage> {
        let Ok(list) = serde_json::from_slice::<List>(body) else { return Vec::new() };
        let found = list.messages.into_iter().filter(|listed| self.is(listed));
        let message = |listed: Listed| ProviderMessage {
            provider: Provider::Twilio.as_str().to_owned(),
            id: listed.sid,
            from: listed.from.map(|from| from.trim_start_matches("whatsapp:").to_owned()),
        };
        found.map(message).collect()
    }

    fn is(&self, listed: &Listed) -> bool {
        let sender = if self.service { &listed.messaging_service_sid } else { &listed.from };
        let created = DateTime::parse_from_rfc2822(&listed.date_created).ok().map(|at| at.to_utc());
        listed.to == self.to
            && sender.as_deref() == Some(self.from.as_str())
            && self.words.is_none_or(|words| listed.body.as_deref() == Some(words))
            // Twilio reports whole seconds.
            && created.is_some_and(|at| at >= self.since - BEFORE && at <= self.since + AFTER)
    }
}
