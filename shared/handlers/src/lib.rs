//! Every function over one set of ports.
//!
//! On Lambda, each function's `main` composes its own. Everything else that runs the functions (one machine, the
//! simulator, the fuzzer, tests) implements [`Ports`] and gets all of them from [`Handlers::new`].

#[cfg(feature = "testing")]
mod in_memory;
mod ports;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use booking_webhook::BookingWebhook;
use delivery_status::DeliveryStatus;
use http_edge::lambda_event::Failed;
use inbound::Inbound;
use ingest::Ingest;
use otp::Otp;
use send::{FAILED_VISIT, Send};
use serde::Serialize;
use serde_json::Value;

#[cfg(feature = "testing")]
pub use in_memory::InMemory;
pub use ports::Ports;

/// A function of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Events from our own services.
    Ingest,
    /// Reports of booking systems.
    BookingWebhook,
    /// The state machine's task.
    Send,
    /// Messages of customers.
    Inbound,
    /// Reports of providers.
    DeliveryStatus,
    /// One-time codes.
    Otp,
    /// The health check.
    Health,
}

impl Function {
    /// All functions, in the order in which a message meets them.
    pub const ALL: [Self; 7] = [
        Self::Ingest,
        Self::BookingWebhook,
        Self::Send,
        Self::Inbound,
        Self::DeliveryStatus,
        Self::Otp,
        Self::Health,
    ];

    /// Returns the name of the function's folder, package and binary.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::BookingWebhook => "booking-webhook",
            Self::Send => "send",
            Self::Inbound => "inbound",
            Self::DeliveryStatus => "delivery-status",
            Self::Otp => "otp",
            Self::Health => "health",
        }
    }
}

/// Every function, composed over the same ports.
#[expect(clippy::type_complexity, reason = "each function is generic over its own ports")]
pub struct Handlers<P: Ports> {
    /// Takes events of our own services.
    pub ingest: Ingest<P::Table, P::Executions, P::Keys, P::Journeys, P::Clock>,
    /// Takes reports of booking systems.
    pub booking_webhook: BookingWebhook<P::Table, P::Executions, P::Keys, P::Journeys, P::Clock>,
    /// Visits steps.
    pub send: Send<P::Table, P::Sender, P::Switch, P::Journeys, P::Clock>,
    /// Takes messages of customers.
    pub inbound: Inbound<P::Table, P::Keys, P::Journeys, P::Notices, P::Randomness, P::Clock>,
    /// Takes reports of providers.
    pub delivery_status: DeliveryStatus<P::Table, P::Executions, P::Keys, P::Clock>,
    /// Issues and verifies one-time codes.
    pub otp: Otp<P::Table, P::Keys, P::Journeys, P::CodeTexts, P::Randomness, P::Switch, P::Clock>,
}

/// The error of an invocation, as Lambda reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerError {
    /// The error's name, which Step Functions matches against its `Retry`.
    pub error_type: &'static str,
    /// A description without personal data.
    pub message: String,
}

impl<P: Ports> Handlers<P> {
    /// Composes the functions. Each gets clients of its own, so that no two share a cache.
    #[must_use]
    pub fn new(ports: &P) -> Self {
        Self {
            ingest: Ingest {
                conversations: ports.table(),
                executions: ports.executions(),
                keys: ports.keys(),
                journeys: ports.journeys(),
                clock: ports.clock(),
            },
            booking_webhook: BookingWebhook {
                conversations: ports.table(),
                executions: ports.executions(),
                keys: ports.keys(),
                journeys: ports.journeys(),
                clock: ports.clock(),
            },
            send: Send {
                conversations: ports.table(),
                sender: ports.sender(),
                switch: ports.switch(),
                rules: ports.journeys(),
                clock: ports.clock(),
            },
            inbound: Inbound {
                inbox: ports.table(),
                keys: ports.keys(),
                journeys: ports.journeys(),
                notices: ports.notices(),
                randomness: ports.randomness(),
                clock: ports.clock(),
                public_url: ports.public_url(),
            },
            delivery_status: DeliveryStatus {
                table: ports.table(),
                executions: ports.executions(),
                keys: ports.keys(),
                clock: ports.clock(),
                public_url: ports.public_url(),
            },
            otp: Otp {
                codes: ports.table(),
                keys: ports.keys(),
                journeys: ports.journeys(),
                texts: ports.code_texts(),
                randomness: ports.randomness(),
                switch: ports.switch(),
                clock: ports.clock(),
            },
        }
    }

    /// Runs one invocation of a function. `invocation` is unique to this call.
    ///
    /// # Errors
    /// The error that the function reports to Lambda.
    pub async fn handle(
        &self,
        function: Function,
        event: Value,
        invocation: &str,
    ) -> Result<Value, HandlerError> {
        match function {
            Function::Ingest => to_json(&self.ingest.handle(http_call(event)?).await),
            Function::BookingWebhook => to_json(&self.booking_webhook.handle(http_call(event)?).await),
            Function::Send => match self.send.handle(&event, invocation).await {
                Ok(output) => to_json(&output),
                Err(failed) => Err(HandlerError { error_type: FAILED_VISIT, message: failed.0.to_string() }),
            },
            Function::Inbound => Ok(self.inbound.handle(event).await?),
            Function::DeliveryStatus => Ok(self.delivery_status.handle(event).await?),
            Function::Otp => to_json(&self.otp.handle(http_call(event)?).await),
            Function::Health => to_json(&health::handle(http_call(event)?)),
        }
    }
}

impl From<Failed> for HandlerError {
    fn from(failed: Failed) -> Self {
        Self { error_type: failed.error_type(), message: failed.to_string() }
    }
}

fn http_call(event: Value) -> Result<ApiGatewayV2httpRequest, HandlerError> {
    serde_json::from_value(event).map_err(|_| HandlerError {
        error_type: "Runtime.MalformedEvent",
        message: "the event is not an HTTP API event".to_owned(),
    })
}

fn to_json(response: &impl Serialize) -> Result<Value, HandlerError> {
    serde_json::to_value(response).map_err(|_| HandlerError {
        error_type: "Runtime.MarshalError",
        message: "the response cannot be written as JSON".to_owned(),
    })
}
