//! The call `Publish` to a phone number. A text to a number that has opted out is accepted too, and its
//! failure is in the log only.

use std::collections::HashMap;

use messaging::values::provider::Provider;
use serde_json::json;

use super::{AwsSms, Submission};
use crate::providers::twilio::is_e164;

/// The number from which texts are sent when the account has none of its own.
const SHARED_NUMBER: &str = "+14255550101";
/// The length of the longest text, in bytes.
const LONGEST: usize = 1600;

/// An error of SNS with its status, code and message.
pub(crate) struct SnsError(pub(crate) u16, pub(crate) &'static str, pub(crate) &'static str);

impl From<rusqlite::Error> for SnsError {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "The simulated SNS could not use its store");
        Self(500, "InternalError", "The store cannot be reached.")
    }
}

impl AwsSms {
    /// Accepts a text and returns its id. `receipt` states whether a line in the log follows.
    pub(crate) fn publish(&self, form: &HashMap<String, String>, receipt: bool) -> Result<String, SnsError> {
        let invalid = |message| SnsError(400, "InvalidParameter", message);
        let to = form.get("PhoneNumber").filter(|to| is_e164(to));
        let to = to.ok_or(invalid("Invalid parameter: PhoneNumber"))?;
        let body = form.get("Message").filter(|body| !body.is_empty() && body.len() <= LONGEST);
        let body = body.ok_or(invalid("Invalid parameter: Message"))?;
        let attributes = attributes(form);
        let attribute = |name: &str| attributes.get(name).map(|value| (*value).to_owned());
        if attribute("AWS.SNS.SMS.SMSType")
            .is_some_and(|kind| kind != "Transactional" && kind != "Promotional")
        {
            return Err(SnsError(400, "ParameterValueInvalid", "Invalid parameter: SMSType"));
        }
        let from = attribute("AWS.MM.SMS.OriginationNumber").or_else(|| attribute("AWS.SNS.SMS.SenderID"));
        let submission = Submission {
            provider: Provider::Sns,
            to: to.clone(),
            from: from.unwrap_or_else(|| SHARED_NUMBER.to_owned()),
            body: body.clone(),
            context: Some(attribute("Afterword.Attempt").as_deref().map_or("{}".to_owned(), context)),
            failure: None,
        };
        Ok(self.take(submission, receipt)?)
    }
}

/// Returns the ids in `<conversation>.<step>.<attempt>` as a JSON object.
fn context(ids: &str) -> String {
    let mut parts = ids.split('.');
    let mut next = || parts.next().unwrap_or_default().to_owned();
    json!({ "conversation": next(), "step": next(), "attempt": next() }).to_string()
}

/// Returns the values in `MessageAttributes.entry.N.Value.StringValue`, by name.
fn attributes(form: &HashMap<String, String>) -> HashMap<&str, &str> {
    let entry = |n: usize| {
        let name = form.get(&format!("MessageAttributes.entry.{n}.Name"))?;
        let value = form.get(&format!("MessageAttributes.entry.{n}.Value.StringValue"))?;
        Some((name.as_str(), value.as_str()))
    };
    (1..).map_while(entry).collect()
}
