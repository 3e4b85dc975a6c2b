//! The send function on Lambda.

#![recursion_limit = "256"]

use std::sync::Arc;

use adapters::Connection;
use adapters::clock::SystemClock;
use adapters::environment::{EnvironmentError, number, optional, required};
use adapters::journeys::JourneyStore;
use adapters::providers::end_user_messaging::{
    EndUserMessaging, EndUserMessagingSettings, India, MaxPrice, NumberType,
};
use adapters::providers::router::Senders;
use adapters::providers::sns::{Sns, SnsSettings, sender_id};
use adapters::providers::twilio::{Twilio, TwilioSettings};
use adapters::secrets::Secrets;
use adapters::switch::ParameterSwitch;
use adapters::table::Table;
use chrono::TimeDelta;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use send::Send;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let connection = Connection::on_lambda()?;
    let retention = TimeDelta::days(i64::from(number("RETENTION_DAYS", 90)?));
    let secrets = Arc::new(Secrets::new(&connection, required("SECRET_ID")?, SystemClock));
    let table = Table::new(&connection, required("TABLE_NAME")?, retention);
    let settings = TwilioSettings {
        base_url: optional("TWILIO_BASE_URL").unwrap_or_else(|| "https://api.twilio.com".to_owned()),
        from: required("TWILIO_FROM")?,
        whatsapp_from: optional("TWILIO_WHATSAPP_FROM"),
        public_url: required("PUBLIC_URL")?,
    };
    let senders = Senders {
        twilio: Some(Twilio::new(&connection, secrets, settings)),
        end_user_messaging: end_user_messaging()?
            .map(|settings| EndUserMessaging::new(&connection, settings)),
        sns: Some(Sns::new(&connection, sns()?)),
    };
    let send = Send {
        rules: JourneyStore::new(table.clone(), TimeDelta::seconds(60), SystemClock),
        conversations: table,
        sender: senders,
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

/// Returns the settings of End User Messaging; `None` if it is not set up.
fn end_user_messaging() -> Result<Option<EndUserMessagingSettings>, EnvironmentError> {
    let origination = optional("AWS_SMS_PHONE_POOL_ARN")
        .or_else(|| optional("AWS_SMS_PHONE_POOL_ID"))
        .or_else(|| optional("AWS_SMS_ORIGINATION_NUMBER"));
    let configuration_set = optional("AWS_SMS_CONFIGURATION_SET_NAME");
    if origination.is_none() && configuration_set.is_none() {
        return Ok(None);
    }
    let number_type = optional("AWS_SMS_NUMBER_TYPE").map(|name| NumberType::of_name(&name)).transpose()?;
    Ok(Some(EndUserMessagingSettings {
        origination,
        number_type: number_type.unwrap_or_default(),
        configuration_set,
        max_price: max_price()?,
        india: india(),
    }))
}

fn sns() -> Result<SnsSettings, EnvironmentError> {
    Ok(SnsSettings {
        sender_id: optional("AWS_SNS_SENDER_ID").map(|id| sender_id(&id)).transpose()?,
        origination_number: optional("AWS_SNS_ORIGINATION_NUMBER"),
        max_price: max_price()?,
        india: india(),
    })
}

fn max_price() -> Result<Option<MaxPrice>, EnvironmentError> {
    optional("AWS_SMS_MAX_PRICE").map(|price| MaxPrice::parse(&price)).transpose()
}

fn india() -> India {
    India {
        entity_id: optional("AWS_SMS_INDIA_ENTITY_ID"),
        template_id: optional("AWS_SMS_INDIA_TEMPLATE_ID"),
    }
}
