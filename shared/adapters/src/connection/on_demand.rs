//! A connector that is created when it is first used.

use std::fmt;
use std::sync::LazyLock;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// A connector that is created at its first call. Reading the system's roots takes milliseconds, and most
/// functions call no provider, or not at first.
pub(super) struct OnDemand(LazyLock<Connector, fn() -> Connector>);

impl OnDemand {
    pub(super) const fn new(make: fn() -> Connector) -> Self {
        Self(LazyLock::new(make))
    }
}

impl HttpConnector for OnDemand {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.0.call(request)
    }
}

impl fmt::Debug for OnDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDemand")
    }
}
