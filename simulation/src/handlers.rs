//! The shipped functions, with the world in memory for their ports.

use std::sync::Arc;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use handlers::{Function, InMemory};
use messaging::testing::memory::World;

use crate::calls::PUBLIC_URL;

/// Every function of the installation.
#[derive(Clone)]
pub struct Handlers {
    functions: Arc<handlers::Handlers<InMemory>>,
}

impl Handlers {
    /// Composes the functions over a world.
    #[must_use]
    pub fn new(world: World) -> Self {
        let ports = InMemory { world, public_url: Some(PUBLIC_URL.to_owned()) };
        Self { functions: Arc::new(handlers::Handlers::new(&ports)) }
    }

    /// Answers a call of the HTTP API.
    pub async fn answer(self, request: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        match request.route_key.as_deref().unwrap_or_default() {
            "POST /twilio/inbound" => self.functions.inbound.answer(request).await,
            "POST /twilio/status" => self.functions.delivery_status.answer(request).await,
            route if route.starts_with("POST /webhooks/") => {
                self.functions.booking_webhook.handle(request).await
            }
            _ => self.functions.ingest.handle(request).await,
        }
    }

    /// Runs the state machine's task and returns its output.
    ///
    /// # Errors
    /// The error's name, which the state machine matches against its `Retry`.
    pub async fn send(
        self,
        input: serde_json::Value,
        invocation: String,
    ) -> Result<serde_json::Value, &'static str> {
        let output = self.functions.handle(Function::Send, input, &invocation).await;
        output.map_err(|error| error.error_type)
    }
}
