//! The inbound function on Lambda.

#![recursion_limit = "256"]

use std::sync::Arc;

use adapters::Connection;
use adapters::clock::SystemClock;
use adapters::environment::{number, optional, required};
use adapters::journeys::JourneyStore;
use adapters::providers::end_user_messaging::{EndUserMessaging, EndUserMessagingSettings};
use adapters::providers::notices::NoticeSenders;
use adapters::providers::twilio::{Twilio, TwilioSettings};
use adapters::randomness::SystemRandomness;
use adapters::secrets::Secrets;
use adapters::table::Table;
use chrono::TimeDelta;
use inbound::Inbound;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let connection = Connection::on_lambda()?;
    let retention = TimeDelta::days(i64::from(number("RETENTION_DAYS", 90)?));
    let table = Table::new(&connection, required("TABLE_NAME")?, retention);
    let secrets = Arc::new(Secrets::new(&connection, required("SECRET_ID")?, SystemClock));
    let settings = TwilioSettings {
        base_url: optional("TWILIO_BASE_URL").unwrap_or_else(|| "https://api.twilio.com".to_owned()),
        from: required("TWILIO_FROM")?,
        whatsapp_from: None,
        public_url: String::new(),
    };
    let notices = NoticeSenders {
        twilio: Twilio::new(&connection, Arc::clone(&secrets), settings),
        end_user_messaging: Some(EndUserMessaging::new(&connection, EndUserMessagingSettings::default())),
    };
    let inbound = Inbound {
        inbox: table.clone(),
        keys: secrets,
        journeys: JourneyStore::new(table, TimeDelta::seconds(60), SystemClock),
        notices,
        randomness: SystemRandomness,
        clock: SystemClock,
        public_url: optional("PUBLIC_URL"),
    };
    let inbound = &inbound;
    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        inbound.handle(event.payload).await.map_err(|failed| Diagnostic {
            error_type: failed.error_type().to_owned(),
            error_message: failed.to_string(),
        })
    });
    lambda_runtime::run(handler).await
}
