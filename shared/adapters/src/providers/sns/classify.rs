//! Classifies errors of SNS.

use aws_sdk_sns::operation::publish::PublishError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use messaging::conversation::step::{Refusal, SendOutcome};
use messaging::values::provider::Provider;

use crate::providers::aws::{because, not_refused, without_answer};

const PROVIDER: Provider = Provider::Sns;

/// Decides the outcome of a text from the error that the client returns:
///
/// | error | outcome | why |
/// |---|---|---|
/// | `Throttled`, 429, 503 | `NotSent` | rejected before it was accepted |
/// | `InternalError`, other 5xx, no response | `Unknown` | SNS may have accepted it |
/// | no connection | `NotSent` | nothing was sent |
/// | `OptedOut` | `Rejected`, opted out | declared for other operations only, but honoured here too |
/// | `InvalidParameter`, `ParameterValueInvalid` | `Rejected`, the text's | the number, or more than 1,600 bytes |
/// | any other refusal: `AuthorizationError`, KMS, credentials | `Rejected`, SNS's own | another provider may accept it |
#[must_use]
pub fn outcome_of(error: &SdkError<PublishError, HttpResponse>) -> SendOutcome {
    let SdkError::ServiceError(service) = error else { return without_answer(PROVIDER, error) };
    let (code, status) = (service.err().code().unwrap_or("unknown"), service.raw().status().as_u16());
    if let Some(outcome) = not_refused(PROVIDER, code, status) {
        return outcome;
    }
    let refusal = match code {
        "OptedOut" => Refusal::OptedOut,
        "InvalidParameter" | "ParameterValueInvalid" | "ValidationException" => Refusal::Text,
        _ => Refusal::Provider,
    };
    let facts = because(PROVIDER).and("code", code).and("status", status);
    SendOutcome::Rejected {
        refusal,
        because: facts.explained(format!("Amazon SNS refused the text: {code}.")),
    }
}
