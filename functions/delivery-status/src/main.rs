//! The delivery-status function on Lambda.

#![recursion_limit = "256"]

use adapters::Connection;
use adapters::clock::SystemClock;
use adapters::environment::{number, optional, required};
use adapters::executions::StateMachine;
use adapters::secrets::Secrets;
use adapters::table::Table;
use chrono::TimeDelta;
use delivery_status::DeliveryStatus;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let connection = Connection::on_lambda()?;
    let retention = TimeDelta::days(i64::from(number("RETENTION_DAYS", 90)?));
    let delivery_status = DeliveryStatus {
        table: Table::new(&connection, required("TABLE_NAME")?, retention),
        executions: StateMachine::new(&connection, required("STATE_MACHINE_ARN")?),
        keys: Secrets::new(&connection, required("SECRET_ID")?, SystemClock),
        clock: SystemClock,
        public_url: optional("PUBLIC_URL"),
    };
    let delivery_status = &delivery_status;
    let handler = service_fn(|event: LambdaEvent<Value>| async move {
        delivery_status.handle(event.payload).await.map_err(|failed| Diagnostic {
            error_type: failed.error_type().to_owned(),
            error_message: failed.to_string(),
        })
    });
    lambda_runtime::run(handler).await
}
