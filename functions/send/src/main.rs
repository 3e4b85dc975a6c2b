//! The send function on Lambda.

#![recursion_limit = "256"]

use std::sync::Arc;

use adapters::Connection;
use adapters::clock::SystemClock;
use adapters::conversations::Table;
use adapters::environment::{number, optional, required};
use adapters::secrets::Secrets;
use adapters::switch::ParameterSwitch;
use adapters::twilio::{Twilio, TwilioSettings};
use chrono::TimeDelta;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use send::Send;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    adapters::telemetry::init();
    let connection = Connection::from_environment()?;
    let retention = TimeDelta::days(i64::from(number("RETENTION_DAYS", 90)?));
    let secrets = Arc::new(Secrets::new(&connection, required("SECRET_ID")?, SystemClock));
    let settings = TwilioSettings {
        base_url: optional("TWILIO_BASE_URL").unwrap_or_else(|| "https://api.twilio.com".to_owned()),
        from: required("TWILIO_FROM")?,
        public_url: required("PUBLIC_URL")?,
    };
    let send = Send {
        conversations: Table::new(&connection, required("TABLE_NAME")?, retention),
        sender: Twilio::new(&connection, secrets, settings),
        switch: ParameterSwitch::new(
            &connection,
            required("SENDING_PARAMETER")?,
            TimeDelta::seconds(30),
            SystemClock,
        ),
        clock: SystemClock,
    };
    let send = &send;
    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        send.handle(&event.payload, &event.context.request_id).await
    });
    lambda_runtime::run(handler).await
}
