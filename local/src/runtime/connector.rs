//! The functions' HTTP clients on this machine: real clients behind a connector that injects faults.
//!
//! The simulated services mark a response when the caller is to be killed before it reads the response, or
//! is to see a time-out (see [`crate::runtime::faults`]). The functions do not know about faults; only their
//! client does.

use std::fmt;

use adapters::Connection;
use adapters::connection::providers_over_tls;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::runtime::faults::{FAULT_CRASH, FAULT_HEADER, FAULT_TIMEOUT};
use crate::runtime::invoke::die;

/// Returns a connection to the endpoints of this machine, for functions that run in it.
pub(crate) fn connection(endpoint: &str) -> Connection {
    let plain = Connection::plain(endpoint);
    let inner = plain.sdk_http.clone();
    Connection {
        sdk_http: http_client_fn(move |settings, components| {
            use aws_smithy_runtime_api::client::http::HttpClient as _;
            SharedHttpConnector::new(FaultInjectingConnector(inner.http_connector(settings, components)))
        }),
        provider_http: SharedHttpConnector::new(FaultInjectingConnector(plain.provider_http.clone())),
        ..plain
    }
}

/// Returns the same connection, but with TLS clients without faults for real providers.
pub(crate) fn live_connection(endpoint: &str) -> Connection {
    Connection { provider_http: providers_over_tls(), ..connection(endpoint) }
}

/// Passes every response through except the marked ones.
struct FaultInjectingConnector(SharedHttpConnector);

impl fmt::Debug for FaultInjectingConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultInjectingConnector")
    }
}

impl HttpConnector for FaultInjectingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let calling = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let response = calling.await?;
            match response.headers().get(FAULT_HEADER) {
                Some(FAULT_CRASH) => match die().await {},
                Some(FAULT_TIMEOUT) => Err(ConnectorError::timeout("the answer was lost".into())),
                _ => Ok(response),
            }
        })
    }
}
