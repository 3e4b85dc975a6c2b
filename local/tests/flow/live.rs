//! `--live`: real providers, of which this one is Twilio's stand-in on loopback.

use std::time::Duration;

use local::runtime::clock::Mode;
use serde_json::{Value, json};
use wiremock::matchers::{basic_auth, body_string_contains, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::rig::{KEY, PHONE, Rig, in_transit};

const ACCOUNT: &str = "ACcccccccccccccccccccccccccccccccc";
const MESSAGES: &str = "/2010-04-01/Accounts/ACcccccccccccccccccccccccccccccccc/Messages.json";

/// Twilio, which takes what is signed with the account's own token.
async fn twilio() -> MockServer {
    let server = MockServer::start().await;
    let created =
        json!({ "sid": "SM00000000000000000000000000000001", "status": "queued", "from": "+12025550100" });
    Mock::given(method("POST"))
        .and(path(MESSAGES))
        .and(basic_auth(ACCOUNT, "token-of-the-tests"))
        .and(body_string_contains("To=%2B12025550143"))
        .and(body_string_contains("From=%2B12025550100"))
        .respond_with(ResponseTemplate::new(201).set_body_json(created))
        .mount(&server)
        .await;
    server
}

async fn live(server: &MockServer, clock: Mode) -> Rig {
    let url = server.uri();
    Rig::with(|options| {
        options.live = true;
        options.clock = clock;
        options.env_keys.twilio_base_url = Some(url);
        options.env_keys.twilio_from = Some("+12025550100".to_owned());
    })
    .await
}

#[tokio::test]
async fn a_text_is_sent_through_the_real_api() {
    let server = twilio().await;
    let rig = live(&server, Mode::Real).await;
    let id = rig.accepted(&in_transit(1)).await;
    // Due at the next whole second of a clock that cannot be moved.
    let sent = async {
        while rig.step(&id).await["verdict"].is_null() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sent).await.unwrap();
    assert_eq!(rig.step(&id).await["verdict"], "Sent");
    let headers = [("x-api-key", KEY), ("content-type", "application/json")];
    let code = json!({ "phone": PHONE, "purpose": "login" }).to_string();
    assert_eq!(rig.call("POST", "/otp", &headers, code.as_bytes()).await.status, 202);
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
    assert_eq!(rig.outbox().await, Vec::<Value>::new(), "texts are on phones");
    rig.stop().await;
}

#[tokio::test]
async fn nothing_is_simulated() {
    let server = twilio().await;
    let rig = live(&server, Mode::Virtual).await;
    let reply = format!("/_local/phones/{PHONE}/reply");
    for (method, path, body) in [
        ("POST", "/_local/clock/advance", json!({ "seconds": 1 })),
        (
            "POST",
            "/_local/faults",
            json!({ "operation": "twilio:CreateMessage", "effect": "throttle", "count": 1 }),
        ),
        ("GET", "/_local/faults", Value::Null),
        ("DELETE", "/_local/faults", Value::Null),
        ("POST", reply.as_str(), json!({ "body": "STOP" })),
    ] {
        let refused = rig.admin(method, path, &body).await;
        assert_eq!((refused.status, &refused.json()["type"]), (403, &json!("urn:afterword:live")), "{path}");
    }
    assert_eq!(rig.admin("GET", "/_local/clock", &Value::Null).await.status, 200);
    rig.stop().await;
}

#[tokio::test]
async fn a_moved_clock_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let rig = Rig::with(|options| {
        options.clock = Mode::Real;
        options.data_dir = Some(data.clone());
    })
    .await;
    rig.advance(60).await;
    rig.stop().await;
    let options = |live| {
        let data = data.clone();
        move |options: &mut local::serve::Options| {
            options.clock = Mode::Real;
            options.live = live;
            options.data_dir = Some(data);
        }
    };
    let refused = Rig::prepared(options(true)).await.err().unwrap();
    assert!(refused.to_string().contains("clock has been moved"), "{refused}");
    Rig::with(options(false)).await.stop().await;
}

/// Texts of a rehearsal must not reach real phones, though its clock was never moved.
#[tokio::test]
async fn a_directory_with_a_virtual_clock_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Rig::with(|options| options.data_dir = Some(data.clone())).await.stop().await;
    let refused = Rig::prepared(|options| {
        options.clock = Mode::Real;
        options.live = true;
        options.data_dir = Some(data.clone());
    });
    let refused = refused.await.err().unwrap();
    assert!(refused.to_string().contains("was virtual"), "{refused}");
}

#[tokio::test]
async fn missing_settings_are_named() {
    let bare = Rig::prepared(|options| {
        options.live = true;
        options.env_keys = local::store::keys::EnvKeys::default();
    })
    .await
    .unwrap();
    assert_eq!(bare.warnings.len(), 5, "{:?}", bare.warnings);
    assert!(Rig::prepared(|_| {}).await.unwrap().warnings.is_empty());
}
