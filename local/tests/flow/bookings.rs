//! Bookings through the whole machine: signed, told apart, followed, ended, moved.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use http_edge::signature::{plain_hmac, timestamped};
use local::serve::Options;
use messaging::values::ids::{ConversationId, SourceName};
use messaging::values::secret::SecretText;
use serde_json::{Value, json};

use crate::rig::{Answer, PHONE, Rig};

const CALENDLY: [(&str, &str); 2] = [("new-key", "newest"), ("old-key", "older")];

pub(crate) async fn start() -> Rig {
    Rig::with(configure).await
}

/// Two keys of Calendly's, one of Cal.com's, and a declared source.
pub(crate) fn configure(options: &mut Options) {
    options.env_keys.calendly_signing_key = Some("new-key,old-key".to_owned());
    options.env_keys.signing_keys.insert("calcom".to_owned(), "calcom-key".to_owned());
    options.env_keys.signing_keys.insert("shop".to_owned(), "shop-key".to_owned());
    options.journeys.push_str(SHOP);
}

/// A source that is configuration alone.
const SHOP: &str = r#"
[sources.shop]
region = "GB"
locale = "en-GB"
[journeys.parcel]
variables = ["shop"]
[[journeys.parcel.steps]]
name = "text"
delay = "0s"
category = "transactional"
text = "parcel"
[texts.parcel]
en = "Your parcel from {{ shop }} is here."
"#;

fn key(text: &str) -> SecretText {
    SecretText::new(text).unwrap()
}

pub(crate) fn id_of(uri: &str) -> String {
    ConversationId::from_event_id(&SourceName::fixed("calendly"), uri).to_string()
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// An invitee whose appointment is in so many hours.
pub(crate) fn invitee(event: &str, uri: &str, now: DateTime<Utc>, hours: i64) -> Value {
    json!({
        "event": event,
        "created_at": time(now),
        "payload": {
            "uri": uri,
            "name": "Alex Example",
            "timezone": "America/New_York",
            "text_reminder_number": PHONE,
            "rescheduled": false,
            "old_invitee": null,
            "new_invitee": null,
            "questions_and_answers": [],
            "scheduled_event": { "name": "Consultation", "start_time": time(now + TimeDelta::hours(hours)) },
        },
    })
}

pub(crate) async fn signed(rig: &Rig, body: &[u8], with: &str, seconds_ago: i64) -> Answer {
    let at = rig.now().await.timestamp() - seconds_ago;
    let signature = timestamped::sign(body, &key(with), at);
    let headers = [("content-type", "application/json"), ("calendly-webhook-signature", signature.as_str())];
    rig.call("POST", "/webhooks/calendly", &headers, body).await
}

async fn calendly(rig: &Rig, body: &Value) -> String {
    let answer = signed(rig, body.to_string().as_bytes(), "new-key", 0).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["status"].as_str().unwrap().to_owned()
}

pub(crate) async fn booked(rig: &Rig, uri: &str, hours: i64) -> String {
    let body = invitee("invitee.created", uri, rig.now().await, hours);
    assert_eq!(calendly(rig, &body).await, "accepted");
    id_of(uri)
}

/// The verdicts of a conversation's steps, in order.
pub(crate) async fn verdicts(rig: &Rig, id: &str) -> Vec<String> {
    let steps = rig.conversation(id).await.json()["steps"].as_array().unwrap().clone();
    steps.iter().map(|step| step["verdict"].as_str().unwrap_or("-").to_owned()).collect()
}

async fn everything_stored(rig: &Rig) -> Value {
    rig.aws("DynamoDB_20120810.Scan", &json!({ "TableName": "afterword" })).await["Items"].clone()
}

#[tokio::test]
async fn a_booking_gets_a_confirmation_a_follow_up_and_a_reminder() {
    let rig = start().await;
    let id = booked(&rig, "u/1", 72).await;
    let accepted = rig.now().await;
    rig.advance(73 * 3600).await;
    assert_eq!(verdicts(&rig, &id).await, ["Sent", "Sent", "Sent"]);
    let at = |text: &Value| text["at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap() - accepted;
    let times: Vec<i64> = rig.texts(&id).await.iter().map(|text| at(text).num_seconds()).collect();
    assert_eq!(times, [0, 1800, 48 * 3600]);
    rig.stop().await;
}

#[tokio::test]
async fn a_reminder_is_planned_only_if_it_is_due_in_the_future() {
    let rig = start().await;
    let id = booked(&rig, "u/1", 20).await;
    rig.advance(20 * 3600).await;
    assert_eq!(verdicts(&rig, &id).await, ["Sent", "Sent"]);
    let past = booked(&rig, "u/2", -1).await;
    rig.advance(3600).await;
    assert_eq!(verdicts(&rig, &past).await, ["ExpiredTooLate", "SkippedNothingSent"]);
    rig.stop().await;
}

#[tokio::test]
async fn each_link_of_a_chain_settles_in_any_order() {
    let rig = start().await;
    let now = rig.now().await;
    let moved = |uri: &str, old: &str| {
        let mut body = invitee("invitee.created", uri, now, 72);
        body["payload"]["old_invitee"] = json!(old);
        body
    };
    let mut ended = invitee("invitee.canceled", "u/2", now, 72);
    ended["payload"]["rescheduled"] = json!(true);
    ended["payload"]["new_invitee"] = json!("u/3");
    assert_eq!(calendly(&rig, &moved("u/3", "u/2")).await, "rescheduled");
    assert_eq!(calendly(&rig, &ended).await, "rescheduled");
    assert_eq!(calendly(&rig, &invitee("invitee.created", "u/1", now, 72)).await, "accepted");
    assert_eq!(calendly(&rig, &moved("u/2", "u/1")).await, "rescheduled");
    for body in [&moved("u/3", "u/2"), &ended, &moved("u/2", "u/1")] {
        assert_eq!(calendly(&rig, body).await, "duplicate");
    }
    rig.advance(73 * 3600).await;
    assert_eq!(verdicts(&rig, &id_of("u/2")).await, ["SkippedSuperseded"; 3]);
    assert_eq!(verdicts(&rig, &id_of("u/3")).await, ["Sent"; 3]);
    assert_eq!(verdicts(&rig, &id_of("u/1")).await[1..], ["SkippedSuperseded"; 2]);
    let because = &rig.conversation(&id_of("u/2")).await.json()["steps"][0]["because"];
    assert_eq!(because["superseded_by"], json!(id_of("u/3")));
    rig.stop().await;
}

/// A booking that took another's place and is off: its source is told of the move, in any order.
#[tokio::test]
async fn the_end_of_a_moved_booking_is_part_of_the_move() {
    for created_first in [true, false] {
        let rig = start().await;
        booked(&rig, "u/1", 72).await;
        let now = rig.now().await;
        let report = |event: &str| {
            let mut body = invitee(event, "u/2", now, 96);
            body["payload"]["old_invitee"] = json!("u/1");
            body
        };
        let mut reports = [report("invitee.created"), report("invitee.canceled")];
        if !created_first {
            reports.reverse();
        }
        for report in &reports {
            assert_eq!(calendly(&rig, report).await, "rescheduled");
            assert_eq!(calendly(&rig, report).await, "duplicate");
        }
        rig.advance(100 * 3600).await;
        let ended = verdicts(&rig, &id_of("u/2")).await;
        assert!(ended.iter().all(|verdict| verdict == "SkippedCancelled" || created_first), "{ended:?}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_cancellation_may_arrive_before_its_booking() {
    let rig = start().await;
    let now = rig.now().await;
    let cancelled = invitee("invitee.canceled", "u/1", now, 72);
    let created = invitee("invitee.created", "u/1", now, 72);
    let answers = [calendly(&rig, &cancelled).await, calendly(&rig, &cancelled).await];
    assert_eq!(answers, ["cancelled", "duplicate"]);
    let answers = [calendly(&rig, &created).await, calendly(&rig, &created).await];
    assert_eq!(answers, ["cancelled", "duplicate"]);
    rig.advance(73 * 3600).await;
    assert_eq!(verdicts(&rig, &id_of("u/1")).await, ["SkippedCancelled"; 3]);
    assert!(rig.outbox().await.is_empty() && rig.executions().await.is_empty());
    rig.stop().await;
}

#[tokio::test]
async fn an_unauthentic_event_is_rejected_and_stores_nothing() {
    let rig = start().await;
    let body = invitee("invitee.created", "u/1", rig.now().await, 72).to_string();
    let before = everything_stored(&rig).await;
    let at = rig.now().await.timestamp();
    let good = timestamped::sign(body.as_bytes(), &key("new-key"), at);
    let tampered = body.replace("u/1", "u/2");
    assert_eq!(signed(&rig, body.as_bytes(), "stranger", 0).await.status, 401);
    assert_eq!(signed(&rig, body.as_bytes(), "new-key", 181).await.status, 401);
    assert_eq!(signed(&rig, body.as_bytes(), "new-key", -181).await.status, 401);
    for headers in [vec![], vec![("calendly-webhook-signature", good.as_str())]] {
        assert_eq!(rig.call("POST", "/webhooks/calendly", &headers, tampered.as_bytes()).await.status, 401);
    }
    assert_eq!(everything_stored(&rig).await, before);
    for (name, which) in CALENDLY {
        assert_eq!(signed(&rig, body.as_bytes(), name, 180).await.status, 200, "the {which} key");
    }
    rig.stop().await;
}

#[tokio::test]
async fn an_unusable_event_is_kept_for_an_operator() {
    let rig = start().await;
    let now = rig.now().await;
    let mut phoneless = invitee("invitee.created", "u/1", now, 72);
    phoneless["payload"]["text_reminder_number"] = Value::Null;
    phoneless["payload"]["old_invitee"] = json!("u/0");
    let old = booked(&rig, "u/0", 72).await;
    rig.advance(0).await;
    assert_eq!(calendly(&rig, &phoneless).await, "quarantined");
    let huge = format!("{{\"event\":\"invitee.created\",\"x\":\"{}\"}}", "y".repeat(70_000));
    for body in ["{", "[]", "{\"event\":\"invitee.created\",\"payload\":{}}", &huge] {
        let answer = signed(&rig, body.as_bytes(), "new-key", 0).await;
        assert_eq!((answer.status, answer.json()["status"].clone()), (200, json!("quarantined")));
    }
    let ignored = json!({ "event": "invitee_no_show.created", "payload": {} });
    assert_eq!(calendly(&rig, &ignored).await, "ignored");
    let kept = everything_stored(&rig).await;
    let kept = kept.as_array().unwrap().iter().filter(|item| item["sk"]["S"] == "Q").count();
    assert_eq!(kept, 5);
    rig.advance(73 * 3600).await;
    let ends = verdicts(&rig, &old).await;
    assert_eq!(ends, ["Sent", "SkippedSuperseded", "SkippedSuperseded"], "it was moved all the same");
    rig.stop().await;
}

#[tokio::test]
async fn cal_com_reports_a_move_in_one_event() {
    let rig = start().await;
    let post = async |file: &str| {
        let path = format!("{}/../test-payloads/booking-webhook/{file}", env!("CARGO_MANIFEST_DIR"));
        let body = std::fs::read(path).unwrap();
        let signature = plain_hmac::sign(&body, &key("calcom-key"));
        let headers = [("content-type", "application/json"), ("x-cal-signature-256", signature.as_str())];
        let answer = rig.call("POST", "/webhooks/calcom", &headers, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(post("calcom-booking-created.json").await, "accepted");
    assert_eq!(post("calcom-booking-created.json").await, "duplicate");
    assert_eq!(post("calcom-booking-rescheduled.json").await, "rescheduled");
    assert_eq!(post("calcom-booking-rescheduled.json").await, "duplicate");
    let answer = rig.call("POST", "/webhooks/calcom", &[("x-cal-signature-256", "00")], b"{}").await;
    assert_eq!(answer.status, 401);
    rig.stop().await;
}

#[tokio::test]
async fn a_declared_source_needs_only_configuration() {
    let rig = start().await;
    let post = async |path: &str, body: &Value, with: &str| {
        let body = body.to_string();
        let signature = timestamped::sign(body.as_bytes(), &key(with), rig.now().await.timestamp());
        let headers = [("content-type", "application/json"), ("x-afterword-signature", signature.as_str())];
        rig.call("POST", path, &headers, body.as_bytes()).await
    };
    let event = json!({
        "event_id": "order-17", "journey": "parcel", "to": "07700 900123", "variables": { "shop": "Example" },
    });
    assert_eq!(post("/webhooks/shop", &event, "shop-key").await.status, 202);
    assert_eq!(post("/webhooks/shop", &event, "shop-key").await.status, 200);
    let mut other = event.clone();
    other["variables"]["shop"] = json!("Other");
    assert_eq!(post("/webhooks/shop", &other, "shop-key").await.status, 422);
    assert_eq!(post("/webhooks/shop", &event, "new-key").await.status, 401);
    assert_eq!(post("/webhooks/undeclared", &event, "shop-key").await.status, 404);
    let wrong = json!({ "event_id": "", "journey": "none", "to": "123", "extra": 1 });
    let answer = post("/webhooks/shop", &wrong, "shop-key").await;
    assert_eq!(answer.status, 400);
    let errors = answer.json()["errors"].clone();
    let places: Vec<&str> =
        errors.as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/event_id", "/extra", "/journey", "/to"]);
    rig.advance(0).await;
    let texts = rig.outbox().await;
    assert_eq!((texts.len(), &texts[0]["to"]), (1, &json!("+447700900123")));
    rig.stop().await;
}
