//! The reports of each provider, in their own envelope, and their results.
#![expect(clippy::unwrap_used, reason = "helpers of tests, called by nothing else")]

use std::io::Write;

use base64::Engine;
use chrono::{DateTime, Utc};
use delivery_status::DeliveryStatus;
use flate2::write::GzEncoder;
use messaging::conversation::Step;
use messaging::conversation::receipt::AttemptId;
use messaging::conversation::step::{Claim, LostResponse, Progress, StepState};
use messaging::testing::builders;
use messaging::testing::memory::World;
use messaging::text::template::MessageText;
use messaging::values::ids::{ConversationId, StepName};
use messaging::values::provider::Provider;
use messaging::values::verdict::Verdict;
use serde_json::{Value, json};

const ID: &str = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";
const MESSAGE: &str = "00000000-0000-4000-8000-000000000003";
const DELIVERED: &str =
    include_str!("../../../test-payloads/delivery-status/end-user-messaging-delivered.json");
const BY_EVENTBRIDGE: &str =
    include_str!("../../../test-payloads/delivery-status/end-user-messaging-by-eventbridge.json");

fn claimed_at() -> DateTime<Utc> {
    "2026-11-20T12:30:09Z".parse().unwrap()
}

/// A world in which a text's answer was lost.
fn lost(provider: Provider) -> World {
    let claim = Claim { id: "a".to_owned(), at: claimed_at() };
    let step = Step {
        providers: vec![provider],
        text: MessageText::new("Approved."),
        progress: Progress {
            state: StepState::Unknown(LostResponse { claim, since: claimed_at() }),
            attempt: 1,
            ..Progress::default()
        },
        ..builders::step("text", claimed_at())
    };
    let world = World::at(claimed_at());
    let conversation = builders::conversation(ID, builders::plan(claimed_at(), vec![step]));
    world.state().store.put(&conversation, claimed_at());
    world
}

async fn handle(world: &World, event: Value) -> Result<Value, &'static str> {
    let function = DeliveryStatus {
        table: world.clone(),
        executions: world.clone(),
        keys: world.clone(),
        clock: world.clone(),
        public_url: None,
    };
    function.handle(event).await.map_err(|failed| {
        assert!(!failed.to_string().contains("+1"), "{failed}");
        failed.error_type()
    })
}

/// Whether the text runs again, under an execution of its own.
fn runs_again(world: &World) -> bool {
    world.state().executions.contains_key(&format!("{ID}.text.r1"))
}

/// Verdict, what is known of the delivery, and why it failed.
fn told(world: &World) -> (Option<Verdict>, Option<String>, Option<String>) {
    let state = world.state();
    let step = state.store.conversations[&ConversationId::new(ID).unwrap()]
        .step(&StepName::new("text").unwrap())
        .unwrap()
        .clone();
    let delivery = step.delivery.as_ref();
    (
        step.progress.verdict(),
        delivery.map(|delivery| delivery.status.as_str().to_owned()),
        delivery.and_then(|delivery| delivery.code.clone()),
    )
}

fn parsed(payload: &str) -> Value {
    serde_json::from_str(payload).unwrap()
}

fn log(lines: &[&str], message_type: &str) -> Value {
    let events: Vec<Value> = lines
        .iter()
        .map(|line| json!({ "id": "1", "timestamp": 1_795_177_815_000_i64, "message": line }))
        .collect();
    let batch = json!({ "messageType": message_type, "logEvents": events });
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(batch.to_string().as_bytes()).unwrap();
    let data = base64::engine::general_purpose::STANDARD.encode(packed.finish().unwrap());
    json!({ "awslogs": { "data": data } })
}

fn line(status: &str, response: &str) -> String {
    json!({
        "notification": { "messageId": MESSAGE, "timestamp": "2026-11-20 12:30:10.123" },
        "delivery": { "destination": "+12025550143", "providerResponse": response },
        "status": status,
    })
    .to_string()
}

#[tokio::test]
async fn an_event_from_a_topic_settles_the_text_and_stores_its_status() {
    let world = lost(Provider::EndUserMessaging);
    handle(&world, parsed(DELIVERED)).await.unwrap();
    assert_eq!(told(&world), (Some(Verdict::Sent), Some("delivered".to_owned()), None));
}

/// EventBridge leaves our ids out: the message's id tells, if it is known.
#[tokio::test]
async fn an_event_from_eventbridge_is_matched_by_its_message() {
    let world = lost(Provider::EndUserMessaging);
    handle(&world, parsed(BY_EVENTBRIDGE)).await.unwrap();
    assert_eq!(told(&world), (None, None, None));
    assert_eq!(world.state().store.receipts.len(), 1, "kept");
    let about = AttemptId {
        conversation: ConversationId::new(ID).unwrap(),
        step: StepName::new("text").unwrap(),
        attempt: 1,
    };
    let key = ("end_user_messaging".to_owned(), MESSAGE.to_owned());
    world.state().store.messages.insert(key, about);
    handle(&world, parsed(BY_EVENTBRIDGE)).await.unwrap();
    // AWS has had it, and it did not arrive for a reason that may pass.
    assert_eq!(told(&world), (None, Some("undelivered".to_owned()), Some("UNREACHABLE".to_owned())));
    assert!(runs_again(&world));
}

#[tokio::test]
async fn every_kind_of_event_has_its_meaning() {
    for (kind, expected) in [
        ("TEXT_QUEUED", Some("queued")),
        ("TEXT_PENDING", Some("sending")),
        ("TEXT_SENT", Some("sent")),
        ("TEXT_SUCCESSFUL", Some("delivered")),
        ("TEXT_DELIVERED", Some("delivered")),
        ("TEXT_INVALID", Some("failed")),
        ("TEXT_INVALID_MESSAGE", Some("failed")),
        ("TEXT_UNREACHABLE", Some("undelivered")),
        ("TEXT_CARRIER_UNREACHABLE", Some("undelivered")),
        ("TEXT_BLOCKED", Some("undelivered")),
        ("TEXT_CARRIER_BLOCKED", Some("undelivered")),
        ("TEXT_SPAM", Some("undelivered")),
        ("TEXT_UNKNOWN", Some("unknown")),
        ("TEXT_TTL_EXPIRED", Some("undelivered")),
        ("TEXT_PROTECT_BLOCKED", Some("failed")),
        ("TEXT_TELEPORTED", None),
        ("MEDIA_DELIVERED", None),
        ("RCS_FALLEN_BACK_TO_SMS", None),
    ] {
        let world = lost(Provider::EndUserMessaging);
        let event = DELIVERED.replace("TEXT_DELIVERED", kind);
        handle(&world, parsed(&event)).await.unwrap();
        assert_eq!(told(&world).1.as_deref(), expected, "{kind}");
        let passes = ["TEXT_UNREACHABLE", "TEXT_CARRIER_UNREACHABLE", "TEXT_TTL_EXPIRED"].contains(&kind);
        let verdict = (!passes).then_some(Verdict::Sent);
        assert_eq!((told(&world).0, runs_again(&world)), (verdict, passes), "AWS has had it: {kind}");
        assert_eq!(world.state().store.receipts.len(), usize::from(expected.is_none()), "{kind}");
    }
}

#[tokio::test]
async fn a_delivery_log_is_unpacked_and_matched_by_phone_and_time() {
    for (status, response, delivery, code) in [
        ("SUCCESS", "Message has been accepted by phone carrier", "delivered", None),
        ("FAILURE", "Phone number is opted out", "undelivered", Some("OPTED_OUT")),
        ("FAILURE", "Phone is currently unreachable/unavailable", "undelivered", Some("UNREACHABLE")),
        ("FAILURE", "Destination is blacklisted", "undelivered", Some("BLOCKED")),
        ("FAILURE", "Destination is on a blocked list", "undelivered", Some("BLOCKED")),
        ("FAILURE", "Blocked as spam by phone carrier", "undelivered", Some("BLOCKED")),
        ("FAILURE", "Invalid phone number", "undelivered", Some("INVALID")),
        ("FAILURE", "This delivery would exceed max price", "undelivered", Some("MAX_PRICE_EXCEEDED")),
        ("FAILURE", "Unknown error attempting to reach phone", "unknown", None),
    ] {
        let world = lost(Provider::Sns);
        handle(&world, log(&[&line(status, response)], "DATA_MESSAGE")).await.unwrap();
        let passes = code == Some("UNREACHABLE");
        let verdict = (!passes).then_some(Verdict::Sent);
        let expected = (verdict, Some(delivery.to_owned()), code.map(str::to_owned));
        assert_eq!((told(&world), runs_again(&world)), (expected, passes), "{response}");
        let opted_out = world.state().store.contacts.values().any(|contact| contact.opted_out_at.is_some());
        assert_eq!(opted_out, code == Some("OPTED_OUT"), "{response}");
    }
    let world = lost(Provider::Sns);
    handle(&world, log(&["a test of CloudWatch's"], "CONTROL_MESSAGE")).await.unwrap();
}

#[tokio::test]
async fn an_unreadable_report_is_an_error_and_changes_nothing() {
    let topic = |message: &str| json!({ "Records": [{ "Sns": { "Message": message } }] });
    for event in [
        json!({}),
        json!({ "Records": [] }),
        json!({ "Records": [{ "Sns": {} }] }),
        topic("no JSON"),
        topic("{}"),
        topic(r#"{"eventType":"TEXT_SENT","messageId":"a b"}"#),
        json!({ "detail": { "eventType": 1 } }),
        json!({ "awslogs": { "data": "!" } }),
        json!({ "awslogs": { "data": "bm8gZ3ppcA==" } }),
        log(&["no line"], "DATA_MESSAGE"),
        log(&["{}"], "DATA_MESSAGE"),
    ] {
        let world = lost(Provider::Sns);
        assert_eq!(handle(&world, event.clone()).await, Err("MalformedEvent"), "{event}");
        assert_eq!(told(&world), (None, None, None));
    }
}

#[tokio::test]
async fn an_unavailable_store_is_another_error_and_the_repeat_loses_nothing() {
    let world = lost(Provider::EndUserMessaging);
    world.state().faults.script.insert(1, messaging::testing::memory::Fault::Before);
    assert_eq!(handle(&world, parsed(DELIVERED)).await, Err("Transient"));
    handle(&world, parsed(DELIVERED)).await.unwrap();
    assert_eq!(told(&world).0, Some(Verdict::Sent));
}

fn price(world: &World) -> Option<u64> {
    let state = world.state();
    let conversation = &state.store.conversations[&ConversationId::new(ID).unwrap()];
    let prices = &conversation.step(&StepName::new("text").unwrap()).unwrap().prices;
    assert!(prices.len() <= 1 && prices.iter().all(|price| price.attempt == 1));
    prices.first().map(|price| price.micro_usd)
}

/// AWS names the carrier's fee apart; what an event before the last one says may still change.
#[tokio::test]
async fn the_price_of_the_last_event_counts() {
    for (more, expected) in [
        (json!({ "isFinal": true, "totalMessagePrice": 0.00581, "totalCarrierFee": 0.00302 }), Some(8_830)),
        (json!({ "isFinal": true, "totalMessagePrice": 0.06087 }), Some(60_870)),
        (json!({ "isFinal": true, "totalMessagePrice": 0.0, "totalCarrierFee": 0.0 }), Some(0)),
        (json!({ "isFinal": false, "totalMessagePrice": 0.00581 }), None),
        (json!({ "totalMessagePrice": 0.00581 }), None),
        (json!({ "isFinal": true, "totalMessagePrice": -1.0 }), None),
        (json!({ "isFinal": true }), None),
    ] {
        let world = lost(Provider::EndUserMessaging);
        let mut envelope = parsed(DELIVERED);
        let message = envelope.pointer_mut("/Records/0/Sns/Message").unwrap();
        let mut event = parsed(message.as_str().unwrap());
        event.as_object_mut().unwrap().remove("isFinal");
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        *message = event.to_string().into();
        handle(&world, envelope).await.unwrap();
        assert_eq!((told(&world).0, price(&world)), (Some(Verdict::Sent), expected), "{more}");
    }
}

#[tokio::test]
async fn a_line_of_the_delivery_log_contains_the_price() {
    for status in ["SUCCESS", "FAILURE"] {
        let world = lost(Provider::Sns);
        let mut told = parsed(&line(status, "Destination is on a blocked list"));
        told["delivery"]["priceInUSD"] = json!(0.00645);
        handle(&world, log(&[&told.to_string()], "DATA_MESSAGE")).await.unwrap();
        assert_eq!(price(&world), Some(6_450), "{status}");
    }
}
