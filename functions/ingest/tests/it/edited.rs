//! Journeys are edited between two deliveries of an event: what was accepted stays accepted.

use std::sync::Arc;

use messaging::journeys::Config;
use messaging::ports::CurrentJourneys;
use messaging::testing::memory::{Fault, World};
use serde_json::{Value, json};

use crate::rig::{JOURNEYS, event, ingest, read, world};

async fn post(world: &World, route: &str, body: &Value) -> (i64, Value) {
    read(ingest(world, world.clone()).handle(event(route, &body.to_string())).await)
}

/// From now on there are no journeys.
fn edit(world: &World) {
    let journeys = Arc::new(Config::from_toml("[sources]\n[journeys]\n[texts]\n").unwrap());
    world.state().journeys = Some(CurrentJourneys { version: "2".to_owned(), journeys });
}

fn calls() -> [(&'static str, Value); 3] {
    let message = json!({
        "event_id": "Order-1", "journey": "order_confirmation", "to": "+12025550143",
        "variables": { "order_number": "A1", "restaurant_name": "Luigi", "estimated_time": "20 min", "track_url": "https://example.com" },
    });
    let sms = json!({
        "event_id": "6F1C2D9E-3b64-4f0a-9d2e-0a1b2c3d4e5f", "event": "advance_in_transit",
        "user": { "phone": "+12025550143" },
    });
    let trigger = json!({ "parent_tel": "+12025550143", "team_name": "U12" });
    [("POST /messages", message), ("POST /sms", sms), ("POST /trigger", trigger)]
}

#[tokio::test]
async fn a_repeat_is_a_duplicate_under_any_later_journeys() {
    for (route, body) in calls() {
        let world = world(JOURNEYS);
        let (status, first) = post(&world, route, &body).await;
        assert_eq!(status, 202, "{route}: {first}");
        edit(&world);
        let mut expected = first;
        expected["status"] = json!("duplicate");
        assert_eq!(post(&world, route, &body).await, (200, expected), "{route}");
        // Another event is refused, and so is another content under that id.
        let mut other = body.clone();
        let field = if route == "POST /trigger" { "team_name" } else { "metadata" };
        other[field] = json!({});
        let (status, answer) = post(&world, route, &other).await;
        assert_eq!((status, &answer["type"]), (400, &json!("urn:afterword:invalid_request")), "{route}");
    }
}

#[tokio::test]
async fn a_stored_conversation_that_was_not_started_is_started() {
    for (route, body) in calls() {
        let world = world(JOURNEYS);
        let fault = |call: &'static str| (call == "start").then_some(Fault::Before);
        world.state().faults.generator = Some(Box::new(fault));
        assert_eq!(post(&world, route, &body).await.0, 503, "{route}");
        world.state().faults.generator = None;
        edit(&world);
        assert_eq!(post(&world, route, &body).await.0, 200, "{route}");
        assert_eq!(world.state().executions.len(), 1, "{route}");
    }
}

#[tokio::test]
async fn a_repeated_item_of_a_bulk_is_a_duplicate_too() {
    let world = world(JOURNEYS);
    let [(_, message), ..] = calls();
    let mut new = message.clone();
    new["event_id"] = json!("Order-2");
    let both = json!({ "messages": [message, new] });
    assert_eq!(post(&world, "POST /messages", &message).await.0, 202);
    edit(&world);
    let (status, answer) = post(&world, "POST /messages/bulk", &both).await;
    assert_eq!(status, 200);
    let statuses: Vec<_> = (0..2).map(|n| answer["results"][n]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["duplicate", "invalid"], "{answer}");
    assert!(answer["results"][1]["errors"].is_array());
}
