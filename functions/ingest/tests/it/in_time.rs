//! A bulk has 20 s: 32 items at a time, and what was not reached is to be sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use messaging::ports::{Executions, StartOutcome, Unavailable};
use messaging::testing::memory::World;
use messaging::values::ids::{ConversationId, StepName};
use serde_json::{Value, json};

use crate::rig::{JOURNEYS, event, ingest, read, world};

/// A state machine that takes a second to start an execution.
#[derive(Clone)]
struct Slow {
    world: World,
    under_way: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Executions for Slow {
    async fn start(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        due: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(under_way, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1_010)).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        self.world.start(conversation, step, due).await
    }

    async fn start_again(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        number: u32,
        due: DateTime<Utc>,
    ) -> Result<StartOutcome, Unavailable> {
        self.world.start_again(conversation, step, number, due).await
    }
}

#[tokio::test(start_paused = true)]
async fn items_not_reached_within_20_seconds_are_to_be_sent_again() {
    let world = world(JOURNEYS);
    let slow = Slow { world: world.clone(), under_way: Arc::default(), most: Arc::default() };
    let ingest = ingest(&world, slow.clone());
    let items: Vec<Value> = (0..1000)
        .map(|n| json!({ "event_id": format!("order-{n}"), "journey": "advance_in_transit", "to": "+12025550143" }))
        .collect();
    let body = json!({ "messages": items }).to_string();
    let began = tokio::time::Instant::now();
    let (status, answer) = read(ingest.handle(event("POST /messages/bulk", &body)).await);
    assert_eq!((status, began.elapsed()), (200, Duration::from_secs(20)));
    assert_eq!(slow.most.load(Ordering::SeqCst), 32);
    let results = answer["results"].as_array().unwrap();
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_str().unwrap()).collect();
    // 19 rounds of 32; the first of them are the first items.
    assert_eq!(statuses.iter().filter(|status| **status == "accepted").count(), 19 * 32);
    assert!(statuses[..19 * 32].iter().all(|status| *status == "accepted"));
    assert!(statuses[19 * 32..].iter().all(|status| *status == "retry"));

    // Sent again until all is done: each has been started once.
    for _ in 0..2 {
        read(ingest.handle(event("POST /messages/bulk", &body)).await);
    }
    let (_, answer) = read(ingest.handle(event("POST /messages/bulk", &body)).await);
    assert!(answer["results"].as_array().unwrap().iter().all(|result| result["status"] == "duplicate"));
    let state = world.state();
    assert_eq!((state.executions.len(), state.store.conversations.len()), (1000, 1000));
    assert!(state.inconsistencies.is_empty());
}
