//! What `deploy.sh` does on AWS, on this machine: the table, and the journeys in it.

use std::sync::Arc;

use adapters::Connection;
use adapters::journeys::{JourneyStore, PushError};
use adapters::table::Table;
use chrono::TimeDelta;
use serde_json::json;

use crate::runtime::clock::LocalClock;

/// The table's name, as the contract has it.
pub(crate) const TABLE: &str = "afterword";
/// What a conversation is kept after its last deadline.
pub(crate) const RETENTION: TimeDelta = TimeDelta::days(90);

/// Makes the table where it does not exist yet.
///
/// # Errors
/// The embedded DynamoDB's own words.
pub(crate) fn create_table(database: &dynoxide::Database) -> Result<(), String> {
    let describe = serde_json::from_value(json!({ "TableName": TABLE })).map_err(|e| e.to_string())?;
    if database.describe_table(describe).is_ok() {
        return Ok(());
    }
    let create = json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
            { "AttributeName": "worklist", "AttributeType": "S" },
            { "AttributeName": "worklist_at", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "worklist",
            "KeySchema": [
                { "AttributeName": "worklist", "KeyType": "HASH" },
                { "AttributeName": "worklist_at", "KeyType": "RANGE" },
            ],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
    });
    let create = serde_json::from_value(create).map_err(|e| e.to_string())?;
    database.create_table(create).map(drop).map_err(|e| e.to_string())
}

/// The journeys' items, over a connection to the endpoint or to the database alone.
pub(crate) fn journeys(connection: &Connection, clock: &Arc<LocalClock>) -> JourneyStore<Arc<LocalClock>> {
    let table = Table::new(connection, TABLE, RETENTION);
    JourneyStore::new(table, TimeDelta::zero(), Arc::clone(clock))
}

/// Puts a `journeys.toml` in force before the machine answers anybody: by the ordinary adapter, over
/// a listener of the database that nobody else knows and that is gone afterwards.
///
/// # Errors
/// What the lint found, or that the table could not be written.
pub(crate) async fn push_journeys(
    database: &dynoxide::Database,
    clock: &Arc<LocalClock>,
    toml: &str,
) -> Result<String, PushError> {
    let unavailable = |reason: String| {
        PushError::Unavailable(messaging::ports::Unavailable { operation: "dynamodb:PutItem", reason })
    };
    let listener =
        tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(|e| unavailable(e.to_string()))?;
    let address = listener.local_addr().map_err(|e| unavailable(e.to_string()))?;
    let serving = tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
    let connection = Connection::plain(format!("http://{address}"));
    let pushed = journeys(&connection, clock).push_journeys(toml).await;
    serving.abort();
    pushed
}
