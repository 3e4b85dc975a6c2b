//! The call `SendTextMessage`, with the constraints of the service model of `pinpoint-sms-voice-v2`.

use messaging::values::provider::Provider;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AwsSms, NUMBER, Submission};
use crate::runtime::aws_error::AwsError;

/// The simulator phone numbers to which delivery always fails (docs.aws.amazon.com/sms-voice, "Simulator
/// phone numbers"). The failure is reported by an event, not by an error.
const FAILING: [&str; 6] =
    ["+14254147167", "+61455944039", "+43676800442032", "+32460213923", "+33755512502", "+85257048854"];

impl AwsSms {
    /// Accepts a text. `receipt` states whether an event follows.
    pub(crate) fn send_text_message(&self, request: &Value, receipt: bool) -> Result<Value, AwsError> {
        let text = |name: &str| request.get(name).and_then(Value::as_str);
        let invalid = |name: &'static str| {
            AwsError::new("ValidationException", "The request is not valid.").with(json!({
                "Reason": "INVALID_PARAMETER",
                "Fields": [{ "Name": name, "Message": "is not valid" }],
            }))
        };
        let to = text("DestinationPhoneNumber").filter(|to| is_phone(to));
        let to = to.ok_or_else(|| invalid("DestinationPhoneNumber"))?;
        let to = format!("+{}", to.trim_start_matches('+'));
        let body = text("MessageBody").filter(|body| !body.trim().is_empty() && body.chars().count() <= 1600);
        let body = body.ok_or_else(|| invalid("MessageBody"))?;
        if text("MaxPrice").is_some_and(|price| !is_price(price)) {
            return Err(invalid("MaxPrice"));
        }
        if text("MessageType").is_some_and(|kind| !["TRANSACTIONAL", "PROMOTIONAL"].contains(&kind)) {
            return Err(invalid("MessageType"));
        }
        let seconds = request.get("TimeToLive").map(|seconds| seconds.as_i64().unwrap_or_default());
        if seconds.is_some_and(|seconds| !(5..=259_200).contains(&seconds)) {
            return Err(invalid("TimeToLive"));
        }
        let context = request.get("Context").filter(|context| !context.is_null());
        if context.is_some_and(|context| !is_context(context)) {
            return Err(invalid("Context"));
        }
        if request.get("DryRun").and_then(Value::as_bool) == Some(true) {
            return Ok(json!({ "MessageId": Uuid::new_v4().to_string() }));
        }
        let from = text("OriginationIdentity").filter(|from| is_phone(from) && from.starts_with('+'));
        let submission = Submission {
            provider: Provider::EndUserMessaging,
            failure: FAILING.contains(&to.as_str()).then_some("TEXT_INVALID"),
            to,
            from: from.unwrap_or(NUMBER).to_owned(),
            body: body.to_owned(),
            context: Some(context.map_or_else(|| "{}".to_owned(), Value::to_string)),
        };
        Ok(json!({ "MessageId": self.take(submission, receipt)? }))
    }
}

/// Returns whether the text matches `^\+?[1-9][0-9]{1,18}$`.
fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (2..=19).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// Returns whether the text matches `^[0-9]{0,2}\.[0-9]{1,5}$`.
fn is_price(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    text.split_once('.').is_some_and(|(dollars, decimals)| {
        dollars.len() <= 2 && digits(dollars) && (1..=5).contains(&decimals.len()) && digits(decimals)
    })
}

/// Returns whether this is an object of strings of 1 to 800 characters, without white space at either end.
fn is_context(context: &Value) -> bool {
    context.as_object().is_some_and(|entries| {
        entries.values().all(|value| {
            let text = value.as_str().unwrap_or_default();
            (1..=800).contains(&text.chars().count()) && text.trim() == text
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_service_model() {
        for (price, valid) in
            [("0.50", true), (".5", true), ("1", false), ("1.000001", false), ("100.0", false)]
        {
            assert_eq!(is_price(price), valid, "{price}");
        }
        for (phone, valid) in [("+14254147755", true), ("14254147755", true), ("+0", false), ("+1 4", false)]
        {
            assert_eq!(is_phone(phone), valid, "{phone}");
        }
        assert!(is_context(&json!({ "attempt": "1" })));
        assert!(!is_context(&json!({ "attempt": " 1" })) && !is_context(&json!({ "attempt": 1 })));
    }
}
