//! Erasing a person from the table: the contents of every item afterwards.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use messaging::conversation::Conversation;
use messaging::conversation::inbound_message::InboundMessage;
use messaging::conversation::receipt::Receipt;
use messaging::forget::forget;
use messaging::journeys::code_limits::limits_of;
use messaging::journeys::otp_settings::OtpSettings;
use messaging::ports::{Codes, Conversations, Quarantine, QuarantinedEvent, Receipts};
use messaging::receive_message::receive;
use messaging::text::template::{MessageText, PersonName};
use messaging::text::whatsapp_template::{ContentSid, WhatsappTemplate};
use messaging::values::channel::Channel;
use messaging::values::clock::Clock;
use messaging::values::ids::SourceName;
use messaging::values::one_time_code::{CodeHash, CodeSlot, OneTimeCode, StoredCode};
use messaging::values::secret::SecretText;

use crate::rig::{HandClock, Rig, at, conversation, phone};

const ID: &str = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";
/// Traces of the person: digits, name and texts, in the conversation, in their messages and in quarantine.
const PERSON: [&str; 5] = ["2025550143", "Zoe", "50%", "my answer", "hash"];

fn booked() -> Conversation {
    let mut booked = conversation(ID);
    let plan = booked.plan.as_mut().unwrap();
    plan.name = Some(PersonName::new("Zoe"));
    let sid = ContentSid::try_from(format!("HX{}", "0".repeat(32))).unwrap();
    plan.steps[0].content =
        Some(WhatsappTemplate { sid, variables: [("1".to_owned(), "Zoe".to_owned())].into() });
    plan.steps[0].cost_micro_usd = Some(8_300);
    booked
}

fn wrote(id: &str, words: &str) -> InboundMessage {
    InboundMessage {
        provider: messaging::values::provider::Provider::Twilio,
        id: id.to_owned(),
        from: phone(),
        to: "+12025550100".to_owned(),
        channel: Channel::Sms,
        body: MessageText::new(words),
        media: 0,
        replied_to: None,
        keyword: None,
        at: at(5),
    }
}

/// Stores a conversation, two messages of the customer and an event in quarantine.
async fn store_messages(rig: &Rig, clock: &HandClock) {
    rig.table.accept(&booked(), None).await.unwrap();
    for (id, words) in [("SM1", "my answer"), ("SM2", "STOP")] {
        receive(&rig.table, &wrote(id, words), clock).await.unwrap();
    }
    let quarantined = QuarantinedEvent {
        id: "calendly-0".to_owned(),
        source: SourceName::fixed("calendly"),
        reason: "differs".to_owned(),
        details: vec!["/payload".to_owned()],
        received_at: clock.now(),
        body: br#"{"name":"Zoe","phone":"+1 202-555-0143"}"#.to_vec(),
    };
    rig.table.keep(&quarantined).await.unwrap();
}

/// Stores a code with its counters, and a receipt that belongs to no text and names the number.
async fn store_code_and_stray_receipt(rig: &Rig, clock: &HandClock) {
    let slot = CodeSlot::new(phone(), "login");
    let key = SecretText::new("k").unwrap();
    let hash = CodeHash::of(&key, &slot, "id", &OneTimeCode::new("123456").unwrap());
    let (issued_at, valid_until) = (clock.now(), clock.now() + TimeDelta::minutes(10));
    let code = StoredCode { slot, id: "id".to_owned(), hash, issued_at, valid_until };
    rig.table.issue_code(&code, TimeDelta::seconds(30)).await.unwrap();
    for limit in limits_of(&phone(), &OtpSettings::default(), clock.now()) {
        assert!(rig.table.count_code(&limit).await.unwrap());
    }
    let stray = Receipt {
        provider: messaging::values::provider::Provider::Sns,
        message_id: "m-1".to_owned(),
        about: None,
        status: None,
        said: "LOST".to_owned(),
        code: None,
        retryable: false,
        opted_out: false,
        from: None,
        to: Some(phone()),
        accepted_at: Some(clock.now()),
        price: None,
        at: clock.now(),
    };
    rig.table.keep_receipt(&stray, clock.now()).await.unwrap();
}

/// Returns the traces of the person that any item shows. Bodies are bytes and are read as text.
async fn traces(rig: &Rig) -> Vec<&'static str> {
    let mut everything = String::new();
    for item in rig.everything_raw().await {
        if let Some(AttributeValue::B(body)) = item.get("body") {
            everything.push_str(&String::from_utf8_lossy(body.as_ref()).replace(['-', ' '], ""));
        }
        everything.push_str(&format!("{item:?}"));
    }
    PERSON.into_iter().filter(|trace| everything.contains(trace)).collect()
}

#[tokio::test]
async fn no_item_holds_a_trace_of_an_erased_person() {
    let (rig, clock) = (Rig::start().await, HandClock::new());
    store_messages(&rig, &clock).await;
    assert_eq!(traces(&rig).await, PERSON, "the scan finds every trace before the erasure");
    let written = async || {
        let stored = rig.table.load(&booked().id, clock.now()).await.unwrap().unwrap();
        let messages = rig.table.messages_of(&stored, clock.now()).await.unwrap();
        messages.iter().map(|message| (message.meaning.as_str(), message.words.expose().to_owned())).collect()
    };
    let words: Vec<(&str, String)> = written().await;
    assert_eq!(words, [("reply", "my answer".to_owned()), ("opt_out", "STOP".to_owned())]);
    let before = rig.everything_raw().await.len();
    let forgotten = forget(&rig.table, &phone(), &clock).await.unwrap();
    assert_eq!((forgotten.conversations, forgotten.inbound, forgotten.quarantined), (1, 2, 1));
    assert!(forgotten.opted_out);
    assert_eq!(traces(&rig).await, [""; 0]);
    assert!(written().await.is_empty());
    // The contact, the pointer to its conversation, the two that led to messages and the change of the
    // consent are deleted; the suppression is new.
    assert_eq!(rig.everything_raw().await.len(), before - 5 + 1);
    for item in rig.everything_raw().await {
        assert_eq!(item["v"], AttributeValue::N("1".to_owned()), "{item:?}");
    }
    insta::assert_json_snapshot!("erased_conversation", rig.item(&format!("V#{ID}"), "V").await);
    insta::assert_json_snapshot!("erased_message", rig.item("I#twilio#SM1", "I").await);
    insta::assert_json_snapshot!("erased_quarantine", rig.item("Q#calendly-0", "Q").await);
}

#[tokio::test]
async fn codes_and_stray_receipts_do_not_show_the_number_after_an_erasure() {
    let (rig, clock) = (Rig::start().await, HandClock::new());
    store_code_and_stray_receipt(&rig, &clock).await;
    // The code, the counters of the phone, its prefix and its country, and the receipt.
    assert_eq!(rig.everything_raw().await.len(), 6);
    assert_eq!(traces(&rig).await, ["2025550143", "hash"]);
    forget(&rig.table, &phone(), &clock).await.unwrap();
    assert_eq!(traces(&rig).await, [""; 0]);
    let mut left: Vec<_> =
        rig.everything_raw().await.iter().map(|item| item["pk"].as_s().unwrap().clone()).collect();
    left.sort();
    assert_eq!(left, ["M#sns#m-1", "OTP#country_hour#US", "OTP#prefix_hour#+12025550"]);
}

#[tokio::test]
async fn a_message_that_is_delivered_again_after_an_erasure_is_a_duplicate() {
    let (rig, clock) = (Rig::start().await, HandClock::new());
    store_messages(&rig, &clock).await;
    forget(&rig.table, &phone(), &clock).await.unwrap();
    let received = receive(&rig.table, &wrote("SM1", "my answer"), &clock).await.unwrap();
    assert!(received.duplicate);
    forget(&rig.table, &phone(), &clock).await.unwrap();
    assert_eq!(traces(&rig).await, [""; 0]);
}

#[tokio::test]
async fn an_operator_can_see_and_lift_the_opt_out_of_an_erased_person() {
    let (rig, clock) = (Rig::start().await, HandClock::new());
    store_messages(&rig, &clock).await;
    forget(&rig.table, &phone(), &clock).await.unwrap();
    assert_eq!(rig.table.opted_out().await.unwrap(), []);
    assert_eq!(rig.table.contact(&phone()).await.unwrap().opted_out_by.as_deref(), Some("SM2"));
    rig.table.lift_opt_out(&phone(), "operator", at(9)).await.unwrap();
    assert_eq!(rig.table.contact(&phone()).await.unwrap().opted_out_at, None);
}
