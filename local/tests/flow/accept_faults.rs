//! A fault of each kind at each wire call of accepting: never lost, never doubled.

use crate::rig::{Rig, approved, event_id};

const EFFECTS: [&str; 5] = ["fail_before", "throttle", "conflict", "timeout_after_accept", "crash"];

/// Sets the fault, delivers, and lets the source repeat until it is told that the event is accepted.
/// The SDK tries three times, so a count of three is the first that it does not hide.
async fn survives(operation: &str) {
    let rig = Rig::start().await;
    let mut n = 0;
    for effect in EFFECTS {
        for count in [1, 2, 3, 9] {
            n += 1;
            let what = format!("{count} times {effect} at {operation}");
            // The keys' cache grows old, so that they are fetched again.
            rig.advance(600).await;
            rig.fault(operation, effect, count).await;
            let first = rig.post(approved(n).to_string()).await;
            assert!([200, 202, 500, 503].contains(&first.status), "{what}: {}", first.status);
            rig.clear_faults().await;
            let id = format!("sms-{}", event_id(n));
            let is_stored = rig.conversation(&id).await.status == 200;
            if first.status < 300 {
                assert!(rig.executions().await.contains(&format!("{id}.text")), "{what}: said too early");
            }
            let repeat = rig.post(approved(n).to_string()).await;
            assert_eq!(repeat.status, if is_stored { 200 } else { 202 }, "{what}: {}", repeat.text());
            assert_eq!(rig.post(approved(n).to_string()).await.status, 200, "{what}");
            rig.advance(120).await;
            assert_eq!(rig.texts(&id).await.len(), 1, "{what}");
            assert_eq!(rig.execution(&id).await.end(), "Sent", "{what}");
        }
    }
    assert_eq!(rig.outbox().await.len(), usize::try_from(n).unwrap());
    rig.stop().await;
}

#[tokio::test]
async fn storing() {
    survives("dynamodb:TransactWriteItems").await;
}

#[tokio::test]
async fn starting() {
    survives("states:StartExecution").await;
}

#[tokio::test]
async fn marking_started() {
    survives("dynamodb:UpdateItem").await;
}

#[tokio::test]
async fn fetching_the_keys() {
    survives("secretsmanager:GetSecretValue").await;
}

#[tokio::test]
async fn reading_the_journeys() {
    survives("dynamodb:GetItem").await;
}
