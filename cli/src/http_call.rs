//! HTTP calls, to this machine or over a given connection.

use adapters::Connection;
use adapters::providers::http::exchange;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

/// Calls this machine once and returns status and body.
pub(crate) async fn call(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<(u16, String), String> {
    let connection = Connection::plain(url).provider_http;
    let answer = call_over(&connection, method, url, headers, body).await;
    answer.map_err(|error| format!("{error}: is `afterword serve` running?"))
}

/// Calls once over a connection and returns status and body.
pub(crate) async fn call_over(
    http: &SharedHttpConnector,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<(u16, String), String> {
    let mut request = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(SdkBody::from(body)).map_err(|error| error.to_string())?;
    let request = HttpRequest::try_from(request).map_err(|error| error.to_string())?;
    match exchange(http, request).await {
        Ok((status, body)) => Ok((status, String::from_utf8_lossy(&body).into_owned())),
        Err(_) => Err(format!("no answer from {url}")),
    }
}
