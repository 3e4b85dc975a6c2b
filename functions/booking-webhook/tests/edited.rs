//! Journeys are edited between two deliveries of a booking: what was accepted stays accepted.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly, too")]

use std::sync::Arc;

use booking_webhook::BookingWebhook;
use booking_webhook::systems::system_named;
use chrono::DateTime;
use messaging::journeys::Config;
use messaging::ports::{CurrentJourneys, Unavailable};
use messaging::testing::memory::{Fault, World};
use telemetry::EventStatus;

const JOURNEYS: &str = include_str!("../../../journeys.toml");

fn journeys(world: &World, toml: &str) {
    let journeys = Arc::new(Config::from_toml(toml).unwrap());
    world.state().journeys = Some(CurrentJourneys { version: "1".to_owned(), journeys });
}

async fn deliver(world: &World) -> Result<EventStatus, Unavailable> {
    let system = system_named("calendly").unwrap();
    let body = serde_json::json!({"event": "invitee.created", "payload": {
        "uri": "https://api.calendly.com/scheduled_events/E1/invitees/I1",
        "text_reminder_number": "+12025550143",
        "scheduled_event": {"start_time": "2033-11-24T05:00:00.000000Z"},
    }});
    let webhook = BookingWebhook {
        conversations: world.clone(),
        executions: world.clone(),
        keys: world.clone(),
        journeys: world.clone(),
        clock: world.clone(),
    };
    webhook.take(system, body.to_string().as_bytes()).await
}

#[tokio::test]
async fn a_repeat_is_a_duplicate_under_any_later_journeys() {
    for edited in [
        "[sources]\n[journeys]\n[texts]\n",
        &JOURNEYS.replace("[sources.calendly]", "[sources.calendly]\ncountries = [\"GB\"]"),
    ] {
        let world = World::at(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        journeys(&world, JOURNEYS);
        let fails = |call: &'static str| (call == "start").then_some(Fault::Before);
        world.state().faults.generator = Some(Box::new(fails));
        assert!(deliver(&world).await.is_err());
        world.state().faults.generator = None;
        journeys(&world, edited);
        assert_eq!(deliver(&world).await.unwrap(), EventStatus::Duplicate);
        assert!(!world.state().executions.is_empty(), "what was stored is started");
        assert_eq!(deliver(&world).await.unwrap(), EventStatus::Duplicate);
        assert!(world.state().store.quarantine.is_empty());
    }
}
