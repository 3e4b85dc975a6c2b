//! One call as API Gateway hands it over.

use std::sync::Arc;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use chrono::DateTime;
use ingest::Ingest;
use messaging::journeys::Config;
use messaging::ports::{CurrentJourneys, Executions};
use messaging::testing::memory::World;
use serde_json::{Value, json};

/// The shipped journeys.
pub(crate) const JOURNEYS: &str = include_str!("../../../../journeys.toml");

pub(crate) fn world(journeys: &str) -> World {
    let world = World::at(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let mut state = world.state();
    state.keys.insert("api_key", vec!["key"]);
    let journeys = Arc::new(Config::from_toml(journeys).unwrap());
    state.journeys = Some(CurrentJourneys { version: "1".to_owned(), journeys });
    drop(state);
    world
}

pub(crate) fn ingest<E: Executions>(world: &World, executions: E) -> Ingest<World, E, World, World, World> {
    Ingest {
        conversations: world.clone(),
        executions,
        keys: world.clone(),
        journeys: world.clone(),
        clock: world.clone(),
    }
}

pub(crate) fn event(route: &str, body: &str) -> ApiGatewayV2httpRequest {
    let (method, path) = route.split_once(' ').unwrap();
    let event = json!({
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": "",
        "headers": { "x-api-key": "key", "content-type": "application/json" },
        "requestContext": {
            "accountId": "0", "apiId": "api", "domainName": "example.com", "domainPrefix": "api",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t" },
            "requestId": "request", "routeKey": route, "stage": "$default",
            "time": "20/Nov/2026:12:00:00 +0000", "timeEpoch": 1_800_000_000_000_i64,
        },
        "body": body, "isBase64Encoded": false,
    });
    serde_json::from_value(event).unwrap()
}

/// Status and body of an answer.
pub(crate) fn read(answer: ApiGatewayV2httpResponse) -> (i64, Value) {
    let answer = serde_json::to_value(answer).unwrap();
    let body = answer["body"].as_str().unwrap_or_default();
    (answer["statusCode"].as_i64().unwrap(), serde_json::from_str(body).unwrap_or_else(|_| panic!("{body}")))
}
