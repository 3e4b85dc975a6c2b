//! The otp function on Lambda.

#![recursion_limit = "256"]

use std::sync::Arc;

use adapters::Connection;
use adapters::clock::SystemClock;
use adapters::environment::{number, optional, required};
use adapters::journeys::JourneyStore;
use adapters::providers::twilio::{Twilio, TwilioSettings};
use adapters::randomness::SystemRandomness;
use adapters::secrets::Secrets;
use adapters::switch::ParameterSwitch;
use adapters::table::Table;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use chrono::TimeDelta;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use otp::Otp;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let connection = Connection::on_lambda()?;
    let retention = TimeDelta::days(i64::from(number("RETENTION_DAYS", 90)?));
    let table = Table::new(&connection, required("TABLE_NAME")?, retention);
    let secrets = Arc::new(Secrets::new(&connection, required("SECRET_ID")?, SystemClock));
    let settings = TwilioSettings {
        base_url: optional("TWILIO_BASE_URL").unwrap_or_else(|| "https://api.twilio.com".to_owned()),
        from: optional("TWILIO_OTP_FROM").map_or_else(|| required("TWILIO_FROM"), Ok)?,
        whatsapp_from: None,
        public_url: String::new(),
    };
    let otp = Otp {
        codes: table.clone(),
        keys: Arc::clone(&secrets),
        journeys: JourneyStore::new(table, TimeDelta::seconds(60), SystemClock),
        texts: Twilio::new(&connection, secrets, settings),
        randomness: SystemRandomness,
        switch: ParameterSwitch::new(
            &connection,
            required("SENDING_PARAMETER")?,
            TimeDelta::seconds(30),
            SystemClock,
        ),
        clock: SystemClock,
    };
    let otp = &otp;
    let handler = service_fn(|event: LambdaEvent<ApiGatewayV2httpRequest>| async move {
        Ok::<_, Error>(otp.handle(event.payload).await)
    });
    lambda_runtime::run(handler).await
}
