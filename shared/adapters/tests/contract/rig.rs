//! An embedded DynamoDB over HTTP, a clock that tests set, and conversations to store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::Connection;
use adapters::table::Table;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::timeout::TimeoutConfig;
use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::{Conversation, Plan, Step};
use messaging::testing::builders;
pub(crate) use messaging::testing::builders::phone;
use messaging::text::template::MessageText;
use messaging::values::clock::Clock;
use messaging::values::ids::StepName;
use serde_json::json;

pub(crate) const TABLE: &str = "afterword";

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

#[derive(Clone)]
pub(crate) struct HandClock(Arc<Mutex<DateTime<Utc>>>);

impl HandClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(at(0))))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

pub(crate) fn step_name(name: &str) -> StepName {
    StepName::new(name).unwrap()
}

/// A conversation with one step, `text`, that is due at second 0 of [`at`] and has a deadline of a day.
pub(crate) fn conversation(id: &str) -> Conversation {
    let step = Step {
        unless_replied: true,
        text: MessageText::new("Hi + 50% & ünï 🙂"),
        ..builders::step("text", at(0))
    };
    let plan = Plan {
        journeys_version: "0123456789abcdef".to_owned(),
        correlation_id: Some("req-1".to_owned()),
        ..builders::plan(at(-120), vec![step])
    };
    builders::conversation(id, plan)
}

pub(crate) struct Rig {
    pub(crate) table: Table,
    client: aws_sdk_dynamodb::Client,
    connection: Connection,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        let database = dynoxide::Database::memory().unwrap();
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
        database.create_table(serde_json::from_value(create).unwrap()).unwrap();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let connection = Connection::plain(format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        Self { table: table(&connection), client: client(&connection), connection }
    }

    /// Reads an item as JSON.
    pub(crate) async fn item(&self, pk: &str, sk: &str) -> Option<serde_json::Value> {
        let answer = self
            .client
            .get_item()
            .table_name(TABLE)
            .key("pk", AttributeValue::S(pk.to_owned()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .unwrap();
        answer.item.map(|item| serde_dynamo::aws_sdk_dynamodb_1::from_item(item).unwrap())
    }

    /// Reads an item as DynamoDB holds it.
    pub(crate) async fn raw(&self, pk: &str, sk: &str) -> Option<HashMap<String, AttributeValue>> {
        let items = self.everything_raw().await.into_iter();
        let key =
            |item: &HashMap<String, AttributeValue>, name: &str, is: &str| item[name].as_s().unwrap() == is;
        items.into_iter().find(|item| key(item, "pk", pk) && key(item, "sk", sk))
    }

    /// Reads every item as DynamoDB holds it.
    pub(crate) async fn everything_raw(&self) -> Vec<HashMap<String, AttributeValue>> {
        self.client.scan().table_name(TABLE).send().await.unwrap().items.unwrap_or_default()
    }

    /// Writes an item as DynamoDB holds it.
    pub(crate) async fn put_raw(&self, item: HashMap<String, AttributeValue>) {
        self.client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
    }

    /// Writes an item without the adapter.
    pub(crate) async fn put(&self, item: &serde_json::Value) {
        let item = serde_dynamo::aws_sdk_dynamodb_1::to_item(item).unwrap();
        self.client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
    }

    /// Changes a stored item without the adapter.
    pub(crate) async fn change(&self, pk: &str, sk: &str, change: impl FnOnce(&mut serde_json::Value)) {
        let mut item = self.item(pk, sk).await.unwrap_or_else(|| json!({ "pk": pk, "sk": sk, "v": 1 }));
        change(&mut item);
        self.put(&item).await;
    }
}

impl Rig {
    /// Returns the table with a long time-out: on a slow machine each of a thousand concurrent callers waits
    /// longer than a function would.
    pub(crate) fn patient(&self) -> Table {
        let patient = TimeoutConfig::builder().operation_timeout(Duration::from_secs(120)).build();
        table(&Connection { store_timeouts: patient, ..self.connection.clone() })
    }
}

pub(crate) fn table(connection: &Connection) -> Table {
    Table::new(connection, TABLE, TimeDelta::days(90))
}

fn client(connection: &Connection) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new(connection.region.clone()))
        .credentials_provider(connection.credentials.clone())
        .http_client(connection.sdk_http.clone())
        .endpoint_url(connection.endpoint.clone().unwrap())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}
