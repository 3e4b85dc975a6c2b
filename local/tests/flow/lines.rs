//! One line, however a provider spells it: cases LINE-* and ADDR-* of real reports.

use serde_json::{Value, json};

use crate::replies::{OURS, form};
use crate::rig::{PHONE, Rig, approved_for, in_transit};

async fn writes_from(rig: &Rig, sid: &str, from: &str, to: &str, body: &str) {
    let fields = [("MessageSid", sid), ("From", from), ("To", to), ("Body", body), ("NumMedia", "0")];
    assert_eq!(form(rig, "/twilio/inbound", &fields, "").await.status, 200, "{from}");
}

async fn end_of(rig: &Rig, event: &Value) -> Value {
    let id = rig.accepted(event).await;
    rig.advance(120).await;
    rig.conversation(&id).await.json()["steps"][0]["verdict"].clone()
}

#[tokio::test]
async fn a_stop_from_any_spelling_of_the_line_holds() {
    for (case, phone, from, to) in [
        ("LINE-0a", PHONE, PHONE, OURS),
        ("LINE-0", "+525512345678", "whatsapp:+525512345678", "whatsapp:+15005550006"),
        ("LINE-1", "+525512345678", "whatsapp:+5215512345678", "whatsapp:+15005550006"),
        ("LINE-1b", "+5215512345678", "whatsapp:+525512345678", "whatsapp:+15005550006"),
        ("LINE-2", "+5511987654321", "whatsapp:+551187654321", "whatsapp:+15005550006"),
        ("LINE-3", "+541169071234", "whatsapp:+5491169071234", "whatsapp:+15005550006"),
        ("ADDR-1", PHONE, &format!("rcs:{PHONE}"), "rcs:agent_1234_agent"),
        ("ADDR-1b", PHONE, &format!("RCS:{PHONE}"), "rcs:agent_1234_agent"),
        ("ADDR-1c", PHONE, PHONE.trim_start_matches('+'), OURS),
    ] {
        let rig = Rig::start().await;
        assert_eq!(end_of(&rig, &approved_for(1, phone)).await, "Sent", "{case}");
        writes_from(&rig, "SM1", from, to, "STOP").await;
        assert_eq!(end_of(&rig, &approved_for(2, phone)).await, "SkippedOptedOut", "{case}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_user_id_that_quotes_our_text_is_its_contact() {
    let rig = Rig::start().await;
    assert_eq!(end_of(&rig, &in_transit(1)).await, "Sent");
    let sid = rig.outbox().await[0]["provider_message_id"].as_str().unwrap().to_owned();
    let fields = [
        ("MessageSid", "SM1"),
        ("From", "whatsapp:US.13491208655302741918"),
        ("To", "whatsapp:+15005550006"),
        ("Body", "STOP"),
        ("OriginalRepliedMessageSid", sid.as_str()),
    ];
    assert_eq!(form(&rig, "/twilio/inbound", &fields, "").await.status, 200);
    assert_eq!(end_of(&rig, &in_transit(2)).await, "SkippedOptedOut", "ADDR-2 with a quotation");
    rig.stop().await;
}

#[tokio::test]
async fn messages_from_unknown_senders_are_kept() {
    let rig = Rig::start().await;
    for (sid, from) in [
        ("SM1", "whatsapp:US.13491208655302741918"),
        ("SM2", "22395"),
        ("SM1", "whatsapp:US.13491208655302741918"),
    ] {
        writes_from(&rig, sid, from, OURS, "STOP").await;
    }
    let items =
        rig.aws("DynamoDB_20120810.Scan", &json!({ "TableName": "afterword" })).await["Items"].clone();
    let kept = items.as_array().unwrap().iter().filter(|item| item["reason"]["S"] == "unknown_sender");
    assert_eq!(kept.count(), 2, "ADDR-2 and ADDR-5, each once");
    rig.stop().await;
}
