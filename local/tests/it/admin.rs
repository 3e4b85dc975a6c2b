use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use local::providers::twilio::signature::sign;
use serde_json::{Value, json};

use crate::rig::{ACCOUNT, PUBLIC_URL, Rig, Setup, TOKEN, send};

const PHONE: &str = "/_local/phones/%2B14155550123/reply";

#[tokio::test]
async fn a_reply_goes_signed_through_the_real_route() {
    let rig = Rig::start().await;
    let answer = rig.admin("POST", PHONE, json!({ "body": "See you \u{1f642} + thanks" })).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": 200 })));
    let event = rig.inbound.lock().unwrap().pop().unwrap();
    assert_eq!(event["routeKey"], "POST /twilio/inbound");
    assert_eq!(event["headers"]["host"], "hooks.example.com");
    let form = form(&event);
    let url = format!("{PUBLIC_URL}/twilio/inbound");
    assert_eq!(event["headers"]["x-twilio-signature"], sign(TOKEN, &url, &form));
    let sid = value(&form, "MessageSid");
    assert!(sid.starts_with("SM") && sid.len() == 34);
    for (name, expected) in [
        ("SmsSid", sid),
        ("SmsMessageSid", sid),
        ("AccountSid", ACCOUNT),
        ("From", "+14155550123"),
        ("To", "+15005550006"),
        ("Body", "See you \u{1f642} + thanks"),
        ("NumMedia", "0"),
        ("NumSegments", "1"),
        ("ApiVersion", "2010-04-01"),
    ] {
        assert_eq!(value(&form, name), expected, "{name}");
    }
}

#[tokio::test]
async fn a_reply_goes_to_the_sender_of_the_last_text() {
    let rig = Rig::start().await;
    for text in [
        "To=%2B14155550123&From=%2B15005550006&Body=x",
        "To=whatsapp%3A%2B14155550123&From=whatsapp%3A%2B14155238886&Body=x",
    ] {
        assert_eq!(rig.twilio("POST", "Messages.json", text).await.status, 201);
    }
    rig.admin("POST", PHONE, json!({ "body": "hi" })).await;
    let form = form(&rig.inbound.lock().unwrap().pop().unwrap());
    for (name, expected) in
        [("From", "whatsapp:+14155550123"), ("To", "whatsapp:+14155238886"), ("WaId", "14155550123")]
    {
        assert_eq!(value(&form, name), expected, "{name}");
    }
    assert!(!value(&form, "ProfileName").is_empty());
}

#[tokio::test]
async fn stop_blocks_the_pair_until_start() {
    let rig = Rig::start().await;
    let text = "To=%2B14155550123&From=%2B15005550006&Body=x";
    let code = async || {
        let answer = rig.twilio("POST", "Messages.json", text).await;
        (answer.status, answer.json()["code"].clone())
    };
    let say =
        async |body: &str| assert_eq!(rig.admin("POST", PHONE, json!({ "body": body })).await.status, 200);
    for (stop, start) in [("STOP", "START"), (" stopall\n", "yes"), ("Revoke", "Unstop"), ("optout", "START")]
    {
        say(stop).await;
        assert_eq!(code().await, (400, json!(21610)), "{stop}");
        let other = "To=%2B14155550199&From=%2B15005550006&Body=x";
        assert_eq!(rig.twilio("POST", "Messages.json", other).await.status, 201, "another pair");
        say(start).await;
        assert_eq!(code().await.0, 201, "{start}");
    }
    say("please stop it").await;
    assert_eq!(code().await.0, 201, "only single words");
}

#[tokio::test]
async fn invalid_phones_and_bodies_are_rejected() {
    let rig = Rig::start().await;
    for (path, body, errors) in [
        ("/_local/phones/4155550123/reply", json!({ "body": "x" }), 1),
        ("/_local/phones/+0155550123/reply", json!({ "body": "x" }), 1),
        (PHONE, json!({ "body": "" }), 1),
        (PHONE, json!({ "body": 1 }), 1),
        (PHONE, json!({ "body": "x".repeat(1601) }), 1),
        ("/_local/phones/x/reply", json!({}), 2),
        ("/_local/phones/%ff/reply", json!({ "body": "x" }), 1),
    ] {
        let answer = rig.admin("POST", path, body).await;
        assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/problem+json")));
        assert_eq!(answer.json()["errors"].as_array().unwrap().len(), errors, "{path}");
    }
    assert!(rig.inbound.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_status_is_the_routes_own() {
    let no_routes = "Resources: {}";
    let rig = Rig::with(Setup { template: Some(no_routes), ..Setup::default() }).await;
    assert_eq!(rig.admin("POST", PHONE, json!({ "body": "x" })).await.json(), json!({ "status": 404 }));
}

#[tokio::test]
async fn the_clock_is_read_and_advanced() {
    let rig = Rig::start().await;
    let before = rig.admin("GET", "/_local/clock", Value::Null).await.json()["now"].clone();
    let after = rig.admin("POST", "/_local/clock/advance", json!({ "seconds": 90 })).await;
    assert_eq!(after.status, 200);
    let at = |value: &Value| chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
    assert_eq!((at(&after.json()["now"]) - at(&before)).num_seconds(), 90);
    for seconds in
        [json!(-1), json!(1.5), json!(1.0), json!("1"), json!(1e300), json!(400_000_000), Value::Null]
    {
        let answer = rig.admin("POST", "/_local/clock/advance", json!({ "seconds": seconds })).await;
        assert_eq!(
            (answer.status, answer.json()["errors"][0]["pointer"].clone()),
            (400, json!("/seconds")),
            "{seconds}"
        );
    }
    for body in ["", "[]", "{", "1"] {
        let answer = send(rig.ports.admin, "POST", "/_local/clock/advance", &[], body.as_bytes()).await;
        assert_eq!(answer.status, 400, "{body}");
    }
}

#[tokio::test]
async fn pages_of_other_hosts_may_not_call_the_controls() {
    let rig = Rig::start().await;
    let host = format!("127.0.0.1:{}", rig.ports.admin);
    let own = format!("http://{host}");
    for (origin, status) in [
        (own.as_str(), 200),
        ("http://localhost:3000", 403),
        ("https://evil.example.com", 403),
        ("null", 403),
    ] {
        let headers = [("host", host.as_str()), ("origin", origin)];
        let body = br#"{"seconds":0}"#;
        let answer = send(rig.ports.admin, "POST", "/_local/clock/advance", &headers, body).await;
        assert_eq!(answer.status, status, "{origin}");
    }
}

#[tokio::test]
async fn the_console_is_merged_and_the_rest_is_not_found() {
    let rig = Rig::start().await;
    assert_eq!(rig.admin("GET", "/console", Value::Null).await.body, b"the console");
    for (method, path, status) in
        [("GET", "/nowhere", 404), ("POST", "/_local/outbox", 405), ("GET", "/", 404)]
    {
        let answer = rig.admin(method, path, Value::Null).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("application/problem+json")),
            "{path}"
        );
    }
}

pub(crate) fn form(event: &Value) -> Vec<(String, String)> {
    assert_eq!(event["isBase64Encoded"], true);
    let body = BASE64_STANDARD.decode(event["body"].as_str().unwrap()).unwrap();
    form_urlencoded::parse(&body).into_owned().collect()
}

pub(crate) fn value<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(theirs, _)| theirs == name).map_or("", |(_, value)| value)
}
