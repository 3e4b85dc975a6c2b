//! Sends one-time codes by Twilio.

use std::time::Duration;

use chrono::{DateTime, Utc};
use messaging::conversation::step::SendOutcome;
use messaging::ports::CodeTexts;
use messaging::text::template::MessageText;
use messaging::values::clock::Clock;
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;

use super::{Twilio, TwilioSettings, without_answer};
use crate::providers::http::Lost;

/// The time limit of a call, shorter than for other texts: a caller waits for a response within 10 s.
const CODE_CALL_TIMEOUT: Duration = Duration::from_secs(7);

impl<K: Clock> CodeTexts for Twilio<K> {
    fn provider(&self) -> Provider {
        Provider::Twilio
    }

    fn origin(&self) -> Option<&str> {
        Some(&self.settings.from)
    }

    async fn send_code(
        &self,
        to: &PhoneNumber,
        words: &MessageText,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> SendOutcome {
        let sending = self.post(form(&self.settings, to, words, until, now), &self.settings.from);
        tokio::time::timeout(CODE_CALL_TIMEOUT, sending)
            .await
            .unwrap_or_else(|_| without_answer(Lost::Afterwards("timeout")))
    }
}

/// Builds the form of a code. It has no callback: a code has no conversation that could store receipts.
fn form(
    settings: &TwilioSettings,
    to: &PhoneNumber,
    words: &MessageText,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> String {
    let from = if settings.from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
    // A code that arrives after it has expired only confuses. Twilio allows 1 to 36,000 seconds.
    let left = (until - now).num_seconds().clamp(1, 36_000);
    form_urlencoded::Serializer::new(String::new())
        .append_pair("To", to.as_e164())
        .append_pair(from, &settings.from)
        .append_pair("Body", words.expose())
        .append_pair("ValidityPeriod", &left.to_string())
        .finish()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_code_leaves_from_a_number_or_a_service_and_not_after_its_end() {
        let now = DateTime::UNIX_EPOCH;
        let to = PhoneNumber::parse_e164("+12025550143").unwrap();
        for (from, expected) in [
            ("+15005550006", "From=%2B15005550006"),
            ("MG00000000000000000000000000000000", "MessagingServiceSid=MG00000000000000000000000000000000"),
        ] {
            let settings = TwilioSettings {
                base_url: String::new(),
                from: from.to_owned(),
                whatsapp_from: None,
                public_url: String::new(),
            };
            let words = MessageText::new("123 & so on");
            let form = form(&settings, &to, &words, now + TimeDelta::minutes(10), now);
            let expected = format!("To=%2B12025550143&{expected}&Body=123+%26+so+on&ValidityPeriod=600");
            assert_eq!(form, expected);
        }
    }
}
