//! Advertising leaves at decent hours of the recipient's day, or not at all.

use chrono::{DateTime, FixedOffset, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::consent::consent;
use crate::rig::{KEY, Rig, event_id, time};

const OFFERS: &str = r#"
[journeys.offer]
[[journeys.offer.steps]]
name = "text"
delay = "0s"
category = "promotional"
text = "offer"

[journeys.flash]
[[journeys.flash.steps]]
name = "text"
delay = "0s"
deadline = "2h"
category = "promotional"
text = "offer"

[journeys.order]
[[journeys.order.steps]]
name = "text"
delay = "0s"
category = "transactional"
text = "offer"

[texts.offer]
en = "Today only: two for one."
"#;

/// A fictional number whose owner lives in India.
const ABROAD: &str = "+447700900123";

async fn rig() -> Rig {
    let rig = Rig::with(|options| options.journeys.push_str(OFFERS)).await;
    consent(
        &rig,
        &json!({ "phone": ABROAD, "scope": "promotional", "text_version": "v1", "source": "form" }),
    )
    .await;
    rig
}

/// India has no summer time.
fn india() -> FixedOffset {
    FixedOffset::east_opt(5 * 3600 + 1800).unwrap()
}

/// Moves the clock to a time of the day in India.
async fn at(rig: &Rig, hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
    let now = rig.now().await;
    let time = NaiveTime::from_hms_opt(hour, minute, second).unwrap();
    let today = now.with_timezone(&india()).with_time(time).unwrap().to_utc();
    let next = if today < now { today + TimeDelta::days(1) } else { today };
    rig.advance((next - now).num_seconds()).await;
    assert_eq!(rig.now().await, next);
    next
}

async fn offered(rig: &Rig, n: u32, journey: &str, more: Value) -> String {
    let mut body =
        json!({ "event_id": event_id(n), "journey": journey, "to": ABROAD, "timezone": "Asia/Kolkata" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let headers = [("x-api-key", KEY), ("content-type", "application/json")];
    let answer = rig.call("POST", "/messages", &headers, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["conversation_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_offer_at_ten_in_the_evening_leaves_at_ten_in_the_morning() {
    let rig = rig().await;
    let evening = at(&rig, 22, 0, 0).await;
    let id = offered(&rig, 1, "offer", json!({})).await;
    rig.advance(12 * 3600 - 1).await;
    assert!(rig.outbox().await.is_empty());
    assert_eq!(rig.execution(&id).await.status(), "RUNNING");
    rig.advance(1).await;
    let [text] = &rig.texts(&id).await[..] else { panic!("one text") };
    assert_eq!(time(&text["at"]), evening + TimeDelta::hours(12));
    let execution = rig.execution(&id).await;
    assert_eq!(
        execution.states(),
        ["WaitUntilDue", "Send", "Verdict", "WaitUntilDue", "Send", "Verdict", "Sent"]
    );
    let waited = &execution.answers()[0];
    assert_eq!((&waited["verdict"], &waited["because"]["rule"]), (&json!("Wait"), &json!("quiet_hours")));
    assert_eq!(time(&waited["due"]), evening + TimeDelta::hours(12));
    rig.stop().await;
}

#[tokio::test]
async fn the_last_second_of_the_day_is_not_quiet() {
    let rig = rig().await;
    at(&rig, 20, 59, 59).await;
    let last = offered(&rig, 1, "offer", json!({})).await;
    rig.advance(0).await;
    assert_eq!(rig.texts(&last).await.len(), 1);
    rig.advance(1).await;
    let quiet = offered(&rig, 2, "offer", json!({})).await;
    rig.advance(0).await;
    assert!(rig.texts(&quiet).await.is_empty());
    rig.stop().await;
}

#[tokio::test]
async fn a_text_whose_deadline_passes_in_quiet_hours_expires() {
    let rig = rig().await;
    at(&rig, 20, 30, 0).await;
    let flash = offered(&rig, 1, "flash", json!({})).await;
    at(&rig, 21, 0, 0).await;
    let late = offered(&rig, 2, "flash", json!({})).await;
    let not_after = (rig.now().await + TimeDelta::hours(12)).to_rfc3339();
    let refused = offered(&rig, 3, "offer", json!({ "not_after": not_after })).await;
    rig.advance(0).await;
    assert_eq!(rig.texts(&flash).await.len(), 1);
    for id in [late, refused] {
        let execution = rig.execution(&id).await;
        assert_eq!(execution.end(), "ExpiredTooLate");
        assert_eq!(execution.output()["because"]["rule"], "quiet_hours");
    }
    assert_eq!(rig.outbox().await.len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn other_categories_leave_at_any_hour() {
    let rig = rig().await;
    at(&rig, 3, 0, 0).await;
    let id = offered(&rig, 1, "order", json!({})).await;
    rig.advance(0).await;
    assert_eq!(rig.texts(&id).await.len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn an_unknown_time_zone_is_rejected() {
    let rig = rig().await;
    let body =
        json!({ "event_id": event_id(1), "journey": "offer", "to": ABROAD, "timezone": "Mars/Olympus" });
    let headers = [("x-api-key", KEY), ("content-type", "application/json")];
    let answer = rig.call("POST", "/messages", &headers, body.to_string().as_bytes()).await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (400, &json!("/timezone")));
    rig.stop().await;
}
