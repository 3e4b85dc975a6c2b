//! A proxy to the embedded DynamoDB, whose HTTP server listens on a private port.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::protocol::Service;

/// Forwards calls with unchanged headers and bytes, over pooled connections.
pub(super) struct Proxy {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
}

impl Proxy {
    pub(super) fn new(address: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: format!("http://{address}/"),
        }
    }

    pub(super) async fn forward(&self, headers: &HeaderMap, body: Bytes) -> Response {
        let down = || Service::DynamoDb.error(StatusCode::INTERNAL_SERVER_ERROR, &Service::DynamoDb.down());
        let Ok(mut request) = Request::post(self.url.as_str()).body(Full::new(body)) else {
            return down();
        };
        *request.headers_mut() = headers.clone();
        // These headers describe the framing of one connection.
        for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::EXPECT] {
            request.headers_mut().remove(name);
        }
        match self.client.request(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                tracing::error!(%error, "The embedded DynamoDB does not answer");
                down()
            }
        }
    }
}
