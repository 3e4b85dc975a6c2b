//! Converts SDK errors to the domain's error: the operation and the kind of failure, without data.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use messaging::ports::Unavailable;

/// Converts an SDK error to one that is safe to log. SDK messages can quote items, so only the error code
/// is kept.
pub(crate) fn unavailable<E: ProvideErrorMetadata>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Unavailable {
    let reason = match error {
        SdkError::TimeoutError(_) => "timeout".to_owned(),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "timeout".to_owned(),
        SdkError::DispatchFailure(_) => "not reached".to_owned(),
        SdkError::ResponseError(response) => {
            format!("unreadable answer {}", response.raw().status().as_u16())
        }
        SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown error").to_owned(),
        _ => "not sent".to_owned(),
    };
    Unavailable { operation, reason }
}
