//! Classifies errors of End User Messaging.

use aws_sdk_pinpointsmsvoicev2::operation::send_text_message::SendTextMessageError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use messaging::conversation::step::{Refusal, SendOutcome};
use messaging::values::provider::Provider;

use crate::providers::aws::{because, not_refused, without_answer};

const PROVIDER: Provider = Provider::EndUserMessaging;

/// Decides the outcome of a text from the error that the client returns:
///
/// | error | outcome | why |
/// |---|---|---|
/// | `ThrottlingException`, 429, 503 | `NotSent` | rejected before it was accepted |
/// | `InternalServerException`, other 5xx, no response | `Unknown` | AWS may have accepted it |
/// | no connection | `NotSent` | nothing was sent |
/// | `ConflictException`, `DESTINATION_PHONE_NUMBER_OPTED_OUT` | `Rejected`, opted out | the number is on the opt-out list |
/// | `ValidationException`, `INVALID_PARAMETER` about number or words | `Rejected`, the text's | no provider would accept it |
/// | any other refusal: quota, spend limit, access, origination, protect, country | `Rejected`, AWS's own | another provider may accept it |
///
/// The reasons are those of the service model of `pinpoint-sms-voice-v2`.
#[must_use]
pub fn outcome_of(error: &SdkError<SendTextMessageError, HttpResponse>) -> SendOutcome {
    let SdkError::ServiceError(service) = error else { return without_answer(PROVIDER, error) };
    let (code, status) = (service.err().code().unwrap_or("unknown"), service.raw().status().as_u16());
    if let Some(outcome) = not_refused(PROVIDER, code, status) {
        return outcome;
    }
    let reason = reason(service.err());
    let refusal = match (service.err(), reason.as_deref()) {
        (_, Some("DESTINATION_PHONE_NUMBER_OPTED_OUT")) => Refusal::OptedOut,
        (SendTextMessageError::ValidationException(invalid), Some("INVALID_PARAMETER")) => {
            let about_text = |name: &str| ["DestinationPhoneNumber", "MessageBody"].contains(&name);
            match invalid.fields().iter().any(|field| about_text(field.name())) {
                true => Refusal::Text,
                false => Refusal::Provider,
            }
        }
        _ => Refusal::Provider,
    };
    let mut facts = because(PROVIDER).and("code", code).and("status", status);
    if let Some(reason) = &reason {
        facts = facts.and("reason", reason.as_str());
    }
    let named = reason.map_or_else(|| code.to_owned(), |reason| format!("{code} ({reason})"));
    let facts = facts.explained(format!("AWS End User Messaging refused the text: {named}."));
    SendOutcome::Rejected { refusal, because: facts }
}

/// Returns the reason that some errors name. It is one of AWS's constants and contains no data.
fn reason(error: &SendTextMessageError) -> Option<String> {
    match error {
        SendTextMessageError::AccessDeniedException(error) => error.reason().map(|reason| reason.as_str()),
        SendTextMessageError::ConflictException(error) => error.reason().map(|reason| reason.as_str()),
        SendTextMessageError::ServiceQuotaExceededException(error) => {
            error.reason().map(|reason| reason.as_str())
        }
        SendTextMessageError::ValidationException(error) => error.reason().map(|reason| reason.as_str()),
        _ => None,
    }
    .map(str::to_owned)
}
