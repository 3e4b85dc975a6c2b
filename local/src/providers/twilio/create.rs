//! The rules by which Twilio accepts a text.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use messaging::values::provider::Provider;
use serde_json::{Value, json};

use super::error::TwilioError;
use crate::providers::outbox::{Channel, Text};
use crate::providers::segments;

/// The length of the longest body, in characters.
const LONGEST: usize = 1600;

/// A text that Twilio accepts.
pub(super) struct Draft {
    channel: Channel,
    to: String,
    from: String,
    body: String,
    status_callback: Option<String>,
}

impl Draft {
    /// Reads the form of a create call. `pool` is the number from which a messaging service sends.
    pub(super) fn parse(form: &[u8], pool: &str) -> Result<Self, TwilioError> {
        let form: HashMap<_, _> = form_urlencoded::parse(form).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());

        let (channel, to) = Channel::split(field("To").ok_or(TwilioError::TO_MISSING)?);
        if !is_e164(to) || to == "+15005550001" {
            return Err(TwilioError::INVALID_TO);
        }
        let from = match (field("From"), field("MessagingServiceSid")) {
            (Some(from), _) => from.to_owned(),
            (None, Some(_)) => channel.address(pool),
            (None, None) => return Err(TwilioError::FROM_MISSING),
        };
        let (from_channel, from) = Channel::split(&from);
        check_from(from)?;
        if from_channel != channel {
            return Err(TwilioError::CHANNELS_DIFFER);
        }
        let body = body(field)?;
        check_to(to)?;
        Ok(Self {
            channel,
            to: to.to_owned(),
            from: from.to_owned(),
            body,
            status_callback: field("StatusCallback").map(str::to_owned),
        })
    }

    /// Returns the text that is delivered.
    pub(super) fn accepted(self, sid: String, at: DateTime<Utc>) -> Text {
        Text {
            segments: segments::count(&self.body),
            to: self.to,
            from: self.from,
            channel: self.channel,
            body: self.body,
            provider_message_id: sid,
            provider: Provider::Twilio,
            status_callback: self.status_callback,
            context: None,
            failure: None,
            at,
        }
    }
}

/// Returns the words, or the content template with its variables: the words of a template are stored at
/// Twilio.
fn body<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Result<String, TwilioError> {
    let variables = field("ContentVariables");
    if let Some(content_sid) = field("ContentSid") {
        let variables =
            variables.map(|json| serde_json::from_str(json).unwrap_or_else(|_| Value::from(json)));
        return Ok(match variables {
            Some(variables) => {
                json!({ "content_sid": content_sid, "content_variables": variables }).to_string()
            }
            None => json!({ "content_sid": content_sid }).to_string(),
        });
    }
    if variables.is_some() {
        return Err(TwilioError::VARIABLES_ALONE);
    }
    match field("Body") {
        Some(body) if body.chars().count() > LONGEST => Err(TwilioError::TOO_LONG),
        Some(body) => Ok(body.to_owned()),
        None if field("MediaUrl").is_some() => Ok(String::new()),
        None => Err(TwilioError::BODY_MISSING),
    }
}

/// Rejects Twilio's test senders, and senders that cannot exist.
fn check_from(from: &str) -> Result<(), TwilioError> {
    match from {
        "+15005550001" => Err(TwilioError::INVALID_FROM),
        "+15005550007" => Err(TwilioError::NOT_OUR_NUMBER),
        "+15005550008" => Err(TwilioError::QUEUE_FULL),
        from if is_e164(from) || is_sender_id(from) || is_short_code(from) => Ok(()),
        _ => Err(TwilioError::INVALID_FROM),
    }
}

/// Rejects Twilio's test recipients as Twilio does.
fn check_to(to: &str) -> Result<(), TwilioError> {
    match to {
        "+15005550002" => Err(TwilioError::UNREACHABLE),
        "+15005550003" => Err(TwilioError::REGION),
        "+15005550004" => Err(TwilioError::OPTED_OUT),
        "+15005550009" => Err(TwilioError::NOT_MOBILE),
        _ => Ok(()),
    }
}

/// Returns whether this is `+` and 7 to 15 digits, the first of which is not 0.
pub(crate) fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn is_sender_id(from: &str) -> bool {
    from.len() <= 11
        && from.bytes().any(|byte| byte.is_ascii_alphabetic())
        && from.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ')
}

fn is_short_code(from: &str) -> bool {
    (3..=8).contains(&from.len()) && from.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(form: &str) -> u32 {
        Draft::parse(form.as_bytes(), "+15005550006").err().map_or(0, |error| error.code)
    }

    #[test]
    fn each_invalid_text_has_the_error_code_of_twilio() {
        let long = "x".repeat(1601);
        let longest = "\u{20ac}".repeat(1600);
        for (form, expected) in [
            ("From=%2B15005550006&Body=x", 21604),
            ("To=5551234&From=%2B15005550006&Body=x", 21211),
            ("To=%2B15005550001&From=%2B15005550006&Body=x", 21211),
            ("To=%2B15005550002&From=%2B15005550006&Body=x", 21612),
            ("To=%2B15005550003&From=%2B15005550006&Body=x", 21408),
            ("To=%2B15005550004&From=%2B15005550006&Body=x", 21610),
            ("To=%2B15005550009&From=%2B15005550006&Body=x", 21614),
            ("To=%2B14155550123&Body=x", 21603),
            ("To=%2B14155550123&From=%2B15005550001&Body=x", 21212),
            ("To=%2B14155550123&From=%2B15005550007&Body=x", 21606),
            ("To=%2B14155550123&From=%2B15005550008&Body=x", 21611),
            ("To=%2B14155550123&From=nobody%40all&Body=x", 21212),
            ("To=whatsapp%3A%2B14155550123&From=%2B15005550006&Body=x", 21910),
            ("To=%2B14155550123&From=%2B15005550006", 21602),
            ("To=%2B14155550123&From=%2B15005550006&ContentVariables=%7B%7D", 21654),
            (&format!("To=%2B14155550123&From=%2B15005550006&Body={long}"), 21617),
            (&format!("To=%2B14155550123&From=%2B15005550006&Body={longest}"), 0),
            ("To=%2B14155550123&From=ACME&Body=x", 0),
            ("To=%2B14155550123&From=24273&Body=x", 0),
            ("To=whatsapp%3A%2B14155550123&MessagingServiceSid=MG1&ContentSid=HX1", 0),
        ] {
            assert_eq!(code(form), expected, "{form}");
        }
    }
}
