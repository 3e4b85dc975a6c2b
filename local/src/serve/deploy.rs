//! Does on this machine what `deploy.sh` does on AWS: creates the table and stores the journeys in it.

use std::sync::Arc;

use adapters::Connection;
use adapters::journeys::{JourneyStore, PushError};
use adapters::table::Table;
use chrono::TimeDelta;
use serde_json::json;

use crate::runtime::clock::LocalClock;

/// The name of the table, the same as on AWS.
pub(crate) const TABLE: &str = "afterword";
/// The time for which a conversation is kept after its last deadline.
pub(crate) const RETENTION: TimeDelta = TimeDelta::days(90);

/// Creates the table unless it exists.
///
/// # Errors
/// Returns the message of the embedded DynamoDB.
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

/// Returns the store of the journeys, over a connection to the AWS endpoint or directly to the database.
pub(crate) fn journeys(connection: &Connection, clock: &Arc<LocalClock>) -> JourneyStore<Arc<LocalClock>> {
    let table = Table::new(connection, TABLE, RETENTION);
    JourneyStore::new(table, TimeDelta::zero(), Arc::clone(clock))
}

/// Activates a `journeys.toml` before the machine answers its first request. The ordinary adapter stores it,
/// over a temporary listener of the database on a private port.
///
/// # Errors
/// Returns the findings of the lint, or fails when the table cannot be written.
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
