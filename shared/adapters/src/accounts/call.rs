//! One call of a provider's management API, which responds with JSON.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use messaging::ports::Unavailable;
use serde_json::Value;

use crate::providers::http::exchange;

/// The time limit of the whole call.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// One call of an API. No `Debug`: it carries a credential.
pub(super) struct Call<'a> {
    /// The name of the call in errors: `calendly:CreateSubscription`.
    pub(super) operation: &'static str,
    pub(super) method: &'static str,
    pub(super) url: String,
    /// The value of the `Authorization` header.
    pub(super) authorization: &'a str,
    /// The content type and the body, if there is one.
    pub(super) body: Option<(&'static str, String)>,
}

impl Call<'_> {
    /// Makes the call once. A response other than 2xx is an error that names the status, and the provider's
    /// error code where it is a number. The error never contains the request.
    pub(super) async fn make(self, http: &SharedHttpConnector) -> Result<Value, Unavailable> {
        let trouble = |reason: String| Unavailable { operation: self.operation, reason };
        let mut request = http::Request::builder()
            .method(self.method)
            .uri(&self.url)
            .header("authorization", self.authorization)
            .header("accept", "application/json")
            .header("user-agent", concat!("afterword/", env!("CARGO_PKG_VERSION")));
        let mut body = String::new();
        if let Some((content_type, text)) = self.body {
            request = request.header("content-type", content_type);
            body = text;
        }
        let unbuildable = || trouble("the request could not be built".to_owned());
        let request = request.body(SdkBody::from(body)).map_err(|_| unbuildable())?;
        let request = HttpRequest::try_from(request).map_err(|_| unbuildable())?;
        let answer = tokio::time::timeout(CALL_TIMEOUT, exchange(http, request)).await;
        let (status, body) = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => return Err(trouble("no answer".to_owned())),
            Err(_) => return Err(trouble("timeout".to_owned())),
        };
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        if (200..300).contains(&status) {
            return Ok(document);
        }
        let code = document.get("code").and_then(Value::as_u64);
        Err(trouble(code.map_or_else(|| status.to_string(), |code| format!("{status}, error {code}"))))
    }
}
