//! Messages of customers, through the provider's signed webhook.

use http_edge::signature::twilio::{Algorithm, sign};
use messaging::values::secret::SecretText;
use serde_json::{Value, json};

use crate::bookings::{booked, start, verdicts};
use crate::rig::{Answer, PHONE, Rig};

pub(crate) const OURS: &str = "+15005550006";

pub(crate) async fn writes(rig: &Rig, body: &str) {
    let path = format!("/_local/phones/{PHONE}/reply");
    let answer = rig.admin("POST", &path, &json!({ "body": body })).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": 200 })));
}

/// A form as Twilio posts it, signed by the tests' token over the URL with what is appended to it.
pub(crate) async fn form(rig: &Rig, path: &str, fields: &[(&str, &str)], fragment: &str) -> Answer {
    let fields: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let url = format!("http://127.0.0.1:{}{path}{fragment}", rig.ports.gateway);
    let key = SecretText::new("token-of-the-tests").unwrap();
    let signature = sign(Algorithm::HmacSha1, &url, &fields, &key);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("x-twilio-signature", signature.as_str())];
    rig.call("POST", path, &headers, body.as_bytes()).await
}

#[tokio::test]
async fn a_reply_in_time_stops_the_follow_up_and_a_later_one_does_not() {
    for (seconds, end) in [(1799, "SkippedCustomerReplied"), (1800, "Sent"), (1801, "Sent")] {
        let rig = start().await;
        let id = booked(&rig, "u/1", 72).await;
        rig.advance(seconds).await;
        writes(&rig, "Can I bring my dog?").await;
        rig.advance(1800).await;
        assert_eq!(verdicts(&rig, &id).await[1], end, "after {seconds} s");
        let replies = rig.conversation(&id).await.json()["replies"].clone();
        assert_eq!(replies[0]["meaning"], "reply");
        rig.stop().await;
    }
}

#[tokio::test]
async fn reactions_and_automatic_messages_are_not_replies() {
    let rig = start().await;
    let id = booked(&rig, "u/1", 72).await;
    rig.advance(60).await;
    writes(&rig, "Liked \u{201c}Hi Alex, you are booked\u{201d}").await;
    writes(&rig, "I'm driving with Do Not Disturb While Driving turned on.").await;
    rig.advance(1800).await;
    assert_eq!(verdicts(&rig, &id).await[1], "Sent");
    rig.stop().await;
}

#[tokio::test]
async fn stop_ends_every_conversation_and_is_confirmed_once() {
    let rig = start().await;
    let id = booked(&rig, "u/1", 72).await;
    rig.advance(60).await;
    writes(&rig, "please stop texting me").await;
    writes(&rig, "STOP").await;
    let later = booked(&rig, "u/2", 72).await;
    rig.advance(1800).await;
    assert_eq!(verdicts(&rig, &id).await[1], "SkippedOptedOut");
    assert_eq!(verdicts(&rig, &later).await[..2], ["SkippedOptedOut"; 2]);
    let notices = async || {
        let texts = rig.outbox().await;
        texts.into_iter().filter(|text| text["step"] == Value::Null).count()
    };
    assert_eq!(notices().await, 1);
    writes(&rig, "START").await;
    let again = booked(&rig, "u/3", 72).await;
    rig.advance(10).await;
    assert_eq!(verdicts(&rig, &again).await[0], "Sent");
    assert_eq!(notices().await, 1);
    rig.stop().await;
}

/// Whatever goes wrong on the way: stopped at once, and told so once, as soon as it is asked for again.
#[tokio::test]
async fn a_confirmation_that_failed_is_sent_later() {
    for (operation, effect, count, stop_is_answered) in [
        ("twilio:CreateMessage", "fail_before", 1, 200),
        ("twilio:CreateMessage", "throttle", 2, 503),
        ("dynamodb:TransactWriteItems", "crash", 1, 500),
        ("dynamodb:UpdateItem", "fail_before", 1, 200),
        ("dynamodb:UpdateItem", "fail_before", 2, 503),
    ] {
        let rig = start().await;
        let id = booked(&rig, "u/1", 72).await;
        rig.advance(60).await;
        rig.fault(operation, effect, count).await;
        let path = format!("/_local/phones/{PHONE}/reply");
        let stop = json!({ "body": "please stop texting me" });
        let answer = rig.admin("POST", &path, &stop).await.json();
        assert_eq!(answer["status"], stop_is_answered, "{operation} {effect} {count}");
        writes(&rig, "please stop texting me").await;
        writes(&rig, "please stop texting me").await;
        let notices = rig.outbox().await.into_iter().filter(|text| text["step"] == Value::Null).count();
        assert_eq!(notices, 1, "{operation} {effect} {count}");
        rig.advance(1800).await;
        assert_eq!(verdicts(&rig, &id).await[1], "SkippedOptedOut");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_keyword_that_the_provider_confirms_is_not_confirmed_twice() {
    let rig = start().await;
    writes(&rig, "Stop").await;
    assert!(rig.outbox().await.is_empty());
    rig.stop().await;
}

#[tokio::test]
async fn a_refusal_of_promotions_stops_the_follow_up_and_is_confirmed_once() {
    let rig = start().await;
    let id = booked(&rig, "u/1", 72).await;
    rig.advance(60).await;
    let fields = [("MessageSid", "SM1"), ("From", PHONE), ("To", OURS), ("Body", "No more promotions")];
    for _ in 0..2 {
        assert_eq!(form(&rig, "/twilio/inbound", &fields, "").await.status, 200);
    }
    let notices: Vec<Value> =
        rig.outbox().await.into_iter().filter(|text| text["step"] == Value::Null).collect();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0]["body"], messaging::receive_message::PROMOTIONS_CONFIRMATION);
    rig.advance(1800).await;
    assert_eq!(verdicts(&rig, &id).await[1], "SkippedCustomerReplied");
    let later = booked(&rig, "u/2", 72).await;
    rig.advance(10).await;
    assert_eq!(verdicts(&rig, &later).await[0], "Sent", "only promotions end");
    rig.stop().await;
}

#[tokio::test]
async fn a_button_is_read_by_a_payload_that_refuses_else_by_its_label() {
    for (payload, label, verdict) in [
        (Some("STOP"), "Leave me alone", "SkippedOptedOut"),
        (None, "No more texts", "SkippedOptedOut"),
        (Some("confirm-1"), "I will be there", "Sent"),
    ] {
        let rig = start().await;
        let from = format!("whatsapp:{PHONE}");
        let mut fields = vec![("MessageSid", "SM1"), ("From", &from), ("To", "whatsapp:+15005550006")];
        fields.extend([("Body", label), ("ButtonText", label)]);
        fields.extend(payload.map(|payload| ("ButtonPayload", payload)));
        assert_eq!(form(&rig, "/twilio/inbound", &fields, "").await.status, 200);
        let id = booked(&rig, "u/1", 72).await;
        rig.advance(10).await;
        assert_eq!(verdicts(&rig, &id).await[0], verdict, "{payload:?} {label}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_message_without_words_is_kept() {
    let rig = start().await;
    let id = booked(&rig, "u/1", 72).await;
    rig.advance(60).await;
    let status = [("MessageSid", "SM1"), ("From", OURS), ("To", PHONE), ("MessageStatus", "delivered")];
    let message = [("MessageSid", "SM2"), ("From", PHONE), ("To", OURS), ("SmsStatus", "received")];
    for fields in [status, message] {
        assert_eq!(form(&rig, "/twilio/inbound", &fields, "").await.status, 200);
    }
    let replies = rig.conversation(&id).await.json()["replies"].clone();
    assert_eq!(replies.as_array().unwrap().len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn the_webhook_accepts_only_messages_signed_by_the_provider() {
    let rig = start().await;
    let id = booked(&rig, "u/1", 72).await;
    rig.advance(60).await;
    let media = [
        ("MessageSid", "MM00000000000000000000000000000001"),
        ("From", PHONE),
        ("To", OURS),
        ("Body", ""),
        ("NumMedia", "1"),
        ("ToCity", ""),
    ];
    for (path, fragment) in [("/twilio/inbound", "#rc=5&rp=all"), ("/webhook", ""), ("/webhook?x=a%20b", "")]
    {
        let answer = form(&rig, path, &media, fragment).await;
        assert_eq!((answer.status, answer.text().as_ref()), (200, "<Response/>"), "{path}{fragment}");
    }
    assert_eq!(form(&rig, "/twilio/inbound", &media, "#rc=1").await.status, 401);
    assert_eq!(rig.call("POST", "/twilio/inbound", &[], b"Body=STOP").await.status, 401);
    let other = [("MessageSid", "SM1"), ("AccountSid", "AC1")];
    assert_eq!(form(&rig, "/twilio/inbound", &other, "").await.status, 200);
    rig.advance(1800).await;
    assert_eq!(verdicts(&rig, &id).await[1], "SkippedCustomerReplied", "a picture is an answer");
    let replies = rig.conversation(&id).await.json()["replies"].clone();
    assert_eq!(replies.as_array().unwrap().len(), 1, "stored once");
    rig.stop().await;
}

#[tokio::test]
async fn a_fault_while_a_reply_is_stored_loses_nothing() {
    for effect in ["fail_before", "throttle", "conflict", "timeout_after_accept", "crash"] {
        let rig = start().await;
        let id = booked(&rig, "u/1", 72).await;
        rig.advance(60).await;
        rig.fault("dynamodb:TransactWriteItems", effect, 4).await;
        let fields = [("MessageSid", "SM1"), ("From", PHONE), ("To", OURS), ("Body", "Can I come later?")];
        let first = form(&rig, "/twilio/inbound", &fields, "").await;
        rig.clear_faults().await;
        assert!([200, 500, 503].contains(&first.status), "{effect}: {}", first.status);
        assert_eq!(form(&rig, "/twilio/inbound", &fields, "").await.status, 200, "{effect}");
        rig.advance(1800).await;
        assert_eq!(verdicts(&rig, &id).await[1], "SkippedCustomerReplied", "{effect}");
        let replies = rig.conversation(&id).await.json()["replies"].clone();
        assert_eq!(replies.as_array().unwrap().len(), 1, "{effect}");
        rig.stop().await;
    }
}
