//! API Gateway's HTTP API on this machine: the routes of the template, with payload format 2.0 in both
//! directions.

mod event;
mod response;
pub mod template;
mod throttle;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt;
use messaging::values::clock::Clock;
use serde_json::{Value, json};

use crate::gateway::template::{Match, Template};
use crate::runtime::clock::LocalClock;
use crate::runtime::host::check_host;
use crate::runtime::invoke::Functions;
use crate::runtime::problem::{self, unread};
use event::Arrival;
use throttle::Buckets;

/// Lambda's limit for a synchronous event. The functions enforce their smaller limits themselves.
const BODY_LIMIT: usize = 6 * 1024 * 1024;

/// The length up to which an oversized body is read and discarded, so that the caller can read the 413.
const DRAIN_LIMIT: usize = 64 * 1024 * 1024;

/// Finds the route of a request, builds the event, invokes the function and maps its response.
pub struct Gateway {
    template: Template,
    functions: Functions,
    clock: Arc<LocalClock>,
    port: u16,
    buckets: Option<Buckets>,
}

impl Gateway {
    /// Creates a gateway that listens on `port`.
    #[must_use]
    pub fn new(
        template: Template,
        functions: Functions,
        clock: Arc<LocalClock>,
        port: u16,
        throttle: bool,
    ) -> Self {
        Self { template, functions, clock, port, buckets: throttle.then(Buckets::default) }
    }

    /// Returns the listener's router. It can also be called under the name `public_host`.
    pub(crate) fn router(self: Arc<Self>, public_host: Option<String>) -> Router {
        check_host(Router::new().fallback(receive).with_state(self), public_host)
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request, source_ip: IpAddr) -> Response {
        let request_id = uuid::Uuid::new_v4().to_string();
        let mut response = self.route(request, source_ip, &request_id).await;
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            // API Gateway sets only `apigw-requestid` on its own responses. Here every response has both, so
            // that the id is always found under the same name.
            response.headers_mut().entry("x-request-id").or_insert_with(|| id.clone());
            response.headers_mut().insert("apigw-requestid", id);
        }
        response
    }

    async fn route(&self, request: Request, source_ip: IpAddr, request_id: &str) -> Response {
        let (parts, body) = request.into_parts();
        let Some(found) = self.template.find(parts.method.as_str(), parts.uri.path()) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let now = self.clock.now();
        if self.buckets.as_ref().is_some_and(|buckets| !buckets.take(found.route, now)) {
            return unread(message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"));
        }
        let body = match read(body).await {
            Ok(body) => body,
            Err(status @ StatusCode::PAYLOAD_TOO_LARGE) => {
                return message(status, "Request Entity Too Large");
            }
            Err(status) => return message(status, "Bad Request"),
        };
        let arrival = Arrival { parts: &parts, body: &body, source_ip, port: self.port, request_id, at: now };
        self.invoke(&found, arrival.event(&found)).await
    }

    async fn invoke(&self, found: &Match<'_>, event: Value) -> Response {
        let function = found.route.function();
        match self.functions.invoke(function, event).await {
            Ok(value) => response::from_function(value).unwrap_or_else(|| {
                tracing::warn!(function, "A function returned a value that API Gateway does not understand");
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }),
            Err(error) => {
                tracing::warn!(function, error_type = error.error_type, "A function failed");
                match error.is_time_out() {
                    true => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
                    false => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
                }
            }
        }
    }
}

async fn receive(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let source = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    gateway.answer(request, source.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))).await
}

/// Reads a body to its end even when it is too large, up to [`DRAIN_LIMIT`]: a caller who is still writing
/// when the connection closes never reads the response.
async fn read(mut body: axum::body::Body) -> Result<Bytes, StatusCode> {
    let (mut kept, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        length += data.len();
        if length <= BODY_LIMIT {
            kept.extend_from_slice(data);
        } else if length > DRAIN_LIMIT {
            break;
        }
    }
    if length > BODY_LIMIT { Err(StatusCode::PAYLOAD_TOO_LARGE) } else { Ok(kept.into()) }
}

fn message(status: StatusCode, message: &str) -> Response {
    problem::answer(status, "application/json", &json!({ "message": message }))
}
