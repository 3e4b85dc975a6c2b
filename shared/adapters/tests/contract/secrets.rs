use adapters::Connection;
use adapters::secrets::Secrets;
use messaging::ports::KeyRing;
use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::rig::HandClock;

pub(crate) async fn answers(server: &MockServer, secret: &Value) {
    server.reset().await;
    let body = json!({ "Name": "afterword", "SecretString": secret.to_string() });
    let answer = ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method("POST")).respond_with(answer).mount(server).await;
}

async fn keys(secrets: &Secrets<HandClock>, entry: &str) -> Vec<String> {
    let keys = secrets.keys(entry).await.unwrap();
    keys.iter().map(|key| key.expose_secret().to_owned()).collect()
}

async fn calls(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

async fn rig(secret: Value) -> (MockServer, HandClock, Secrets<HandClock>) {
    let server = MockServer::start().await;
    answers(&server, &secret).await;
    let clock = HandClock::new();
    let secrets = Secrets::new(&Connection::plain(server.uri()), "afterword", clock.clone());
    (server, clock, secrets)
}

#[tokio::test]
async fn an_entry_is_a_text_or_a_list_newest_first() {
    let secret =
        json!({ "one": "a", "many": ["new", "old"], "odd": [1, "", "x"], "none": null, "number": 7 });
    let (server, _, secrets) = rig(secret).await;
    for (entry, expected) in [
        ("one", vec!["a"]),
        ("many", vec!["new", "old"]),
        ("odd", vec!["x"]),
        ("none", vec![]),
        ("number", vec![]),
        ("absent", vec![]),
    ] {
        assert_eq!(keys(&secrets, entry).await, expected, "{entry}");
    }
    assert_eq!(secrets.newest("many").await.unwrap().expose_secret(), "new");
    assert!(secrets.newest("absent").await.is_err());
    assert_eq!(calls(&server).await, 1, "fetched once");
}

#[tokio::test]
async fn a_rotated_key_is_found_after_30_seconds_at_the_latest() {
    let (server, clock, secrets) = rig(json!({ "k": "old" })).await;
    assert_eq!(keys(&secrets, "k").await, ["old"]);
    answers(&server, &json!({ "k": ["new", "old"] })).await;
    clock.pass(29);
    assert_eq!(secrets.refresh().await, Ok(false));
    assert_eq!(keys(&secrets, "k").await, ["old"]);
    clock.pass(1);
    assert_eq!(secrets.refresh().await, Ok(true));
    assert_eq!(keys(&secrets, "k").await, ["new", "old"]);
    assert_eq!(secrets.refresh().await, Ok(false));
    assert_eq!(calls(&server).await, 1);
}

#[tokio::test]
async fn a_removed_key_stops_working_by_itself() {
    let (server, clock, secrets) = rig(json!({ "k": ["new", "old"] })).await;
    keys(&secrets, "k").await;
    answers(&server, &json!({ "k": "new" })).await;
    clock.pass(300);
    assert_eq!(keys(&secrets, "k").await, ["new"]);
}

/// While the secret store is down, a stranger's wrong keys must not become our calls to it.
#[tokio::test]
async fn wrong_keys_fetch_at_most_every_30_seconds_even_when_fetching_fails() {
    let (server, clock, secrets) = rig(json!({ "k": "a" })).await;
    keys(&secrets, "k").await;
    server.reset().await;
    let denied = ResponseTemplate::new(400).set_body_json(json!({ "__type": "AccessDeniedException" }));
    Mock::given(method("POST")).respond_with(denied).mount(&server).await;
    clock.pass(30);
    for _ in 0..10 {
        let _ = secrets.refresh().await;
        clock.pass(2);
    }
    assert_eq!(calls(&server).await, 1);
    clock.pass(10);
    let _ = secrets.refresh().await;
    assert_eq!(calls(&server).await, 2);
    assert_eq!(keys(&secrets, "k").await, ["a"], "what is known still works");
}

#[tokio::test]
async fn a_secret_that_is_no_object_is_an_error_that_does_not_quote_it() {
    let (_server, _, secrets) = rig(json!("canary")).await;
    let trouble = secrets.keys("k").await.unwrap_err();
    assert_eq!(trouble.to_string(), "secretsmanager:GetSecretValue: the secret is not a JSON object");
}
