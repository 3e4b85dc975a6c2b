//! One HTTP request that is never repeated, for services that are called without an SDK.

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

/// The size limit of a response in bytes. Most responses are about a kilobyte.
const ANSWER_LIMIT: usize = 1024 * 1024;

/// The error for a call without a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// No connection was made: nothing was sent.
    Before,
    /// The request may have arrived.
    Afterwards(&'static str),
}

/// Sends the request once and reads the whole response.
///
/// # Errors
/// [`Lost`] says whether the request can have arrived.
pub async fn exchange(http: &SharedHttpConnector, request: HttpRequest) -> Result<(u16, Vec<u8>), Lost> {
    let response: HttpResponse = http.call(request).await.map_err(|error| lost(&error))?;
    let status = response.status().as_u16();
    let body = collect(response.into_body()).await.ok_or(Lost::Afterwards("truncated answer"))?;
    Ok((status, body))
}

async fn collect(body: SdkBody) -> Option<Vec<u8>> {
    use http_body_util::{BodyExt as _, Limited};
    let collected = Limited::new(body, ANSWER_LIMIT).collect().await.ok()?;
    Some(collected.to_bytes().to_vec())
}

/// Classifies a connector's error. Only a failure to connect is certain to have sent nothing. The connector's
/// own time limit covers connecting alone; the caller limits the whole call.
pub(crate) fn lost(error: &ConnectorError) -> Lost {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if cause
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
        {
            return Lost::Before;
        }
        source = cause.source();
    }
    if error.is_timeout() { Lost::Afterwards("timeout") } else { Lost::Afterwards("connection lost") }
}
