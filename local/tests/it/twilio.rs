use local::providers::twilio::signature::sign;
use local::store::Store;
use serde_json::{Value, json};

use crate::rig::{ACCOUNT, PUBLIC_URL, Rig, Setup, TOKEN, send};

const TEXT: &str = "To=%2B14155550123&From=%2B15005550006&Body=Hello+%F0%9F%91%8B";

#[tokio::test]
async fn an_accepted_text_is_in_the_outbox_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = || Store::open(&directory.path().join("local.sqlite")).unwrap();
    let rig = Rig::with(Setup { store: Some(store()), ..Setup::default() }).await;
    let callback = "https://hooks.example.com/twilio/status?conversation=sms-1&step=text&attempt=1";
    let callback: String = form_urlencoded::byte_serialize(callback.as_bytes()).collect();
    let answer = rig.twilio("POST", "Messages.json", &format!("{TEXT}&StatusCallback={callback}")).await;
    assert_eq!(answer.status, 201);
    let message = answer.json();
    assert_eq!(message["status"], "queued");
    assert_eq!((&message["num_segments"], &message["error_code"]), (&json!("1"), &Value::Null));
    let sid = message["sid"].as_str().unwrap().to_owned();
    assert!(sid.len() == 34 && sid.starts_with("SM"));
    let now = rig.admin("GET", "/_local/clock", Value::Null).await.json()["now"].clone();
    rig.stop().await;

    let rig = Rig::with(Setup { store: Some(store()), ..Setup::default() }).await;
    let expected = json!({
        "to": "+14155550123",
        "body": "Hello \u{1f44b}",
        "channel": "sms",
        "provider": "twilio",
        "provider_message_id": sid,
        "conversation_id": "sms-1",
        "step": "text",
        "at": now,
    });
    assert_eq!(rig.outbox().await, [expected]);
}

#[tokio::test]
async fn whatsapp_templates_and_texts_outside_journeys() {
    let rig = Rig::start().await;
    let form = "To=whatsapp%3A%2B14155550123&MessagingServiceSid=MG1&ContentSid=HX1&ContentVariables=%7B%221%22%3A%22A%22%7D";
    let message = rig.twilio("POST", "Messages.json", form).await.json();
    assert_eq!(
        (&message["from"], &message["to"]),
        (&json!("whatsapp:+15005550006"), &json!("whatsapp:+14155550123"))
    );
    let text = &rig.outbox().await[0];
    assert_eq!((&text["to"], &text["channel"]), (&json!("+14155550123"), &json!("whatsapp")));
    assert_eq!(text["body"], r#"{"content_sid":"HX1","content_variables":{"1":"A"}}"#);
    assert_eq!((&text["conversation_id"], &text["step"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn errors_look_like_twilios_and_store_nothing() {
    let rig = Rig::start().await;
    let answer = rig.twilio("POST", "Messages.json", "To=%2B15005550009&From=%2B15005550006&Body=x").await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.json(),
        json!({
            "code": 21614,
            "message": "'To' number is not a valid mobile number",
            "more_info": "https://www.twilio.com/docs/errors/21614",
            "status": 400,
        })
    );
    assert!(rig.outbox().await.is_empty());
}

#[tokio::test]
async fn only_the_account_itself_is_authorised() {
    let rig = Rig::start().await;
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    let wrong = "Basic QUNjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjYzp3cm9uZw==";
    for headers in [vec![], vec![("authorization", wrong)], vec![("authorization", "Bearer x")]] {
        let answer = send(rig.ports.aws, "POST", &path, &headers, TEXT.as_bytes()).await;
        assert_eq!((answer.status, &answer.json()["code"]), (401, &json!(20003)));
    }
    assert_eq!(rig.twilio("GET", "Calls.json", "").await.json()["code"], 20404);
    assert!(rig.outbox().await.is_empty());
}

#[tokio::test]
async fn messages_can_be_found_again() {
    let rig = Rig::start().await;
    for (to, body) in [("14155550123", "first"), ("14155550123", "second"), ("14155550124", "other")] {
        rig.twilio("POST", "Messages.json", &format!("To=%2B{to}&From=%2B15005550006&Body={body}")).await;
    }
    let list = async |query: &str| rig.twilio("GET", &format!("Messages.json?{query}"), "").await.json();
    let bodies = |list: &Value| {
        list["messages"].as_array().unwrap().iter().map(|message| message["body"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(bodies(&list("").await), ["other", "second", "first"]);
    let now = rig.admin("GET", "/_local/clock", Value::Null).await.json()["now"].as_str().unwrap().to_owned();
    let wanted = format!("To=%2B14155550123&From=%2B15005550006&DateSent%3E={now}");
    let found = list(&wanted).await;
    assert_eq!(bodies(&found), ["second", "first"]);
    let page = list(&format!("{wanted}&PageSize=1")).await;
    assert_eq!(bodies(&page), ["second"]);
    let next = page["next_page_uri"].as_str().unwrap().split_once("Messages.json?").unwrap().1.to_owned();
    let page = list(&next).await;
    assert_eq!((bodies(&page), &page["next_page_uri"]), (vec![json!("first")], &Value::Null));
    assert!(bodies(&list("DateSent%3E=2999-01-01").await).is_empty());
    assert!(bodies(&list("From=%2B15005550007").await).is_empty());

    let sid = found["messages"][0]["sid"].as_str().unwrap();
    assert_eq!(rig.twilio("GET", &format!("Messages/{sid}.json"), "").await.json()["body"], "second");
    assert_eq!(rig.twilio("GET", "Messages/SM0.json", "").await.json()["code"], 20404);
}

#[tokio::test]
async fn receipts_are_signed_and_arrive_once_at_their_time() {
    let rig = Rig::start().await;
    let callback = format!("{PUBLIC_URL}/twilio/status?conversation=c&step=s&attempt=2");
    let encoded: String = form_urlencoded::byte_serialize(callback.as_bytes()).collect();
    rig.twilio("POST", "Messages.json", &format!("{TEXT}&StatusCallback={encoded}")).await;
    let elsewhere = "&StatusCallback=https%3A%2F%2Fother.example.com%2Ftwilio%2Fstatus";
    rig.twilio("POST", "Messages.json", &format!("{TEXT}{elsewhere}")).await;
    rig.fault("twilio:CreateMessage", "timeout_after_accept", 1).await;
    rig.twilio("POST", "Messages.json", &format!("{TEXT}&StatusCallback={encoded}")).await;
    assert!(rig.inbound.lock().unwrap().is_empty());

    for _ in 0..2 {
        rig.admin("POST", "/_local/clock/advance", json!({ "seconds": 0 })).await;
    }
    assert_eq!(rig.outbox().await.len(), 3);
    let events = rig.inbound.lock().unwrap().clone();
    let forms: Vec<_> = events.iter().map(crate::admin::form).collect();
    let statuses: Vec<_> = forms.iter().map(|form| crate::admin::value(form, "MessageStatus")).collect();
    assert_eq!(statuses, ["sent", "delivered"]);
    for (event, form) in events.iter().zip(&forms) {
        assert_eq!(event["rawQueryString"], "conversation=c&step=s&attempt=2");
        assert_eq!(event["headers"]["x-twilio-signature"], sign(TOKEN, &callback, form));
    }
    let sid = crate::admin::value(&forms[0], "MessageSid");
    assert_eq!(rig.twilio("GET", &format!("Messages/{sid}.json"), "").await.json()["status"], "delivered");
}

#[test]
fn signatures_are_those_of_twilios_own_library() {
    let file: Value = serde_json::from_str(include_str!("../vectors/twilio_signatures.json")).unwrap();
    let mut checked = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let text = |field: &str| vector[field].as_str().unwrap_or_default();
        let is_form = text("content_type").starts_with("application/x-www-form-urlencoded");
        if !is_form || text("algorithm") != "HMAC_SHA1" || vector["valid"] != true {
            continue;
        }
        let form: Vec<_> = form_urlencoded::parse(text("body").as_bytes()).into_owned().collect();
        assert_eq!(
            sign(text("auth_token"), text("url_actually_signed"), &form),
            text("signature"),
            "{}",
            text("name")
        );
        checked += 1;
    }
    assert!(checked >= 8, "{checked}");
}
