//! Every way in which a text can leave: the same journey by each provider, one after the other, and what
//! becomes of an answer that was lost.

use serde_json::{Value, json};

use crate::replies::form;
use crate::rig::{Answer, KEY, PHONE, Rig, approved, event_id, in_transit, send};

const HOUR: i64 = 3600;
const RECEIPTS: &str = "arn:aws:sns:us-east-1:000000000000:afterword-receipts";

/// The properties of a provider that the tests depend on.
pub(crate) struct Carrier {
    pub(crate) name: &'static str,
    pub(crate) operation: &'static str,
}

pub(crate) const CARRIERS: [Carrier; 3] = [
    Carrier { name: "twilio", operation: "twilio:CreateMessage" },
    Carrier { name: "end_user_messaging", operation: "sms-voice:SendTextMessage" },
    Carrier { name: "sns", operation: "sns:Publish" },
];

/// A machine whose texts go by these providers, in this order.
pub(crate) async fn by(providers: &[&str]) -> Rig {
    let order = providers.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    Rig::with(|options| {
        options.env_keys.calendly_signing_key = Some("new-key,old-key".to_owned());
        options.journeys = format!("[providers]\nsms = [{order}]\n{}", options.journeys);
    })
    .await
}

const WHATSAPP: &str = r#"
[journeys.nine]
variables = ["v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9"]
[[journeys.nine.steps]]
name = "text"
delay = "0s"
category = "transactional"
channel = "whatsapp"
text = "nine"

[journeys.welcome]
[[journeys.welcome.steps]]
name = "text"
delay = "0s"
category = "transactional"
channel = "whatsapp"
text = "welcome"

[journeys.chat]
[[journeys.chat.steps]]
name = "text"
delay = "0s"
category = "conversational"
channel = "whatsapp"
text = "chat"

[journeys.either]
[[journeys.either.steps]]
name = "text"
delay = "0s"
category = "conversational"
channel = "whatsapp"
text = "either"

[texts.nine]
content_sid = "HX00000000000000000000000000000009"
variables = ["v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9"]
[texts.welcome]
content_sid = "HX00000000000000000000000000000000"
[texts.chat]
en = "How can we help?"
[texts.either]
content_sid = "HX00000000000000000000000000000001"
en = "How can we help?"
"#;

pub(crate) async fn by_whatsapp() -> Rig {
    Rig::with(|options| options.journeys.push_str(WHATSAPP)).await
}

/// `POST /messages`, accepted; the conversation's id.
pub(crate) async fn message(rig: &Rig, n: u32, journey: &str, variables: &Value) -> String {
    let body = json!({ "event_id": event_id(n), "journey": journey, "to": PHONE, "variables": variables });
    let headers = [("x-api-key", KEY), ("content-type", "application/json")];
    let answer = rig.call("POST", "/messages", &headers, body.to_string().as_bytes()).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["conversation_id"].as_str().unwrap().to_owned()
}

/// A status callback of Twilio's, signed.
pub(crate) async fn callback(
    rig: &Rig,
    conversation: &str,
    attempt: u32,
    sid: &str,
    more: &[(&str, &str)],
) -> Answer {
    let path = format!("/twilio/status?conversation={conversation}&step=text&attempt={attempt}");
    let mut fields = vec![("MessageSid", sid), ("From", "+15005550006"), ("To", PHONE)];
    fields.extend(more);
    form(rig, &path, &fields, "").await
}

/// `Publish` to a topic, as any publisher may.
pub(crate) async fn publish(rig: &Rig, topic: &str, text: &str) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "Publish")
        .append_pair("Version", "2010-03-31")
        .append_pair("TopicArn", topic)
        .append_pair("Message", text)
        .finish();
    let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    send(rig.ports.aws, "POST", "/", &headers, body.as_bytes()).await
}

/// The provider reports, late, that a text has arrived: by its own way.
async fn late_receipt(rig: &Rig, text: &Value) {
    let id = text["provider_message_id"].as_str().unwrap();
    let conversation = text["conversation_id"].as_str().unwrap();
    match text["provider"].as_str().unwrap() {
        "twilio" => {
            let answer = callback(rig, conversation, 1, id, &[("MessageStatus", "delivered")]).await;
            assert_eq!(answer.status, 204, "{}", answer.text());
        }
        "end_user_messaging" => {
            let event = json!({
                "eventType": "TEXT_DELIVERED",
                "messageId": id,
                "eventTimestamp": rig.now().await.timestamp_millis(),
                "originationPhoneNumber": "+14255550100",
                "context": { "conversation": conversation, "step": "text", "attempt": "1" },
            });
            assert_eq!(publish(rig, RECEIPTS, &event.to_string()).await.status, 200);
        }
        "sns" => {
            let at: chrono::DateTime<chrono::Utc> = text["at"].as_str().unwrap().parse().unwrap();
            let line = json!({
                "notification": { "messageId": id, "timestamp": at.format("%Y-%m-%d %H:%M:%S%.3f").to_string() },
                "delivery": { "destination": PHONE, "providerResponse": "Message has been accepted by phone" },
                "status": "SUCCESS",
            });
            let events = json!({
                "logGroupName": "sns/us-east-1/000000000000/DirectPublishToPhoneNumber",
                "logStreamName": "late",
                "logEvents": [{ "timestamp": rig.now().await.timestamp_millis(), "message": line.to_string() }],
            });
            rig.aws("Logs_20140328.PutLogEvents", &events).await;
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_same_journey_is_sent_by_each_provider() {
    for carrier in CARRIERS {
        let rig = by(&[carrier.name]).await;
        let id = rig.accepted(&in_transit(1)).await;
        rig.advance(0).await;
        let [text] = &rig.outbox().await[..] else { panic!("one text by {}", carrier.name) };
        assert_eq!((&text["provider"], &text["channel"]), (&json!(carrier.name), &json!("sms")));
        assert_eq!(
            (&text["to"], &text["step"], &text["conversation_id"]),
            (&json!(PHONE), &json!("text"), &json!(id))
        );
        let step = rig.step(&id).await;
        assert_eq!(
            (&step["verdict"], &step["delivery"]),
            (&json!("Sent"), &json!("delivered")),
            "{}",
            carrier.name
        );
        assert_eq!(step["because"]["provider_message_id"], text["provider_message_id"]);
        assert_eq!(rig.execution(&id).await.end(), "Sent");
        rig.stop().await;
    }
}

#[tokio::test]
async fn whatsapp_texts_are_sent_by_template() {
    let rig = by_whatsapp().await;
    let nine: serde_json::Map<String, Value> =
        (1..=9).map(|n| (format!("v{n}"), json!(format!("value {n}")))).collect();
    let with = message(&rig, 1, "nine", &nine.clone().into()).await;
    let without = message(&rig, 2, "welcome", &json!({})).await;
    rig.advance(0).await;
    let said = |texts: Vec<Value>| {
        let [text] = &texts[..] else { panic!("one text") };
        assert_eq!((&text["to"], &text["channel"]), (&json!(PHONE), &json!("whatsapp")));
        serde_json::from_str::<Value>(text["body"].as_str().unwrap()).unwrap()
    };
    let variables: serde_json::Map<String, Value> =
        (1..=9).map(|n| (n.to_string(), json!(format!("value {n}")))).collect();
    assert_eq!(
        said(rig.texts(&with).await),
        json!({ "content_sid": "HX00000000000000000000000000000009", "content_variables": variables })
    );
    assert_eq!(
        said(rig.texts(&without).await),
        json!({ "content_sid": "HX00000000000000000000000000000000" })
    );
    assert_eq!(rig.step(&with).await["delivery"], "delivered");
    rig.stop().await;
}

#[tokio::test]
async fn free_words_by_whatsapp_need_the_customers_message_of_the_last_24_hours() {
    let rig = by_whatsapp().await;
    let cold = message(&rig, 1, "chat", &json!({})).await;
    rig.advance(0).await;
    let step = rig.step(&cold).await;
    assert_eq!(
        (&step["verdict"], &step["because"]["rule"]),
        (&json!("RejectedByProvider"), &json!("whatsapp_window"))
    );
    assert!(rig.outbox().await.is_empty());
    let from = format!("whatsapp:{PHONE}");
    let fields =
        [("MessageSid", "SM1"), ("From", from.as_str()), ("To", "whatsapp:+15005550006"), ("Body", "Hello?")];
    assert_eq!(form(&rig, "/twilio/inbound", &fields, "").await.status, 200);
    rig.advance(24 * HOUR - 1).await;
    for (n, pause, journey, body) in [
        (2, 0, "chat", Some("How can we help?")),
        (3, 0, "either", Some("How can we help?")),
        (4, 2, "chat", None),
        (5, 0, "either", Some("{\"content_sid\":\"HX00000000000000000000000000000001\"}")),
    ] {
        rig.advance(pause).await;
        let id = message(&rig, n, journey, &json!({})).await;
        rig.advance(0).await;
        let texts = rig.texts(&id).await;
        assert_eq!(texts.first().map(|text| text["body"].as_str().unwrap()), body, "{journey} {n}");
        let verdict = if body.is_some() { "Sent" } else { "RejectedByProvider" };
        assert_eq!(rig.step(&id).await["verdict"], verdict, "{journey} {n}");
    }
    rig.stop().await;
}

/// One text, held after 72 minutes, and settled by what the provider reports in the end.
#[tokio::test]
async fn a_lost_answer_is_held_and_then_settled_by_a_late_receipt() {
    for carrier in CARRIERS {
        let rig = by(&[carrier.name]).await;
        let id = rig.accepted(&approved(1)).await;
        rig.advance(119).await;
        rig.fault(carrier.operation, "timeout_after_accept", 1).await;
        rig.advance(1 + 71 * 60).await;
        assert_eq!(rig.step(&id).await["verdict"], json!(null), "{}", carrier.name);
        rig.advance(2 * 60).await;
        let [text] = &rig.texts(&id).await[..] else { panic!("one text by {}", carrier.name) };
        assert_eq!(rig.execution(&id).await.end(), "HeldUnknownOutcome", "{}", carrier.name);
        assert_eq!(rig.step(&id).await["verdict"], "HeldUnknownOutcome");
        late_receipt(&rig, text).await;
        let step = rig.step(&id).await;
        assert_eq!(
            (&step["verdict"], &step["delivery"]),
            (&json!("Sent"), &json!("delivered")),
            "{}",
            carrier.name
        );
        assert_eq!(step["because"]["settled_by"], "receipt");
        rig.advance(30 * HOUR).await;
        assert_eq!(rig.outbox().await.len(), 1, "{}", carrier.name);
        rig.stop().await;
    }
    let rig = by_whatsapp().await;
    rig.fault("twilio:CreateMessage", "timeout_after_accept", 1).await;
    let id = message(&rig, 1, "welcome", &json!({})).await;
    rig.advance(73 * 60).await;
    let [text] = &rig.texts(&id).await[..] else { panic!("one text by WhatsApp") };
    assert_eq!(rig.step(&id).await["verdict"], "HeldUnknownOutcome");
    late_receipt(&rig, text).await;
    assert_eq!(rig.step(&id).await["verdict"], "Sent");
    rig.stop().await;
}

/// The callback is lost as well (our store is away when it comes, and Twilio does not repeat it): after
/// two minutes Twilio's own list is the evidence.
#[tokio::test]
async fn a_lost_answer_is_settled_by_twilios_own_list() {
    let rig = Rig::start().await;
    let id = rig.accepted(&approved(1)).await;
    rig.advance(119).await;
    rig.fault("twilio:CreateMessage", "crash", 1).await;
    // The claim goes through; the callback that follows the text at once does not.
    rig.switch("paused").await;
    rig.switch("on").await;
    rig.fault("dynamodb:UpdateItem", "fail_before", 50).await;
    rig.fault("dynamodb:Query", "fail_before", 50).await;
    rig.advance(1).await;
    rig.clear_faults().await;
    rig.advance(10 * 60).await;
    assert_eq!(rig.texts(&id).await.len(), 1);
    let step = rig.step(&id).await;
    assert_eq!(step["verdict"], "Sent");
    rig.stop().await;
}

#[tokio::test]
async fn the_next_provider_is_tried_after_a_rejection_or_an_outage() {
    for effect in ["conflict", "fail_before", "throttle"] {
        let rig = by(&["end_user_messaging", "twilio"]).await;
        rig.fault("sms-voice:SendTextMessage", effect, 1).await;
        let id = rig.accepted(&in_transit(1)).await;
        rig.advance(0).await;
        let [text] = &rig.texts(&id).await[..] else { panic!("one text after {effect}") };
        assert_eq!(text["provider"], "twilio", "{effect}");
        let step = rig.step(&id).await;
        assert_eq!((&step["verdict"], &step["because"]["attempt"]), (&json!("Sent"), &json!(2)), "{effect}");
        assert_eq!(step["delivery"], "delivered");
        rig.stop().await;
    }
}

#[tokio::test]
async fn no_other_provider_is_tried_after_a_lost_answer() {
    let rig = by(&["sns", "twilio"]).await;
    rig.fault("sns:Publish", "timeout_after_accept", 1).await;
    let id = rig.accepted(&in_transit(1)).await;
    rig.advance(26 * HOUR).await;
    let [text] = &rig.texts(&id).await[..] else { panic!("one text") };
    assert_eq!(text["provider"], "sns");
    assert_eq!(rig.step(&id).await["verdict"], "HeldUnknownOutcome");
    rig.stop().await;
}

/// The simulator's phone that fails does so by an event.
#[tokio::test]
async fn a_simulated_failure_is_reported_as_an_event() {
    let rig = by(&["end_user_messaging"]).await;
    for (n, phone, delivery, texts) in [(1, "+14254147755", "delivered", 1), (2, "+14254147167", "failed", 0)]
    {
        let mut event = in_transit(n);
        event["user"]["phone"] = phone.into();
        let id = rig.accepted(&event).await;
        rig.advance(0).await;
        let step = rig.step(&id).await;
        assert_eq!((&step["verdict"], &step["delivery"]), (&json!("Sent"), &json!(delivery)), "{phone}");
        assert_eq!(rig.texts(&id).await.len(), texts, "{phone}");
    }
    rig.stop().await;
}
