//! Receipts as providers really send them: forged, repeated, out of order, days late, about nothing.

use serde_json::{Value, json};

use crate::bookings::{booked, verdicts};
use crate::replies::form;
use crate::rig::{PHONE, Rig, in_transit};
use crate::senders::{by, callback, publish};

pub(crate) const INBOUND: &str = "arn:aws:sns:us-east-1:000000000000:afterword-inbound";
pub(crate) const RECEIPTS: &str = "arn:aws:sns:us-east-1:000000000000:afterword-receipts";

/// A text that has been sent and of which nothing has been reported, and its SID.
async fn sent(rig: &Rig) -> (String, String) {
    // Reports that are due on the clock reach no function.
    rig.fault("twilio:CreateMessage", "timeout_after_accept", 1).await;
    let id = rig.accepted(&in_transit(1)).await;
    rig.advance(0).await;
    let sid = rig.texts(&id).await[0]["provider_message_id"].as_str().unwrap().to_owned();
    (id, sid)
}

#[tokio::test]
async fn a_forged_callback_is_rejected_and_changes_nothing() {
    let rig = Rig::start().await;
    let (id, sid) = sent(&rig).await;
    let path = format!("/twilio/status?conversation={id}&step=text&attempt=1");
    let body = format!("MessageSid={sid}&MessageStatus=delivered");
    let content = ("content-type", "application/x-www-form-urlencoded");
    for headers in [vec![content], vec![content, ("x-twilio-signature", "b2theQ==")]] {
        assert_eq!(rig.call("POST", &path, &headers, body.as_bytes()).await.status, 401);
    }
    // Signed for another attempt: the ids in the query are part of what is signed.
    let fields = [("MessageSid", sid.as_str()), ("MessageStatus", "delivered")];
    let answer = form(&rig, &path, &fields, "&attempt=2").await;
    assert_eq!(answer.status, 401);
    let step = rig.step(&id).await;
    assert_eq!((&step["verdict"], &step["delivery"]), (&json!(null), &json!(null)));
    rig.stop().await;
}

#[tokio::test]
async fn callbacks_may_arrive_in_any_order_and_repeatedly() {
    let rig = Rig::start().await;
    let (id, sid) = sent(&rig).await;
    for (status, known) in [
        ("sent", "sent"),
        ("queued", "sent"),
        ("sent", "sent"),
        ("teleported", "sent"),
        ("delivered", "delivered"),
        ("sent", "delivered"),
        ("undelivered", "delivered"),
        ("read", "read"),
    ] {
        let answer = callback(&rig, &id, 1, &sid, &[("MessageStatus", status)]).await;
        assert_eq!(answer.status, 204, "{status}: {}", answer.text());
        assert_eq!(rig.step(&id).await["delivery"], known, "{status}");
    }
    assert_eq!(rig.step(&id).await["verdict"], "Sent");
    rig.advance(72 * 3600).await;
    assert_eq!(callback(&rig, &id, 1, &sid, &[("MessageStatus", "read")]).await.status, 204, "72 h late");
    assert_eq!(rig.outbox().await.len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn a_receipt_about_an_unknown_text_is_kept_and_an_empty_one_is_not() {
    let rig = Rig::start().await;
    let (id, sid) = sent(&rig).await;
    for (conversation, attempt) in [("sms-00000000-0000-4000-8000-000000000000", 1), (id.as_str(), 2)] {
        let answer =
            callback(&rig, conversation, attempt, "SMother", &[("MessageStatus", "delivered")]).await;
        assert_eq!(answer.status, 204);
    }
    assert_eq!(rig.step(&id).await["verdict"], json!(null), "another attempt's receipt settles nothing");
    let unused = form(&rig, "/twilio/status", &[("AccountSid", "AC0"), ("MessageSid", &sid)], "").await;
    assert_eq!((unused.status, unused.text().as_str()), (200, "<Response/>"));
    rig.stop().await;
}

/// An unreachable handset (30003): tried once more, under an execution of its own, and no third time.
#[tokio::test]
async fn a_text_that_did_not_arrive_is_tried_again_once() {
    let rig = Rig::start().await;
    let (id, sid) = sent(&rig).await;
    let failed = [("MessageStatus", "undelivered"), ("ErrorCode", "30003")];
    for _ in 0..2 {
        assert_eq!(callback(&rig, &id, 1, &sid, &failed).await.status, 204);
    }
    assert!(rig.executions().await.contains(&format!("{id}.text.r1")));
    rig.fault("twilio:CreateMessage", "timeout_after_accept", 1).await;
    rig.advance(15 * 60).await;
    let texts = rig.texts(&id).await;
    assert_eq!(texts.len(), 2);
    let second = texts[1]["provider_message_id"].as_str().unwrap();
    assert_eq!(callback(&rig, &id, 2, second, &failed).await.status, 204);
    rig.advance(24 * 3600).await;
    let step = rig.step(&id).await;
    assert_eq!((&step["verdict"], &step["delivery"]), (&json!("Sent"), &json!("undelivered")));
    assert_eq!(rig.texts(&id).await.len(), 2);
    assert_eq!(rig.executions().await.len(), 2);
    rig.stop().await;
}

#[tokio::test]
async fn an_unreadable_message_goes_to_the_dead_letter_queue_without_a_loop() {
    let rig = Rig::start().await;
    for (topic, message) in [(RECEIPTS, "no JSON"), (RECEIPTS, "{}"), (INBOUND, "{\"messageBody\":\"hi\"}")] {
        assert_eq!(publish(&rig, topic, message).await.status, 200);
    }
    rig.advance(3600).await;
    let letters = rig.admin("GET", "/_local/dead-letters", &json!(null)).await.json();
    let letters: Vec<_> = letters["dead_letters"].as_array().unwrap().clone();
    let functions: Vec<_> = letters.iter().map(|letter| letter["function"].as_str().unwrap()).collect();
    assert_eq!(functions, ["delivery-status", "delivery-status", "inbound"]);
    assert!(letters.iter().all(|letter| letter["error"] == "MalformedEvent"), "{letters:?}");
    assert_eq!(publish(&rig, "arn:aws:sns:us-east-1:000000000000:nobody", "x").await.status, 404);
    rig.stop().await;
}

/// Replies to texts by AWS come by the two-way topic, and stop what they answer.
#[tokio::test]
async fn a_reply_through_aws_stops_the_follow_up_and_stop_is_respected() {
    for provider in ["end_user_messaging", "sns"] {
        let rig = by(&[provider]).await;
        let id = booked(&rig, "u/1", 72).await;
        rig.advance(60).await;
        let reply = format!("/_local/phones/{PHONE}/reply");
        let answer = rig.admin("POST", &reply, &json!({ "body": "Can I bring my dog?" })).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "status": 200 })));
        rig.advance(1800).await;
        assert_eq!(verdicts(&rig, &id).await[1], "SkippedCustomerReplied", "{provider}");
        rig.admin("POST", &reply, &json!({ "body": "STOP" })).await;
        let next = rig.accepted(&in_transit(7)).await;
        rig.advance(0).await;
        assert_eq!(rig.step(&next).await["verdict"], "SkippedOptedOut", "{provider}");
        let told = |outbox: &[Value]| outbox.iter().filter(|text| text["step"].is_null()).count();
        assert_eq!(told(&rig.outbox().await), 1, "AWS leaves it to us to confirm STOP: {provider}");
        rig.admin("POST", &reply, &json!({ "body": "STOP" })).await;
        assert_eq!(told(&rig.outbox().await), 1, "once: {provider}");
        rig.admin("POST", &reply, &json!({ "body": "help" })).await;
        let outbox = rig.outbox().await;
        assert_eq!(told(&outbox), 2, "and to answer HELP: {provider}");
        assert_eq!(outbox[2]["body"], messaging::receive_message::HELP_ANSWER);
        rig.admin("POST", &reply, &json!({ "body": "START" })).await;
        let again = rig.accepted(&in_transit(8)).await;
        rig.advance(0).await;
        assert_eq!(rig.step(&again).await["verdict"], "Sent", "{provider}");
        rig.stop().await;
    }
}
