//! AWS End User Messaging SMS (`pinpoint-sms-voice-v2`): `SendTextMessage`, never repeated.
//!
//! The API has no idempotency key, so a call whose response is lost may or may not have sent a text. Our own
//! ids are sent in `Context` and come back with every event. They are the evidence after a lost response.

mod classify;

use std::fmt;

use aws_sdk_pinpointsmsvoicev2::Client;
use aws_sdk_pinpointsmsvoicev2::types::MessageType;
use messaging::conversation::step::{ProviderMessage, Refusal, SendOutcome};
use messaging::ports::{Form, OutboundText};
use messaging::text::template::MessageText;
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;

use crate::connection::{Connection, configured};
use crate::environment::EnvironmentError;
pub use crate::providers::aws::{India, MaxPrice};
use crate::providers::aws::{is_indian, is_promotional};

pub use classify::outcome_of;

/// The kinds of numbers that send texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NumberType {
    /// A number of ten digits that is registered elsewhere.
    LongCode,
    /// A toll-free number.
    TollFree,
    /// A number of ten digits that is registered for business in the US.
    TenDlc,
    /// A number of five or six digits.
    ShortCode,
    /// A number for development, which reaches AWS's simulated phones only and needs no registration.
    #[default]
    Simulator,
}

impl NumberType {
    /// Returns AWS's name for the kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LongCode => "LONG_CODE",
            Self::TollFree => "TOLL_FREE",
            Self::TenDlc => "TEN_DLC",
            Self::ShortCode => "SHORT_CODE",
            Self::Simulator => "SIMULATOR",
        }
    }

    /// Finds a kind by AWS's name.
    ///
    /// # Errors
    /// When AWS has no such kind.
    pub fn of_name(name: &str) -> Result<Self, EnvironmentError> {
        match name {
            "LONG_CODE" => Ok(Self::LongCode),
            "TOLL_FREE" => Ok(Self::TollFree),
            "TEN_DLC" => Ok(Self::TenDlc),
            "SHORT_CODE" => Ok(Self::ShortCode),
            "SIMULATOR" => Ok(Self::Simulator),
            _ => Err(EnvironmentError::new(
                "AWS_SMS_NUMBER_TYPE",
                "is none of LONG_CODE, TOLL_FREE, TEN_DLC, SHORT_CODE, SIMULATOR",
            )),
        }
    }
}

/// The senders of texts, and the settings that are sent with them.
#[derive(Clone, Default)]
pub struct EndUserMessagingSettings {
    /// A pool (id or ARN) or a number. Without one, AWS chooses a number of the account.
    pub origination: Option<String>,
    /// The kind of that number.
    pub number_type: NumberType,
    /// The configuration set that publishes events.
    pub configuration_set: Option<String>,
    /// The highest price of one part of a text.
    pub max_price: Option<MaxPrice>,
    /// The registration for phones in India.
    pub india: India,
}

impl fmt::Debug for EndUserMessagingSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndUserMessagingSettings")
            .field("number_type", &self.number_type)
            .field("configuration_set", &self.configuration_set)
            .finish_non_exhaustive()
    }
}

/// Sends texts by AWS End User Messaging.
pub struct EndUserMessaging {
    client: Client,
    settings: EndUserMessagingSettings,
}

impl EndUserMessaging {
    /// Creates a sender in the connection's region. Its client makes each call once.
    #[must_use]
    pub fn new(connection: &Connection, settings: EndUserMessagingSettings) -> Self {
        Self { client: configured!(aws_sdk_pinpointsmsvoicev2, connection, sender), settings }
    }

    /// Sends a text, once.
    pub async fn send_text(&self, text: &OutboundText<'_>) -> SendOutcome {
        let Form::Words(words) = text.form else {
            let because =
                crate::providers::aws::because(Provider::EndUserMessaging).and("reason", "no words");
            return SendOutcome::Rejected {
                refusal: Refusal::Provider,
                because: because.explained("AWS End User Messaging does not know WhatsApp's templates."),
            };
        };
        // Seconds for which AWS may hold the text back; it allows 5 to 259,200.
        let left = (text.step.deadline - text.now).num_seconds().clamp(5, 259_200);
        let mut request = self
            .client
            .send_text_message()
            .destination_phone_number(text.to.as_e164())
            .message_body(words.expose())
            .set_origination_identity(self.settings.origination.clone())
            .set_configuration_set_name(self.settings.configuration_set.clone())
            .message_type(if is_promotional(text.step.category) {
                MessageType::Promotional
            } else {
                MessageType::Transactional
            })
            .set_max_price(self.settings.max_price.as_ref().map(|price| price.as_str().to_owned()))
            .time_to_live(i32::try_from(left).unwrap_or(i32::MAX))
            .context("conversation", text.conversation.as_str())
            .context("step", text.step.name.as_str())
            .context("attempt", text.attempt.to_string());
        if is_indian(text.to) {
            use aws_sdk_pinpointsmsvoicev2::types::DestinationCountryParameterKey::{
                InEntityId, InTemplateId,
            };
            let india = &self.settings.india;
            let (entity, template) = (india.entity_id.as_deref(), india.template_of(text.step));
            for (key, value) in [(InEntityId, entity), (InTemplateId, template)] {
                if let Some(value) = value {
                    request = request.destination_country_parameters(key, value);
                }
            }
        }
        match request.send().await {
            Ok(sent) => accepted(sent.message_id, self.number()),
            Err(error) => outcome_of(&error),
        }
    }

    /// Sends a text that belongs to no journey, once.
    pub async fn say(&self, to: &PhoneNumber, from: &str, words: &MessageText) -> SendOutcome {
        let sent = self
            .client
            .send_text_message()
            .destination_phone_number(to.as_e164())
            .message_body(words.expose())
            .origination_identity(from)
            .message_type(MessageType::Transactional)
            .send()
            .await;
        match sent {
            Ok(sent) => accepted(sent.message_id, Some(from.to_owned())),
            Err(error) => outcome_of(&error),
        }
    }

    /// Returns the pool or number that sends texts, where it is set.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.settings.origination.as_deref()
    }

    /// Returns the number that sends texts; `None` where a pool sends them.
    fn number(&self) -> Option<String> {
        self.settings.origination.clone().filter(|origination| origination.starts_with('+'))
    }
}

fn accepted(message_id: Option<String>, from: Option<String>) -> SendOutcome {
    let provider = Provider::EndUserMessaging;
    match message_id.filter(|id| !id.is_empty()) {
        Some(id) => SendOutcome::Accepted {
            message: ProviderMessage { provider: provider.as_str().to_owned(), id, from },
        },
        None => SendOutcome::Unknown {
            because: crate::providers::aws::because(provider).and("reason", "accepted without a message id"),
        },
    }
}
