use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use messaging::values::clock::Clock;
use serde_json::{Value, json};

use crate::rig::{Answer, Rig, Setup, send};

/// Everything to one function, as in the vectors; one of them names its route.
const CATCH_ALL: &str = r#"
Resources:
  EchoFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/echo/
      Events:
        All: { Type: HttpApi }
        Enquiries: { Type: HttpApi, Properties: { Path: /v1/enquiries, Method: POST } }
"#;

#[tokio::test]
async fn events_are_shaped_as_the_service_shapes_them() {
    let rig = Rig::with(Setup { template: Some(CATCH_ALL), ..Setup::default() }).await;
    let file: Value = serde_json::from_str(include_str!("../vectors/apigw_events.json")).unwrap();
    for vector in file["vectors"].as_array().unwrap() {
        let (request, expected) = (&vector["request"], &vector["event_v2_service_rules"]);
        let headers: Vec<(&str, &str)> = request["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
            .collect();
        let body = match (expected["body"].as_str(), expected["isBase64Encoded"] == true) {
            (None, _) => Vec::new(),
            (Some(text), false) => text.as_bytes().to_vec(),
            (Some(encoded), true) => BASE64_STANDARD.decode(encoded).unwrap(),
        };
        let (method, path) = (request["method"].as_str().unwrap(), request["path"].as_str().unwrap());
        let event = send(rig.ports.gateway, method, path, &headers, &body).await.json();
        assert_eq!(comparable(event), comparable(expected.clone()), "{}", vector["name"]);
    }
}

/// Without what belongs to one request, and without what the emulator made up (a `proxy` variable).
fn comparable(mut event: Value) -> Value {
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let context = event["requestContext"].take();
    let headers = event["headers"].as_object_mut().unwrap();
    headers.retain(|name, _| !name.starts_with("x-forwarded-") && name != "x-amzn-trace-id");
    let event_fields = event.as_object_mut().unwrap();
    event_fields.remove("pathParameters");
    let said = ["method", "path", "protocol"].map(|field| context["http"][field].clone());
    let named = ["routeKey", "stage", "domainName", "domainPrefix"].map(|field| context[field].clone());
    json!({ "event": event, "context": keys(&context), "http": keys(&context["http"]), "said": said, "named": named })
}

#[tokio::test]
async fn other_fields_of_the_event_match_the_service() {
    let rig = Rig::start().await;
    let headers = [("user-agent", "test/1"), ("x-forwarded-for", "203.0.113.9")];
    let event = send(rig.ports.gateway, "GET", "/conversations/sms-%C3%A9", &headers, b"").await.json();
    let now = rig.clock.now();
    let context = &event["requestContext"];
    assert_eq!(event["pathParameters"], json!({ "id": "sms-\u{e9}" }));
    assert_eq!(event["rawPath"], "/conversations/sms-%C3%A9");
    assert_eq!(event["routeKey"], "GET /conversations/{id}");
    assert_eq!(event["headers"]["x-forwarded-for"], "203.0.113.9, 127.0.0.1");
    assert_eq!(event["headers"]["x-forwarded-port"], rig.ports.gateway.to_string());
    assert!(event["headers"].get("connection").is_none());
    assert_eq!(context["accountId"], "000000000000");
    assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(context["http"]["userAgent"], "test/1");
    assert_eq!(context["timeEpoch"], now.timestamp_millis());
    assert_eq!(context["time"], now.format("%d/%b/%Y:%H:%M:%S +0000").to_string());
    assert!(uuid::Uuid::parse_str(context["requestId"].as_str().unwrap()).is_ok());
    for absent in ["body", "cookies", "queryStringParameters", "stageVariables"] {
        assert!(event.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn bodies_that_the_service_does_not_treat_as_text_are_base64() {
    let rig = Rig::start().await;
    for (content_type, body, base64) in [
        (Some("application/json"), "{}".as_bytes(), false),
        (Some("Application/JSON; charset=UTF-8"), b"{}", false),
        (Some("text/plain"), b"x", false),
        (Some("TEXT/CSV;header=present"), b"x", false),
        (Some("application/xml"), b"<a/>", false),
        (Some("application/javascript"), b"1", false),
        (Some("application/problem+json"), b"{}", true),
        (Some("application/x-www-form-urlencoded"), b"a=1", true),
        (Some("application/octet-stream"), b"x", true),
        (None, b"{}", true),
        (Some("application/json"), b"\xff\xfe", true),
    ] {
        let headers: Vec<_> = content_type.map(|value| ("content-type", value)).into_iter().collect();
        let event = send(rig.ports.gateway, "POST", "/any", &headers, body).await.json();
        assert_eq!(event["isBase64Encoded"], base64, "{content_type:?}");
        let got = event["body"].as_str().unwrap();
        let got = if base64 { BASE64_STANDARD.decode(got).unwrap() } else { got.as_bytes().to_vec() };
        assert_eq!(got, body, "{content_type:?}");
    }
}

#[tokio::test]
async fn failures_of_functions_are_the_gateways_own_answers() {
    let rig = Rig::start().await;
    for (how, status, message) in [
        ("error", 500, "Internal Server Error"),
        ("panic", 500, "Internal Server Error"),
        ("die", 500, "Internal Server Error"),
        ("malformed", 500, "Internal Server Error"),
        ("time-out", 503, "Service Unavailable"),
    ] {
        let answer = send(rig.ports.gateway, "POST", &format!("/fail/{how}"), &[], b"").await;
        assert_message(&answer, status, message);
    }
}

#[tokio::test]
async fn only_the_templates_routes_exist() {
    let rig = Rig::start().await;
    assert_message(&send(rig.ports.gateway, "GET", "/nowhere", &[], b"").await, 404, "Not Found");
    assert_message(&send(rig.ports.gateway, "GET", "/sms", &[], b"").await, 404, "Not Found");
}

#[tokio::test]
async fn functions_answer_413_themselves_up_to_lambdas_limit() {
    let rig = Rig::start().await;
    let json = [("content-type", "text/plain")];
    let most = vec![b'x'; 6 * 1024 * 1024];
    assert_eq!(send(rig.ports.gateway, "POST", "/any", &json, &most).await.status, 200);
    let more = vec![b'x'; 6 * 1024 * 1024 + 1];
    assert_message(
        &send(rig.ports.gateway, "POST", "/any", &json, &more).await,
        413,
        "Request Entity Too Large",
    );
}

#[tokio::test]
async fn routes_are_throttled_only_when_configured() {
    let rig = Rig::with(Setup { throttle: true, ..Setup::default() }).await;
    let sms = || send(rig.ports.gateway, "POST", "/sms", &[], b"");
    assert_eq!((sms().await.status, sms().await.status), (200, 200));
    assert_message(&sms().await, 429, "Too Many Requests");
    assert_eq!(send(rig.ports.gateway, "GET", "/any", &[], b"").await.status, 200, "another route's bucket");
    rig.clock.advance(&[], 1).await.unwrap();
    assert_eq!((sms().await.status, sms().await.status), (200, 429));

    let rig = Rig::start().await;
    for _ in 0..5 {
        assert_eq!(send(rig.ports.gateway, "POST", "/sms", &[], b"").await.status, 200);
    }
}

fn assert_message(answer: &Answer, status: u16, message: &str) {
    assert_eq!((answer.status, answer.json()), (status, json!({ "message": message })));
    assert!(answer.header("apigw-requestid").is_some());
}
