//! The AWS endpoint: one listener for all services, selected by `X-Amz-Target` (SNS by its form), and for
//! the simulated Twilio.

mod dynamodb;
mod parameters;
mod protocol;
mod query;
mod secrets;
pub mod states_api;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::aws::states_api::StatesApi;
use crate::providers::aws_sms::AwsSms;
use crate::providers::aws_sms::reports::{DELIVERY_LOG, log_batch};
use crate::providers::twilio::{self, Twilio};
use crate::runtime::async_invoke::AsyncInvoker;
use crate::runtime::aws_error::AwsError;
use crate::runtime::faults::{Effect, Faults};
use crate::runtime::host::{check_host, check_origin};
use dynamodb::Proxy;
pub use parameters::Parameters;
use protocol::Service;
pub use secrets::Secrets;

/// The largest body: DynamoDB's limit, the largest of all services.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// The services behind the AWS port.
pub struct AwsEndpoint {
    dynamodb: Proxy,
    states: Arc<dyn StatesApi>,
    secrets: Secrets,
    parameters: Parameters,
    twilio: Arc<Twilio>,
    sms: AwsSms,
    invoker: Arc<AsyncInvoker>,
    faults: Arc<Faults>,
}

impl AwsEndpoint {
    /// Creates the endpoint in front of these services. `dynamodb` is the address of the embedded DynamoDB.
    #[must_use]
    pub fn new(
        dynamodb: SocketAddr,
        states: Arc<dyn StatesApi>,
        secrets: Secrets,
        parameters: Parameters,
        (twilio, sms): (Arc<Twilio>, AwsSms),
        invoker: Arc<AsyncInvoker>,
        faults: Arc<Faults>,
    ) -> Self {
        Self { dynamodb: Proxy::new(dynamodb), states, secrets, parameters, twilio, sms, invoker, faults }
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        check_host(check_origin(Router::new().fallback(receive).with_state(self)), None)
    }

    async fn call(&self, headers: &HeaderMap, body: Bytes) -> Response {
        let Some((service, operation)) = target(headers) else {
            return match query::form(headers, &body) {
                Some(form) => self.sns(&form).await,
                None => protocol::unknown_operation(),
            };
        };
        let effect = self.faults.take(&format!("{}:{operation}", service.name()));
        match effect {
            None => self.perform(service, operation, headers, body, true).await,
            Some(effect) => match effect.lost_answer() {
                // The call takes effect, but its response is lost. After a time-out no event follows either, so
                // that the outcome of a text must be established in another way.
                Some(lost) => {
                    let receipt = effect != Effect::TimeoutAfterAccept;
                    self.perform(service, operation, headers, body, receipt).await;
                    lost
                }
                None => service.reject(effect, operation, &body),
            },
        }
    }

    async fn perform(
        &self,
        service: Service,
        operation: &str,
        headers: &HeaderMap,
        body: Bytes,
        receipt: bool,
    ) -> Response {
        match (service, operation) {
            (Service::DynamoDb, _) => self.dynamodb.forward(headers, body).await,
            (Service::States, _) => {
                let (status, value) = self.states.handle(operation, &body).await;
                service
                    .reply(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &value)
            }
            (Service::Secrets, "GetSecretValue") => {
                service.answer(parsed(&body).and_then(|body| self.secrets.get(&body)))
            }
            (Service::Ssm, "GetParameter") => {
                service.answer(parsed(&body).and_then(|body| self.parameters.get(&body)))
            }
            (Service::Ssm, "PutParameter") => {
                service.answer(parsed(&body).and_then(|body| self.parameters.put(&body)))
            }
            (Service::SmsVoice, "SendTextMessage") => {
                service.answer(parsed(&body).and_then(|body| self.sms.send_text_message(&body, receipt)))
            }
            (Service::Logs, "PutLogEvents") => match parsed(&body) {
                Ok(request) => {
                    self.put_log_events(&request).await;
                    service.answer(Ok(json!({})))
                }
                Err(failure) => service.answer(Err(failure)),
            },
            _ => protocol::unknown_operation(),
        }
    }

    /// Passes lines that are written to SNS's delivery log to the function that subscribes to it. Other
    /// groups have no subscriber.
    async fn put_log_events(&self, request: &Value) {
        let group = request.get("logGroupName").and_then(Value::as_str).unwrap_or_default();
        if !group.starts_with(DELIVERY_LOG) {
            return;
        }
        for event in request.get("logEvents").and_then(Value::as_array).into_iter().flatten() {
            let line = event.get("message").and_then(Value::as_str).unwrap_or_default();
            let at = event.get("timestamp").and_then(Value::as_i64).unwrap_or_default();
            self.invoker.invoke("delivery-status", log_batch(line, group.ends_with("/AwsError"), at)).await;
        }
    }
}

async fn receive(State(endpoint): State<Arc<AwsEndpoint>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = match axum::body::to_bytes(body, BODY_LIMIT).await {
        Err(_) => protocol::too_large(),
        Ok(body) if parts.uri.path().starts_with(twilio::ROOT) => endpoint.twilio.answer(&parts, &body),
        Ok(body) => endpoint.call(&parts.headers, body).await,
    };
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        response.headers_mut().entry("x-amzn-requestid").or_insert(id);
    }
    response
}

fn target(headers: &HeaderMap) -> Option<(Service, &str)> {
    let (prefix, operation) = headers.get("x-amz-target")?.to_str().ok()?.split_once('.')?;
    Some((Service::of_target(prefix)?, operation))
}

fn parsed(body: &[u8]) -> Result<Value, AwsError> {
    serde_json::from_slice(body).map_err(|_| AwsError::new("SerializationException", "The body is not JSON."))
}

impl Service {
    fn reject(self, effect: Effect, operation: &str, body: &[u8]) -> Response {
        match effect {
            Effect::Throttle => {
                self.error(StatusCode::BAD_REQUEST, &AwsError::new("ThrottlingException", "Rate exceeded"))
            }
            Effect::Conflict => self.conflict(operation, body),
            Effect::FailBefore | Effect::TimeoutAfterAccept | Effect::Crash => {
                self.error(self.down_status(), &self.down())
            }
        }
    }
}
