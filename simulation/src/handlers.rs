//! The shipped functions, with the world in memory for their ports.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use booking_webhook::BookingWebhook;
use delivery_status::DeliveryStatus;
use inbound::Inbound;
use ingest::Ingest;
use messaging::testing::memory::World;
use send::Send;

use crate::calls::PUBLIC_URL;

/// Every function of the installation.
#[derive(Clone)]
pub struct Handlers {
    world: World,
}

impl Handlers {
    /// In that world.
    #[must_use]
    pub const fn new(world: World) -> Self {
        Self { world }
    }

    /// Answers a call as API Gateway would have it answered.
    pub async fn answer(self, request: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let world = || self.world.clone();
        match request.route_key.as_deref().unwrap_or_default() {
            "POST /twilio/inbound" => {
                let inbound = Inbound {
                    inbox: world(),
                    keys: world(),
                    journeys: world(),
                    notices: world(),
                    randomness: world(),
                    clock: world(),
                    public_url: Some(PUBLIC_URL.to_owned()),
                };
                inbound.answer(request).await
            }
            "POST /twilio/status" => {
                let delivery_status = DeliveryStatus {
                    table: world(),
                    executions: world(),
                    keys: world(),
                    clock: world(),
                    public_url: Some(PUBLIC_URL.to_owned()),
                };
                delivery_status.answer(request).await
            }
            route if route.starts_with("POST /webhooks/") => {
                let webhook = BookingWebhook {
                    conversations: world(),
                    executions: world(),
                    keys: world(),
                    journeys: world(),
                    clock: world(),
                };
                webhook.handle(request).await
            }
            _ => {
                let ingest = Ingest {
                    conversations: world(),
                    executions: world(),
                    keys: world(),
                    journeys: world(),
                    clock: world(),
                };
                ingest.handle(request).await
            }
        }
    }

    /// Does the state machine's task: the output, or the error's name.
    ///
    /// # Errors
    /// What the state machine's Retry is matched against.
    pub async fn send(
        self,
        input: serde_json::Value,
        invocation: String,
    ) -> Result<serde_json::Value, &'static str> {
        let send = Send {
            conversations: self.world.clone(),
            sender: self.world.clone(),
            switch: self.world.clone(),
            rules: self.world.clone(),
            clock: self.world,
        };
        let output = send.handle(&input, &invocation).await.map_err(|_| send::FAILED_VISIT)?;
        serde_json::to_value(output).map_err(|_| "Runtime.MarshalError")
    }
}
