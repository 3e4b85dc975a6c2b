//! The ingest function on Lambda.

#![recursion_limit = "256"]

use adapters::Connection;
use adapters::clock::SystemClock;
use adapters::environment::{number, required};
use adapters::executions::StateMachine;
use adapters::journeys::JourneyStore;
use adapters::secrets::Secrets;
use adapters::table::Table;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use chrono::TimeDelta;
use ingest::Ingest;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let connection = Connection::on_lambda()?;
    let retention = TimeDelta::days(i64::from(number("RETENTION_DAYS", 90)?));
    let table = Table::new(&connection, required("TABLE_NAME")?, retention);
    let ingest = Ingest {
        conversations: table.clone(),
        executions: StateMachine::new(&connection, required("STATE_MACHINE_ARN")?),
        keys: Secrets::new(&connection, required("SECRET_ID")?, SystemClock),
        journeys: JourneyStore::new(table, TimeDelta::seconds(60), SystemClock),
        clock: SystemClock,
    };
    let ingest = &ingest;
    let handler = service_fn(|event: LambdaEvent<ApiGatewayV2httpRequest>| async move {
        Ok::<_, Error>(ingest.handle(event.payload).await)
    });
    lambda_runtime::run(handler).await
}
