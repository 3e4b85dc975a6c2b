//! Parts shared by the two AWS services that send texts.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use messaging::conversation::Step;
use messaging::conversation::step::{NotSentReason, Refusal, SendOutcome};
use messaging::text::dlt::DltTemplateId;
use messaging::values::channel::Category;
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;
use messaging::values::verdict::Because;

use crate::environment::EnvironmentError;
use crate::providers::http::{Lost, lost};

/// The registration that India's operators require with every text (DLT): the sender and the template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct India {
    /// The sender's registration, `IN_ENTITY_ID`.
    pub entity_id: Option<String>,
    /// The `IN_TEMPLATE_ID` of a text that has no template of its own.
    pub template_id: Option<String>,
}

impl India {
    /// Returns the registered template of a text.
    pub(crate) fn template_of<'a>(&'a self, step: &'a Step) -> Option<&'a str> {
        step.dlt_template_id.as_ref().map(DltTemplateId::as_str).or(self.template_id.as_deref())
    }
}

/// The highest price of one part of a text, in US dollars, as AWS spells it: `^[0-9]{0,2}\.[0-9]{1,5}$`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxPrice(String);

impl MaxPrice {
    /// Reads a decimal number of dollars below 100 with at most five decimals: `1`, `0.5`, `.05`.
    ///
    /// # Errors
    /// When the text is not such a number.
    pub fn parse(text: &str) -> Result<Self, EnvironmentError> {
        let wrong = || EnvironmentError::new("AWS_SMS_MAX_PRICE", "is no price below 100 dollars");
        let (dollars, decimals) = text.split_once('.').unwrap_or((text, "00"));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if dollars.len() > 2 || !digits(dollars) || !digits(decimals) || !(1..=5).contains(&decimals.len()) {
            return Err(wrong());
        }
        if dollars.is_empty() && !text.contains('.') {
            return Err(wrong());
        }
        Ok(Self(format!("{dollars}.{decimals}")))
    }

    /// Returns the price as AWS spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns whether a phone number belongs to India.
pub(crate) fn is_indian(to: &PhoneNumber) -> bool {
    to.as_e164().starts_with("+91")
}

/// Returns whether a category is promotional. AWS distinguishes promotional and transactional texts.
pub(crate) fn is_promotional(category: Category) -> bool {
    category == Category::Promotional
}

/// Returns the first fact about an outcome: the provider.
pub(crate) fn because(provider: Provider) -> Because {
    Because::fact("provider", provider.as_str())
}

/// Classifies a failure that is not an error response of the service itself.
///
/// | failure | outcome | why |
/// |---|---|---|
/// | the request could not be built | `Rejected`, the text's | nothing was sent, and nothing will be |
/// | no connection | `NotSent` | nothing was sent |
/// | time-out, broken connection, unreadable response | `Unknown` | the service may have accepted it |
pub(crate) fn without_answer<E>(provider: Provider, error: &SdkError<E, HttpResponse>) -> SendOutcome {
    let because = because(provider);
    match error {
        SdkError::ConstructionFailure(_) => SendOutcome::Rejected {
            refusal: Refusal::Text,
            because: because
                .and("reason", "the request could not be built")
                .explained(format!("The text does not fit what {provider} takes.")),
        },
        SdkError::DispatchFailure(failure) => match failure.as_connector_error().map(lost) {
            Some(Lost::Before) => SendOutcome::not_sent(NotSentReason::NoConnection, because),
            Some(Lost::Afterwards(reason)) => SendOutcome::Unknown { because: because.and("reason", reason) },
            None => SendOutcome::Unknown { because: because.and("reason", "connection lost") },
        },
        SdkError::TimeoutError(_) => SendOutcome::Unknown { because: because.and("reason", "timeout") },
        _ => SendOutcome::Unknown { because: because.and("reason", "unreadable answer") },
    }
}

/// Classifies an error response of the service that rejects the call or leaves its outcome open, by its code
/// and its status; `None` when it is a refusal.
///
/// | response | outcome | why |
/// |---|---|---|
/// | a throttle, 429, 503 | `NotSent` | rejected before it was accepted |
/// | any other 4xx except 408 | a refusal | |
/// | 408, other 5xx, unreadable 2xx, anything else | `Unknown` | it may have been accepted before the response failed |
pub(crate) fn not_refused(provider: Provider, code: &str, status: u16) -> Option<SendOutcome> {
    let because = because(provider).and("code", code).and("status", status);
    let throttled =
        matches!(code, "ThrottlingException" | "Throttled" | "Throttling" | "TooManyRequestsException");
    if throttled || matches!(status, 429 | 503) {
        return Some(SendOutcome::not_sent(NotSentReason::TurnedAway, because));
    }
    let refused = (400..500).contains(&status) && status != 408;
    (!refused).then(|| SendOutcome::Unknown { because: because.and("reason", "no usable answer") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_spelt_as_aws_wants_them() {
        for (text, spelt) in [("1", "1.00"), ("0.5", "0.5"), (".05", ".05"), ("99.99999", "99.99999")] {
            assert_eq!(MaxPrice::parse(text).unwrap().as_str(), spelt);
        }
        for text in ["", ".", "100", "1.", "1.123456", "1,5", "-1", "1e1", " 1"] {
            assert!(MaxPrice::parse(text).is_err(), "{text:?}");
        }
    }
}
