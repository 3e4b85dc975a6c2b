//! One-time codes through the whole machine.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

use crate::rig::{Answer, KEY, PHONE, Rig, in_transit};

async fn post(rig: &Rig, path: &str, body: &Value) -> Answer {
    let headers = [("x-api-key", KEY), ("content-type", "application/json")];
    rig.call("POST", path, &headers, body.to_string().as_bytes()).await
}

async fn ask(rig: &Rig, phone: &str, purpose: &str) -> Answer {
    post(rig, "/otp", &json!({ "phone": phone, "purpose": purpose })).await
}

async fn verify(rig: &Rig, purpose: &str, code: &str) -> bool {
    let guess = json!({ "phone": PHONE, "purpose": purpose, "code": code });
    let answer = post(rig, "/otp/verify", &guess).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
    answer["valid"].as_bool().unwrap()
}

/// The code of the last text.
async fn texted(rig: &Rig) -> String {
    let text = rig.outbox().await.pop().unwrap();
    let body = text["body"].as_str().unwrap().to_owned();
    body.split(' ').next().unwrap().to_owned()
}

fn wrong(code: &str) -> String {
    code.bytes().map(|digit| char::from(b'0' + (digit - b'0' + 1) % 10)).collect()
}

#[tokio::test]
async fn a_code_is_texted_and_valid_once() {
    let rig = Rig::start().await;
    let answer = ask(&rig, PHONE, "login").await;
    assert_eq!((answer.status, answer.json()), (202, json!({ "expires_in": 600 })));
    let texts = rig.outbox().await;
    let [text] = texts.as_slice() else { panic!("{} texts", texts.len()) };
    assert_eq!((&text["to"], &text["channel"]), (&json!(PHONE), &json!("sms")));
    assert_eq!((&text["conversation_id"], &text["step"]), (&Value::Null, &Value::Null));
    let code = texted(&rig).await;
    assert_eq!(code.len(), 6);
    assert!(!verify(&rig, "reset", &code).await, "another purpose");
    assert!(!verify(&rig, "login", &wrong(&code)).await);
    assert!(verify(&rig, "login", &code).await);
    assert!(!verify(&rig, "login", &code).await, "used");
    assert_eq!(rig.executions().await, Vec::<String>::new());
    rig.stop().await;
}

#[tokio::test]
async fn the_sixth_attempt_is_rejected_unseen() {
    let rig = Rig::start().await;
    ask(&rig, PHONE, "login").await;
    let code = texted(&rig).await;
    for _ in 0..5 {
        assert!(!verify(&rig, "login", &wrong(&code)).await);
    }
    assert!(!verify(&rig, "login", &code).await, "locked");
    rig.advance(30).await;
    ask(&rig, PHONE, "login").await;
    assert!(verify(&rig, "login", &texted(&rig).await).await, "a new code is a new start");
    rig.stop().await;
}

#[tokio::test]
async fn a_code_is_valid_until_it_expires_or_is_replaced() {
    let rig = Rig::start().await;
    let minute = json!({ "phone": PHONE, "purpose": "login", "validity_minutes": 1, "length": 10 });
    assert_eq!(post(&rig, "/otp", &minute).await.json(), json!({ "expires_in": 60 }));
    let first = texted(&rig).await;
    assert_eq!(first.len(), 10);
    let too_soon = post(&rig, "/otp", &minute).await;
    insta::assert_snapshot!("too_soon", too_soon.shown());
    rig.advance(60).await;
    assert!(!verify(&rig, "login", &first).await, "expired");
    post(&rig, "/otp", &minute).await;
    let second = texted(&rig).await;
    rig.advance(30).await;
    post(&rig, "/otp", &minute).await;
    assert!(!verify(&rig, "login", &second).await, "replaced");
    assert!(verify(&rig, "login", &texted(&rig).await).await);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_of_several_concurrent_verifications_succeeds() {
    let rig = Arc::new(Rig::start().await);
    for round in 0..5 {
        ask(&rig, PHONE, &format!("login{round}")).await;
        let code = texted(&rig).await;
        let tries: Vec<_> = (0..12)
            .map(|_| {
                let (rig, code) = (Arc::clone(&rig), code.clone());
                tokio::spawn(async move { verify(&rig, &format!("login{round}"), &code).await })
            })
            .collect();
        let mut valid = 0;
        for tried in tries {
            valid += u32::from(tried.await.unwrap());
        }
        assert_eq!(valid, 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_concurrent_requests_sends_a_code() {
    let rig = Arc::new(Rig::start().await);
    let calls: Vec<_> = (0..12)
        .map(|_| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move { ask(&rig, PHONE, "login").await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (202, &[429; 11][..]));
    assert_eq!(rig.outbox().await.len(), 1);
}

#[tokio::test]
async fn limits_apply_to_a_phone_and_to_its_number_range() {
    let rig = Rig::start().await;
    let mut sent = 0;
    for n in 0..8 {
        let answer = ask(&rig, PHONE, &format!("p{n}")).await;
        sent += u32::from(answer.status == 202);
        assert_eq!(answer.status, if n < 6 { 202 } else { 429 });
    }
    for n in 0..40 {
        let answer = ask(&rig, &format!("+120255501{n:02}"), "login").await;
        sent += u32::from(answer.status == 202);
        if answer.status != 202 {
            assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() <= 3600);
        }
    }
    assert_eq!(sent, 30);
    assert_eq!(ask(&rig, "+12125550101", "login").await.status, 202, "another range");
    rig.advance(3600).await;
    assert_eq!(ask(&rig, PHONE, "login").await.status, 202);
    rig.stop().await;
}

#[tokio::test]
async fn the_answer_follows_from_the_outcome_at_the_provider() {
    let rig = Rig::start().await;
    rig.fault("twilio:CreateMessage", "timeout_after_accept", 1).await;
    assert_eq!(ask(&rig, PHONE, "timeout").await.status, 202);
    assert!(verify(&rig, "timeout", &texted(&rig).await).await, "the text had left");

    rig.fault("twilio:CreateMessage", "fail_before", 1).await;
    let down = ask(&rig, PHONE, "down").await;
    insta::assert_snapshot!("provider_down", down.shown());
    assert_eq!(ask(&rig, PHONE, "down").await.status, 202, "nothing was counted and no interval applies");

    // Twilio's magic numbers: an invalid one, and one that has opted out.
    for (phone, later_too) in [("+15005550001", false), ("+15005550004", true)] {
        let refused = ask(&rig, phone, "login").await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        let check = rig.outbox().await.len();
        rig.advance(30).await;
        assert_eq!(ask(&rig, phone, "login").await.status, 422, "{later_too}");
        assert_eq!(rig.outbox().await.len(), check);
    }
    rig.stop().await;
}

#[tokio::test]
async fn stop_ends_one_time_codes_and_start_allows_them_again() {
    let rig = Rig::start().await;
    ask(&rig, PHONE, "login").await;
    rig.admin("POST", &format!("/_local/phones/{PHONE}/reply"), &json!({ "body": "STOP" })).await;
    let before = rig.outbox().await.len();
    let refused = ask(&rig, PHONE, "reset").await;
    insta::assert_snapshot!("opted_out", refused.shown());
    assert_eq!(rig.outbox().await.len(), before);
    rig.admin("POST", &format!("/_local/phones/{PHONE}/reply"), &json!({ "body": "START" })).await;
    assert_eq!(ask(&rig, PHONE, "reset").await.status, 202);
    rig.stop().await;
}

#[tokio::test]
async fn an_unavailable_table_reveals_nothing_about_a_code() {
    let rig = Rig::start().await;
    rig.fault("dynamodb:UpdateItem", "fail_before", 9).await;
    assert_eq!(ask(&rig, PHONE, "login").await.status, 503);
    rig.clear_faults().await;
    assert_eq!(rig.outbox().await.len(), 0);
    assert_eq!(ask(&rig, PHONE, "login").await.status, 202);
    let code = texted(&rig).await;
    rig.fault("dynamodb:UpdateItem", "fail_before", 9).await;
    let guess = json!({ "phone": PHONE, "purpose": "login", "code": code });
    assert_eq!(post(&rig, "/otp/verify", &guess).await.status, 503);
    rig.clear_faults().await;
    assert!(verify(&rig, "login", &code).await);
    rig.stop().await;
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every byte but the phone's: logs, answers, the table's file and its journal.
#[tokio::test]
async fn a_code_appears_only_in_its_text() {
    let captured = Captured::default();
    let writer = captured.clone();
    let logs = tracing_subscriber::fmt()
        .json()
        .with_env_filter(EnvFilter::new(
            "info,dynoxide=warn,adapters=trace,http_edge=trace,otp=trace,local=trace,messaging=trace",
        ))
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(logs);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let rig = Rig::with(|options| options.data_dir = Some(data.clone())).await;

    let mut codes = Vec::new();
    let mut answers = String::new();
    for (n, fault) in
        [None, Some("timeout_after_accept"), Some("crash"), Some("throttle")].into_iter().enumerate()
    {
        let purpose = format!("canary-purpose-{n}");
        if let Some(effect) = fault {
            rig.fault("twilio:CreateMessage", effect, 1).await;
        }
        let body = json!({ "phone": PHONE, "purpose": purpose, "length": 10 });
        answers.push_str(&post(&rig, "/otp", &body).await.text());
        rig.clear_faults().await;
        if fault == Some("throttle") {
            continue;
        }
        let code = texted(&rig).await;
        let guess = json!({ "phone": PHONE, "purpose": purpose, "code": code });
        if n == 1 {
            rig.fault("dynamodb:UpdateItem", "fail_before", 9).await;
            answers.push_str(&post(&rig, "/otp/verify", &guess).await.text());
            rig.clear_faults().await;
        }
        answers.push_str(&post(&rig, "/otp/verify", &guess).await.text());
        codes.push(code);
    }
    assert!(codes.len() == 3 && codes.iter().all(|code| code.len() == 10));
    rig.stop().await;

    let logs = captured.0.lock().unwrap().clone();
    assert!(String::from_utf8_lossy(&logs).contains("code_sent"), "the logs were captured");
    let mut places = vec![("logs".to_owned(), logs), ("answers".to_owned(), answers.into_bytes())];
    for entry in std::fs::read_dir(&data).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        // The simulated provider's, with its outbox: the phone.
        if !name.starts_with("local.sqlite") {
            places.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
    assert!(places.iter().any(|(name, bytes)| name == "dynamodb.sqlite" && !bytes.is_empty()));
    for (place, bytes) in &places {
        for code in &codes {
            let found = bytes.windows(code.len()).any(|window| window == code.as_bytes());
            assert!(!found, "a code is in {place}");
        }
    }
    for place in &places[..2] {
        let text = String::from_utf8_lossy(&place.1);
        assert!(!text.contains("2025550143") && !text.contains("canary-purpose"), "{}", place.0);
    }
}

async fn under(rules: &str) -> Rig {
    Rig::with(|options| options.journeys = format!("{rules}\n{}", options.journeys)).await
}

/// Codes and texts are paid for under the same limits.
#[tokio::test]
async fn a_code_beyond_the_spending_limit_is_rejected_until_the_limit_resets() {
    let rig = under("[limits]\nday = 0.0166\ncountries = { GB = { day = 0.05 } }").await;
    let text = rig.accepted(&in_transit(1)).await;
    rig.advance(0).await;
    assert_eq!(rig.texts(&text).await.len(), 1);
    assert_eq!(ask(&rig, "+12025550144", "login").await.status, 202);
    let refused = ask(&rig, "+12025550145", "login").await;
    assert_eq!((refused.status, &refused.json()["type"]), (429, &json!("urn:afterword:too_many_requests")));
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=24 * 3600).contains(&wait), "{wait}");
    // A country without a known price: `unpriced`, ten cents.
    assert_eq!(ask(&rig, "+447700900123", "login").await.status, 429);
    let next = rig.accepted(&in_transit(2)).await;
    rig.advance(0).await;
    assert_eq!(rig.execution(&next).await.end(), "BlockedBudget");
    rig.advance(wait).await;
    assert_eq!(ask(&rig, "+12025550145", "login").await.status, 202);
    assert_eq!(rig.outbox().await.len(), 3);
    rig.stop().await;
}

#[tokio::test]
async fn a_code_that_was_not_sent_costs_nothing() {
    let rig = under("[limits]\nday = 0.0083").await;
    rig.fault("twilio:CreateMessage", "fail_before", 1).await;
    assert_eq!(ask(&rig, PHONE, "login").await.status, 503);
    assert_eq!(ask(&rig, PHONE, "login").await.status, 202);
    assert_eq!(ask(&rig, "+12025550144", "login").await.status, 429);
    rig.stop().await;
}

/// A code takes a place of its number's present second; texts that wait go first.
#[tokio::test]
async fn codes_and_texts_share_the_rate_limit_of_their_number() {
    let rules = "[pacing]\nnumbers = { \"+15005550009\" = 1 }";
    let rig = Rig::with(|options| {
        options.env_keys.twilio_from = Some("+15005550009".to_owned());
        options.journeys = format!("{rules}\n{}", options.journeys);
    })
    .await;
    assert_eq!(ask(&rig, PHONE, "login").await.status, 202);
    let refused = ask(&rig, "+12025550144", "login").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    for n in 1..=3 {
        rig.accepted(&in_transit(n)).await;
    }
    rig.advance(1).await;
    let refused = ask(&rig, "+12025550144", "login").await;
    assert_eq!(refused.status, 429, "the text of this second, and those that wait");
    rig.advance(3).await;
    assert_eq!(ask(&rig, "+12025550144", "login").await.status, 202);
    assert_eq!(rig.outbox().await.len(), 5);
    rig.stop().await;
}
