//! The function crates, deployed into this process: each gets the ports that its Lambda's `main`
//! gives it, made from this machine's endpoints and clock.

use std::sync::Arc;

use adapters::Connection;
use adapters::executions::StateMachine;
use adapters::journeys::JourneyStore;
use adapters::providers::end_user_messaging::{EndUserMessaging, EndUserMessagingSettings};
use adapters::providers::notices::Answerers;
use adapters::providers::router::Senders;
use adapters::providers::sns::{Sns, SnsSettings};
use adapters::providers::twilio::{Twilio, TwilioSettings};
use adapters::randomness::SystemRandomness;
use adapters::secrets::Secrets;
use adapters::switch::ParameterSwitch;
use adapters::table::Table;
use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use booking_webhook::BookingWebhook;
use chrono::TimeDelta;
use delivery_status::DeliveryStatus;
use http_edge::lambda_event::Failed;
use inbound::Inbound;
use ingest::Ingest;
use otp::Otp;
use send::{FAILED_VISIT, Send};
use serde_json::Value;

use super::deploy::{self, RETENTION, TABLE};
use crate::providers::aws_sms;
use crate::runtime::clock::LocalClock;
use crate::runtime::invoke::{FunctionError, Functions};
use crate::states::arn::MACHINE_ARN;
use crate::store::keys::Keys;

type Time = Arc<LocalClock>;
type LocalIngest = Ingest<Table, StateMachine, Secrets<Time>, JourneyStore<Time>, Time>;
type LocalBookingWebhook = BookingWebhook<Table, StateMachine, Secrets<Time>, JourneyStore<Time>, Time>;
type LocalInbound =
    Inbound<Table, Secrets<Time>, JourneyStore<Time>, Answerers<Time>, SystemRandomness, Time>;
type LocalDeliveryStatus = DeliveryStatus<Table, StateMachine, Secrets<Time>, Time>;
type LocalOtp = Otp<
    Table,
    Secrets<Time>,
    JourneyStore<Time>,
    Twilio<Time>,
    SystemRandomness,
    ParameterSwitch<Time>,
    Time,
>;
type LocalSend = Send<Table, Senders<Time>, ParameterSwitch<Time>, JourneyStore<Time>, Time>;

/// What the functions are made of.
pub(crate) struct Deployment<'a> {
    /// The way to this machine's AWS endpoint.
    pub(crate) connection: &'a Connection,
    /// Where Twilio's API is.
    pub(crate) twilio_url: String,
    /// Whether providers are real.
    pub(crate) live: bool,
    /// Keys and addresses.
    pub(crate) keys: &'a Keys,
    /// The clock.
    pub(crate) clock: &'a Arc<LocalClock>,
}

impl Deployment<'_> {
    /// All functions, by their folders' names.
    pub(crate) fn functions(&self) -> Functions {
        let ingest = Arc::new(self.ingest());
        let booking_webhook = Arc::new(self.booking_webhook());
        let inbound = Arc::new(self.inbound());
        let delivery_status = Arc::new(self.delivery_status());
        let otp = Arc::new(self.otp());
        let send = Arc::new(self.send());
        Functions::new()
            .with("ingest", move |event| {
                let ingest = Arc::clone(&ingest);
                async move { respond(ingest.handle(call(event)?).await) }
            })
            .with("booking-webhook", move |event| {
                let booking_webhook = Arc::clone(&booking_webhook);
                async move { respond(booking_webhook.handle(call(event)?).await) }
            })
            .with("inbound", move |event| {
                let inbound = Arc::clone(&inbound);
                async move { inbound.handle(event).await.map_err(failed) }
            })
            .with("delivery-status", move |event| {
                let delivery_status = Arc::clone(&delivery_status);
                async move { delivery_status.handle(event).await.map_err(failed) }
            })
            .with("otp", move |event| {
                let otp = Arc::clone(&otp);
                async move { respond(otp.handle(call(event)?).await) }
            })
            .with("send", move |input| {
                let send = Arc::clone(&send);
                let invocation = uuid::Uuid::new_v4().to_string();
                async move {
                    match send.handle(&input, &invocation).await {
                        Ok(output) => serde_json::to_value(output).map_err(|_| unserialisable()),
                        Err(failed) => Err(FunctionError::new(FAILED_VISIT, failed.0.to_string())),
                    }
                }
            })
            .with("health", async |event| respond(health::handle(call(event)?)))
    }

    fn ingest(&self) -> LocalIngest {
        Ingest {
            conversations: self.table(),
            executions: StateMachine::new(self.connection, MACHINE_ARN),
            keys: self.secrets(),
            journeys: deploy::journeys(self.connection, self.clock),
            clock: Arc::clone(self.clock),
        }
    }

    fn booking_webhook(&self) -> LocalBookingWebhook {
        BookingWebhook {
            conversations: self.table(),
            executions: StateMachine::new(self.connection, MACHINE_ARN),
            keys: self.secrets(),
            journeys: deploy::journeys(self.connection, self.clock),
            clock: Arc::clone(self.clock),
        }
    }

    fn inbound(&self) -> LocalInbound {
        Inbound {
            inbox: self.table(),
            keys: self.secrets(),
            journeys: deploy::journeys(self.connection, self.clock),
            notices: Answerers { twilio: self.twilio(), end_user_messaging: self.end_user_messaging() },
            randomness: SystemRandomness,
            clock: Arc::clone(self.clock),
            public_url: Some(self.keys.public_url.clone()),
        }
    }

    fn delivery_status(&self) -> LocalDeliveryStatus {
        DeliveryStatus {
            table: self.table(),
            executions: StateMachine::new(self.connection, MACHINE_ARN),
            keys: self.secrets(),
            clock: Arc::clone(self.clock),
            public_url: Some(self.keys.public_url.clone()),
        }
    }

    fn otp(&self) -> LocalOtp {
        Otp {
            codes: self.table(),
            keys: self.secrets(),
            journeys: deploy::journeys(self.connection, self.clock),
            texts: self.twilio(),
            randomness: SystemRandomness,
            switch: self.switch(),
            clock: Arc::clone(self.clock),
        }
    }

    fn send(&self) -> LocalSend {
        Send {
            conversations: self.table(),
            sender: self.senders(),
            rules: deploy::journeys(self.connection, self.clock),
            switch: self.switch(),
            clock: Arc::clone(self.clock),
        }
    }

    /// The parameter is next door and the clock may stand still: it is always read.
    fn switch(&self) -> ParameterSwitch<Time> {
        ParameterSwitch::new(self.connection, "/afterword/sending", TimeDelta::zero(), Arc::clone(self.clock))
    }

    fn table(&self) -> Table {
        Table::new(self.connection, TABLE, RETENTION)
    }

    fn twilio(&self) -> Twilio<Time> {
        let settings = TwilioSettings {
            base_url: self.twilio_url.clone(),
            from: self.keys.twilio_from.clone(),
            whatsapp_from: None,
            public_url: self.keys.public_url.clone(),
        };
        Twilio::new(self.connection, Arc::new(self.secrets()), settings)
    }

    /// Every provider; with real ones, Twilio only: AWS's are this machine's own.
    fn senders(&self) -> Senders<Time> {
        Senders {
            twilio: Some(self.twilio()),
            end_user_messaging: self.end_user_messaging(),
            sns: (!self.live).then(|| Sns::new(self.connection, SnsSettings::default())),
        }
    }

    fn end_user_messaging(&self) -> Option<EndUserMessaging> {
        let settings = EndUserMessagingSettings {
            origination: Some(aws_sms::POOL.to_owned()),
            configuration_set: Some(aws_sms::CONFIGURATION_SET.to_owned()),
            ..EndUserMessagingSettings::default()
        };
        (!self.live).then(|| EndUserMessaging::new(self.connection, settings))
    }

    fn secrets(&self) -> Secrets<Time> {
        Secrets::new(self.connection, "afterword", Arc::clone(self.clock))
    }
}

fn call(event: Value) -> Result<ApiGatewayV2httpRequest, FunctionError> {
    serde_json::from_value(event)
        .map_err(|_| FunctionError::new("Runtime.MalformedEvent", "the event is no HTTP API event"))
}

fn failed(failed: Failed) -> FunctionError {
    FunctionError::new(failed.error_type(), failed.to_string())
}

fn respond(response: ApiGatewayV2httpResponse) -> Result<Value, FunctionError> {
    serde_json::to_value(response).map_err(|_| unserialisable())
}

fn unserialisable() -> FunctionError {
    FunctionError::new("Runtime.MarshalError", "the response is no JSON")
}
