//! Every error of the HTTP contract, as its caller sees it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::rig::{KEY, Rig, approved, event_id, in_transit};

/// The body of an approved advance with this in place of the amount.
fn amount(literal: &str) -> String {
    approved(1).to_string().replace("185.0", literal)
}

fn with(change: impl FnOnce(&mut Value)) -> String {
    let mut event = approved(1);
    change(&mut event);
    event.to_string()
}

#[tokio::test]
async fn every_invalid_body_is_rejected_with_all_its_violations() {
    let rig = Rig::start().await;
    let deep =
        |levels: usize| format!("{{\"metadata\":{}1{}}}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", b"".into()),
        ("no JSON", b"hello".into()),
        ("cut off", b"{\"event_id\":".into()),
        ("two documents", b"{} {}".into()),
        ("not UTF-8", b"{\"event\":\"\xff\"}".into()),
        ("byte order mark", b"\xef\xbb\xbf{}".into()),
        ("null", b"null".into()),
        ("an array", b"[]".into()),
        ("a number", b"7".into()),
        ("an empty object", b"{}".into()),
        ("everything null", br#"{"event_id":null,"event":null,"user":null,"amount":null}"#.into()),
        (
            "everything of a wrong type",
            br#"{"event_id":1,"event":[],"user":"x","amount":"1","metadata":3}"#.into(),
        ),
        ("unknown fields", with(|event| event["colour"] = "red".into()).into()),
        ("unknown field that could be a number", with(|event| event["+12025550143"] = 1.into()).into()),
        ("another event", with(|event| event["event"] = "advance_denied".into()).into()),
        (
            "UUID version 1",
            with(|event| event["event_id"] = "6f1c2d9e-3b64-1f0a-9d2e-0a1b2c3d4e5f".into()).into(),
        ),
        (
            "UUID without hyphens",
            with(|event| event["event_id"] = "6f1c2d9e3b644f0a9d2e0a1b2c3d4e5f".into()).into(),
        ),
        ("no phone", with(|event| event["user"] = json!({})).into()),
        ("phone of a wrong type", with(|event| event["user"]["phone"] = 12_025_550_143_u64.into()).into()),
        ("national phone", with(|event| event["user"]["phone"] = "(202) 555-0143".into()).into()),
        ("impossible phone", with(|event| event["user"]["phone"] = "+1202".into()).into()),
        ("phone with letters", with(|event| event["user"]["phone"] = "+1202555CALL".into()).into()),
        ("no amount", with(|event| event["amount"] = Value::Null).into()),
        ("amount as text", amount("\"185.00\"").into()),
        ("amount 1e400", amount("1e400").into()),
        ("amount -1", amount("-1").into()),
        ("amount 185.005", amount("185.005").into()),
        ("amount 1e-3", amount("1e-3").into()),
        ("amount 1e15", amount("1e15").into()),
        ("amount NaN", amount("NaN").into()),
        ("amount 01", amount("01").into()),
        (
            "wrong amount where none is needed",
            in_transit(1).to_string().replace("\"user\"", "\"amount\":-1,\"user\"").into(),
        ),
        ("duplicate keys", format!("{{\"event\":\"x\",{}", &approved(1).to_string()[1..]).into()),
        (
            "duplicate keys inside",
            approved(1).to_string().replace("{\"phone\"", "{\"phone\":\"+12025550143\",\"phone\"").into(),
        ),
        ("NUL in a value", with(|event| event["metadata"] = json!({"a":"\u{0}"})).into()),
        ("NUL in a name", with(|event| event["metadata"] = json!({"\u{0}":1})).into()),
        (
            "lone surrogate",
            approved(1).to_string().replace("185.0", "185.0,\"metadata\":{\"a\":\"\\ud800\"}").into(),
        ),
        ("nested too deep", deep(80).into()),
        ("nested absurdly deep", format!("{}{}", "[".repeat(30_000), "]".repeat(30_000)).into()),
        (
            "number too large in metadata",
            approved(1).to_string().replace("185.0", "185.0,\"metadata\":{\"a\":1e999}").into(),
        ),
        ("metadata of a wrong type", with(|event| event["metadata"] = json!([])).into()),
        ("metadata too large", with(|event| event["metadata"] = json!({"a":"x".repeat(4096)})).into()),
        (
            "several at once",
            br#"{"event_id":"x","event":"y","user":{"phone":"z"},"amount":-1,"more":1}"#.into(),
        ),
    ];
    let mut shown = String::new();
    for (name, body) in cases {
        let answer = rig.post(&body).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
        assert!(!answer.text().contains("2025550143"), "{name}: echoes a value");
        writeln!(shown, "## {name}\n{}\n", answer.shown()).unwrap();
    }
    insta::assert_snapshot!(shown);
    assert!(rig.executions().await.is_empty());
    rig.stop().await;
}

#[tokio::test]
async fn every_other_error_is_a_problem_document_too() {
    let rig = Rig::start().await;
    let key = ("x-api-key", KEY);
    let wrong_key = ("x-api-key", "wrong");
    let json_type = ("content-type", "application/json");
    let event = approved(1).to_string();
    let body = event.as_bytes();
    let huge = vec![b' '; 64 * 1024 + 1];
    let id = rig.accepted(&approved(1)).await;
    let foreign = format!("/conversations/calendly-{}", "0".repeat(32));
    let unknown = format!("/conversations/sms-{}", event_id(99));
    let mut reuse = approved(1);
    reuse["amount"] = 186.into();
    let reuse = reuse.to_string();
    let mut shown = String::new();
    for (name, method, path, headers, body) in [
        ("unknown route", "POST", "/nothing", vec![key, json_type], body),
        ("unknown route without a key", "GET", "/", vec![], b"".as_slice()),
        ("known path, other method", "PUT", "/sms", vec![key, json_type], body),
        ("no key", "POST", "/sms", vec![json_type], body),
        ("wrong key", "POST", "/sms", vec![wrong_key, json_type], body),
        ("empty key", "POST", "/sms", vec![("x-api-key", ""), json_type], body),
        ("too large", "POST", "/sms", vec![key, json_type], &huge),
        ("no content type", "POST", "/sms", vec![key], body),
        ("wrong content type", "POST", "/sms", vec![key, ("content-type", "text/plain")], body),
        (
            "wrong charset",
            "POST",
            "/sms",
            vec![key, ("content-type", "application/json; charset=utf-16")],
            body,
        ),
        ("reused key", "POST", "/sms", vec![key, json_type], reuse.as_bytes()),
        ("conversation without a key", "GET", &format!("/conversations/{id}"), vec![], b""),
        ("conversation of nobody", "GET", &unknown, vec![key], b""),
        ("conversation of another source", "GET", &foreign, vec![key], b""),
        ("no conversation id", "GET", "/conversations/UPPER", vec![key], b""),
        ("cancelling without a key", "DELETE", &format!("/conversations/{id}"), vec![wrong_key], b""),
        ("cancelling what is not there", "DELETE", &unknown, vec![key], b""),
    ] {
        let answer = rig.call(method, path, &headers, body).await;
        writeln!(shown, "## {name}\n{}\n", answer.shown()).unwrap();
    }
    insta::assert_snapshot!(shown);
    rig.stop().await;
}

/// 404, 401, 413, 415, 400: each in front of the ones after it.
#[tokio::test]
async fn requests_are_checked_in_the_documented_order() {
    let rig = Rig::start().await;
    let huge = vec![b'x'; 64 * 1024 + 1];
    let wrong = b"x".as_slice();
    let text = ("content-type", "text/plain");
    let json_type = ("content-type", "application/json");
    for (expected, path, headers, body) in [
        (404, "/nothing", vec![text], huge.as_slice()),
        (401, "/sms", vec![text], &huge),
        (413, "/sms", vec![("x-api-key", KEY), text], &huge),
        (415, "/sms", vec![("x-api-key", KEY), text], wrong),
        (400, "/sms", vec![("x-api-key", KEY), json_type], wrong),
    ] {
        assert_eq!(rig.call("POST", path, &headers, body).await.status, expected);
    }
    let fits = format!("{}{}", " ".repeat(64 * 1024 - approved(1).to_string().len()), approved(1));
    assert_eq!(fits.len(), 64 * 1024);
    assert_eq!(rig.post(&fits).await.status, 202);
    rig.stop().await;
}

#[tokio::test]
async fn an_unavailable_dependency_is_answered_with_503() {
    for operation in [
        "secretsmanager:GetSecretValue",
        "dynamodb:GetItem",
        "dynamodb:TransactWriteItems",
        "states:StartExecution",
        "dynamodb:UpdateItem",
    ] {
        let rig = Rig::start().await;
        rig.fault(operation, "fail_before", 100).await;
        let answer = rig.post(approved(1).to_string()).await;
        assert_eq!(answer.status, 503, "{operation}: {}", answer.text());
        assert_eq!(answer.header("retry-after"), Some("5"), "{operation}");
        insta::allow_duplicates! { insta::assert_snapshot!("down", answer.shown()); }
        rig.clear_faults().await;
        rig.stop().await;
    }
}

#[tokio::test]
async fn health_and_version_need_no_key() {
    let rig = Rig::start().await;
    let answer = rig.call("GET", "/healthz", &[], b"").await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": "ok" })));
    assert!(answer.header("x-request-id").is_some());
    let version = rig.call("GET", "/version", &[], b"").await.json();
    let names: Vec<_> = version.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["commit", "name", "version"]);
    rig.stop().await;
}

#[tokio::test]
async fn metadata_may_have_at_most_four_kibibytes() {
    let rig = Rig::start().await;
    // {"a":"..."} is eight characters and what it quotes.
    for (n, length, status) in [(1, 4096 - 8, 202), (2, 4096 - 7, 400)] {
        let mut event = approved(n);
        event["metadata"] = json!({ "a": "x".repeat(length) });
        assert_eq!(rig.post(event.to_string()).await.status, status, "{length}");
    }
    let mut event = approved(3);
    event["user"]["name"] = "only top-level fields are strict".into();
    event["metadata"] = json!({ "correlation_id": "req-1", "nested": { "list": [1, null, "x"] } });
    let id = rig.accepted(&event).await;
    assert_eq!(rig.conversation(&id).await.json()["correlation_id"], "req-1");
    rig.stop().await;
}
