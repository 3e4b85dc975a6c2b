//! Amazon SNS: `Publish` to a phone number, never repeated.
//!
//! The API has no idempotency key and returns none of our ids, so a lost response is settled by the delivery
//! log, by phone and time. SNS accepts a number that has opted out, and reports the refusal in that log.

mod attributes;
mod classify;

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use messaging::conversation::step::{NotSentReason, ProviderMessage, Refusal, SendOutcome};
use messaging::ports::{Form, OutboundText};
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;
use telemetry::Decision;

use crate::connection::{Connection, configured};
use crate::environment::EnvironmentError;
use crate::providers::aws::{India, MaxPrice, is_indian, is_promotional};

pub use attributes::{ATTRIBUTES, SmsAttributes};
pub use classify::outcome_of;

/// The settings that are sent with texts by SNS.
#[derive(Debug, Clone, Default)]
pub struct SnsSettings {
    /// The name that is shown as the sender, where the customer's country allows one.
    pub sender_id: Option<String>,
    /// The number that sends texts.
    pub origination_number: Option<String>,
    /// The highest price of one part of a text.
    pub max_price: Option<MaxPrice>,
    /// The registration for phones in India.
    pub india: India,
}

/// Checks a sender id: three to eleven letters and digits, with at least one letter.
///
/// # Errors
/// When the text is not a sender id.
pub fn sender_id(id: &str) -> Result<String, EnvironmentError> {
    let allowed = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if (3..=11).contains(&id.len()) && allowed && id.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        Ok(id.to_owned())
    } else {
        Err(EnvironmentError::new("AWS_SNS_SENDER_ID", "is no sender id of 3 to 11 letters and digits"))
    }
}

/// The prefixes of numbers in countries where carriers show no sender ids
/// (docs.aws.amazon.com, "Supported countries and regions for SMS messaging"): North America, and the
/// larger ones elsewhere. The account's own registrations decide about the rest.
const NO_SENDER_ID: [&str; 9] = ["+1", "+52", "+54", "+55", "+56", "+57", "+64", "+82", "+86"];

/// Sends texts by Amazon SNS.
pub struct Sns {
    client: Client,
    settings: SnsSettings,
}

impl Sns {
    /// Creates a sender in the connection's region. Its client makes each call once.
    #[must_use]
    pub fn new(connection: &Connection, settings: SnsSettings) -> Self {
        Self { client: configured!(aws_sdk_sns, connection, sender), settings }
    }

    /// Sends a text, once.
    pub async fn publish_text(&self, text: &OutboundText<'_>) -> SendOutcome {
        let Form::Words(words) = text.form else {
            let because = crate::providers::aws::because(Provider::Sns).and("reason", "no words");
            return SendOutcome::Rejected {
                refusal: Refusal::Provider,
                because: because.explained("Amazon SNS does not know WhatsApp's templates."),
            };
        };
        let mut request = self.client.publish().phone_number(text.to.as_e164()).message(words.expose());
        for (name, kind, value) in self.attributes(text) {
            let value = MessageAttributeValue::builder().data_type(kind).string_value(value).build();
            match value {
                Ok(value) => request = request.message_attributes(name, value),
                Err(_) => {
                    let reason = NotSentReason::RequestNotBuilt("an attribute".to_owned());
                    return SendOutcome::not_sent(reason, crate::providers::aws::because(Provider::Sns));
                }
            }
        }
        match request.send().await {
            Ok(published) => accepted(published.message_id, self.settings.origination_number.clone()),
            Err(error) => outcome_of(&error),
        }
    }

    /// Returns the number that sends texts, where it is set.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.settings.origination_number.as_deref()
    }

    fn attributes(&self, text: &OutboundText<'_>) -> Vec<(&'static str, &'static str, String)> {
        let kind = if is_promotional(text.step.category) { "Promotional" } else { "Transactional" };
        let ids = format!("{}.{}.{}", text.conversation, text.step.name, text.attempt);
        let mut attributes = vec![
            ("AWS.SNS.SMS.SMSType", "String", kind.to_owned()),
            // Our own ids, for readers of the attributes. AWS ignores them.
            ("Afterword.Attempt", "String", ids),
        ];
        let mut add = |name, value: Option<&str>| {
            attributes.extend(value.map(|value| (name, "String", value.to_owned())));
        };
        add("AWS.SNS.SMS.SenderID", self.sender_id(text.to).map(String::as_str));
        add("AWS.MM.SMS.OriginationNumber", self.settings.origination_number.as_deref());
        if is_indian(text.to) {
            add("AWS.MM.SMS.EntityId", self.settings.india.entity_id.as_deref());
            add("AWS.MM.SMS.TemplateId", self.settings.india.template_of(text.step));
        }
        if let Some(price) = &self.settings.max_price {
            attributes.push(("AWS.SNS.SMS.MaxPrice", "Number", price.as_str().to_owned()));
        }
        attributes
    }

    /// Returns the sender id; `None` if the customer's country shows none, because the text matters more.
    fn sender_id(&self, to: &PhoneNumber) -> Option<&String> {
        let id = self.settings.sender_id.as_ref()?;
        if NO_SENDER_ID.iter().any(|prefix| to.as_e164().starts_with(prefix)) {
            let decision = telemetry::count(Decision::SenderIdDropped);
            tracing::warn!(decision, "Left out the sender id, which the customer's country does not show");
            return None;
        }
        Some(id)
    }
}

fn accepted(message_id: Option<String>, from: Option<String>) -> SendOutcome {
    match message_id.filter(|id| !id.is_empty()) {
        Some(id) => SendOutcome::Accepted {
            message: ProviderMessage { provider: Provider::Sns.as_str().to_owned(), id, from },
        },
        None => SendOutcome::Unknown {
            because: crate::providers::aws::because(Provider::Sns)
                .and("reason", "accepted without a message id"),
        },
    }
}
