//! Advertising is sent only to customers who have agreed.

use serde_json::{Value, json};

use crate::replies::writes;
use crate::rig::{KEY, PHONE, Rig, event_id};

const OFFERS: &str = r#"
[promotional_hours]
US = "0-24"

[journeys.offer]
program = "offers"
[[journeys.offer.steps]]
name = "text"
delay = "0s"
category = "promotional"
text = "offer"

[journeys.reminder]
program = "reminders"
[[journeys.reminder.steps]]
name = "text"
delay = "0s"
category = "transactional"
text = "offer"

[texts.offer]
en = "Two for one."
"#;

async fn rig() -> Rig {
    Rig::with(|options| options.journeys.push_str(OFFERS)).await
}

async fn post(rig: &Rig, body: &Value) -> (u16, Value) {
    let headers = [("x-api-key", KEY), ("content-type", "application/json")];
    let answer = rig.call("POST", "/consent", &headers, body.to_string().as_bytes()).await;
    (answer.status, answer.json())
}

/// `POST /consent`, stored.
pub(crate) async fn consent(rig: &Rig, body: &Value) {
    assert_eq!(post(rig, body).await, (200, json!({ "status": "stored" })));
}

fn about(scope: &str) -> Value {
    json!({ "phone": PHONE, "scope": scope, "text_version": "2026-11", "source": "web-form" })
}

fn withdrawn(scope: &str) -> Value {
    json!({ "phone": PHONE, "scope": scope, "source": "preference-centre", "withdrawn": true })
}

/// Sends a text of a journey: its verdict, and why.
async fn sends(rig: &Rig, n: u32, journey: &str) -> (String, Value) {
    let body = json!({ "event_id": event_id(n), "journey": journey, "to": PHONE });
    let headers = [("x-api-key", KEY), ("content-type", "application/json")];
    let answer = rig.call("POST", "/messages", &headers, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json()["conversation_id"].as_str().unwrap().to_owned();
    rig.advance(0).await;
    let execution = rig.execution(&id).await;
    (execution.end().to_owned(), execution.output()["because"].clone())
}

async fn verdict(rig: &Rig, n: u32, journey: &str) -> String {
    sends(rig, n, journey).await.0
}

#[tokio::test]
async fn an_offer_needs_an_agreement() {
    let rig = rig().await;
    let (verdict_without, because) = sends(&rig, 1, "offer").await;
    assert_eq!(verdict_without, "SkippedOptedOut");
    assert_eq!(because, json!({ "rule": "consent", "scope": "offers", "consent": "none" }));
    assert!(rig.outbox().await.is_empty());
    consent(&rig, &about("offers")).await;
    assert_eq!(post(&rig, &about("offers")).await, (200, json!({ "status": "duplicate" })));
    assert_eq!(verdict(&rig, 2, "offer").await, "Sent");
    consent(&rig, &withdrawn("offers")).await;
    let (verdict_after, because) = sends(&rig, 3, "offer").await;
    assert_eq!((verdict_after.as_str(), &because["scope"]), ("SkippedOptedOut", &json!("offers")));
    assert!(because["withdrawn_at"].is_string());
    consent(&rig, &about("offers")).await;
    assert_eq!(verdict(&rig, 4, "offer").await, "Sent");
    rig.stop().await;
}

#[tokio::test]
async fn a_withdrawal_stops_its_program_and_stop_stops_all() {
    let rig = rig().await;
    consent(&rig, &about("promotional")).await;
    consent(&rig, &withdrawn("reminders")).await;
    assert_eq!(verdict(&rig, 1, "reminder").await, "SkippedOptedOut");
    assert_eq!(verdict(&rig, 2, "offer").await, "Sent");
    writes(&rig, "STOP").await;
    // An agreement elsewhere does not lift a STOP.
    consent(&rig, &about("offers")).await;
    let (verdict_after, because) = sends(&rig, 3, "offer").await;
    assert_eq!(verdict_after, "SkippedOptedOut");
    assert!(because["opted_out_at"].is_string());
    rig.stop().await;
}

#[tokio::test]
async fn start_counts_as_an_agreement() {
    let rig = rig().await;
    assert_eq!(verdict(&rig, 1, "offer").await, "SkippedOptedOut");
    writes(&rig, "START").await;
    assert_eq!(verdict(&rig, 2, "offer").await, "Sent");
    writes(&rig, "STOP").await;
    assert_eq!(verdict(&rig, 3, "offer").await, "SkippedOptedOut");
    writes(&rig, "START").await;
    assert_eq!(verdict(&rig, 4, "offer").await, "Sent");
    rig.stop().await;
}

#[tokio::test]
async fn an_invalid_change_is_rejected_with_its_errors_and_not_stored() {
    let rig = rig().await;
    let pointers = |answer: &Value| -> Vec<String> {
        let errors = answer["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    };
    for (body, wrong) in [
        (json!({}), vec!["/phone", "/scope", "/source", "/text_version"]),
        (
            json!({ "phone": "2025550143", "scope": "Offers!", "text_version": "", "source": "a\u{7}", "x": 1 }),
            vec!["/phone", "/scope", "/source", "/text_version", "/x"],
        ),
        (
            json!({ "phone": PHONE, "scope": "offers", "source": "form", "withdrawn": "yes" }),
            vec!["/text_version", "/withdrawn"],
        ),
    ] {
        let (status, answer) = post(&rig, &body).await;
        assert_eq!(
            (status, pointers(&answer)),
            (400, wrong.into_iter().map(str::to_owned).collect()),
            "{body}"
        );
    }
    let answer = rig.call("POST", "/consent", &[("content-type", "application/json")], b"{}").await;
    assert_eq!(answer.status, 401);
    assert_eq!(verdict(&rig, 1, "offer").await, "SkippedOptedOut");
    rig.stop().await;
}
