use aws_lambda_events::encodings::Body;
use messaging::ports::CurrentJourneys;
use messaging::testing::memory::World;
use messaging::values::one_time_code::OneTimeCode;
use serde_json::{Value, json};

use super::*;

const JOURNEYS: &str = include_str!("../../../journeys.toml");
const PHONE: &str = "+12025550143";

type InMemory = Otp<World, World, World, World, World, World, World>;

fn function(toml: &str) -> (World, InMemory) {
    let world = World::at(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
    let journeys = messaging::journeys::Config::from_toml(toml).unwrap();
    {
        let mut state = world.state();
        state.journeys =
            Some(CurrentJourneys { version: "1".to_owned(), journeys: std::sync::Arc::new(journeys) });
        state.keys.insert("api_key", vec!["key"]);
    }
    let port = || world.clone();
    let otp = Otp {
        codes: port(),
        keys: port(),
        journeys: port(),
        texts: port(),
        randomness: port(),
        switch: port(),
        clock: port(),
    };
    (world, otp)
}

async fn post(otp: &InMemory, route: &str, key: &str, body: &Value) -> (i64, Value, Option<String>) {
    let mut event = ApiGatewayV2httpRequest::default();
    event.route_key = Some(route.to_owned());
    event.headers.insert("content-type", "application/json".parse().unwrap());
    event.headers.insert("x-api-key", key.parse().unwrap());
    event.body = Some(body.to_string());
    let answer = otp.handle(event).await;
    let Some(Body::Text(text)) = answer.body else { panic!("no body") };
    let retry_after = answer.headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (answer.status_code, serde_json::from_str(&text).unwrap(), retry_after)
}

fn violations(answer: &Value) -> Vec<(&str, &str)> {
    let errors = answer["errors"].as_array().unwrap();
    errors.iter().map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn an_invalid_body_is_rejected_with_all_its_violations() {
    let (_, otp) = function(JOURNEYS);
    for (body, expected) in [
        (json!([]), vec![("", "type")]),
        (json!({}), vec![("/phone", "required"), ("/purpose", "required")]),
        (
            json!({ "phone": "0202", "purpose": "", "length": 3, "validity_minutes": 61, "extra": 1 }),
            vec![
                ("/extra", "unknown_field"),
                ("/length", "out_of_range"),
                ("/phone", "not_e164"),
                ("/purpose", "out_of_range"),
                ("/validity_minutes", "out_of_range"),
            ],
        ),
        (
            json!({ "phone": 1, "purpose": 2, "length": "6", "validity_minutes": true }),
            vec![
                ("/length", "type"),
                ("/phone", "type"),
                ("/purpose", "type"),
                ("/validity_minutes", "type"),
            ],
        ),
        (
            json!({ "phone": PHONE, "purpose": "a\u{202e}b", "length": 6.5 }),
            vec![("/length", "out_of_range"), ("/purpose", "unwanted_character")],
        ),
        (
            json!({ "phone": PHONE, "purpose": "p".repeat(101), "validity_minutes": 0 }),
            vec![("/purpose", "out_of_range"), ("/validity_minutes", "out_of_range")],
        ),
    ] {
        let (status, answer, _) = post(&otp, "POST /otp", "key", &body).await;
        assert_eq!((status, violations(&answer)), (400, expected), "{body}");
    }
    for (body, expected) in [
        (json!({}), vec![("/code", "required"), ("/phone", "required"), ("/purpose", "required")]),
        (
            json!({ "phone": PHONE, "purpose": "login", "code": 123_456, "length": 6 }),
            vec![("/code", "type"), ("/length", "unknown_field")],
        ),
        (json!({ "phone": PHONE, "purpose": "login", "code": "12a456" }), vec![("/code", "format")]),
    ] {
        let (status, answer, _) = post(&otp, "POST /otp/verify", "key", &body).await;
        assert_eq!((status, violations(&answer)), (400, expected), "{body}");
        assert!(!answer.to_string().contains("12a456"), "{answer}");
    }
}

#[tokio::test]
async fn only_with_a_key_and_only_these_routes() {
    let (world, otp) = function(JOURNEYS);
    let body = json!({ "phone": PHONE, "purpose": "login" });
    for route in ["POST /otp", "POST /otp/verify"] {
        assert_eq!(post(&otp, route, "another", &body).await.0, 401);
    }
    assert_eq!(post(&otp, "GET /otp", "key", &body).await.0, 404);
    world.state().keys.insert("api_key_otp", vec!["own"]);
    assert_eq!(post(&otp, "POST /otp", "own", &body).await.0, 202);
    world.state().keys.insert("api_key_messages", vec!["messages"]);
    assert_eq!(post(&otp, "POST /otp", "messages", &body).await.0, 401);
}

#[tokio::test]
async fn a_code_has_the_requested_length_and_validity() {
    let bare = |line| match str::starts_with(line, "one_time_code =") {
        true => "one_time_code = \"{{ code }}\"",
        false => line,
    };
    let (world, otp) = function(&JOURNEYS.lines().map(bare).collect::<Vec<_>>().join("\n"));
    for (n, (extra, digits, seconds)) in [
        (json!({}), 6, 600),
        (json!({ "length": null, "validity_minutes": null }), 6, 600),
        (json!({ "length": 4, "validity_minutes": 1 }), 4, 60),
        (json!({ "length": 10.0, "validity_minutes": 60 }), 10, 3600),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = json!({ "phone": PHONE, "purpose": format!("p{n}") });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let (status, answer, _) = post(&otp, "POST /otp", "key", &body).await;
        assert_eq!((status, &answer), (202, &json!({ "expires_in": seconds })));
        let text = world.last_words().unwrap();
        assert_eq!(text.len(), digits);
        let guess = json!({ "phone": PHONE, "purpose": format!("p{n}"), "code": text });
        assert!(OneTimeCode::new(&text).is_some());
        for valid in [true, false] {
            let tried = post(&otp, "POST /otp/verify", "key", &guess).await;
            assert_eq!(tried, (200, json!({ "valid": valid }), None));
        }
    }
}

#[tokio::test]
async fn each_reason_against_a_code_has_its_own_problem() {
    let toml = JOURNEYS.replacen("countries = []", "countries = [\"US\"]", 1);
    let toml = toml.replacen("per_phone_hour = 6", "per_phone_hour = 2", 1);
    let (world, otp) = function(&toml);
    let ask = |phone: &str, purpose: &str| json!({ "phone": phone, "purpose": purpose });
    let (_, answer, _) = post(&otp, "POST /otp", "key", &ask("+447700900123", "login")).await;
    assert_eq!(violations(&answer), [("/phone", "country_not_allowed")]);
    assert_eq!(post(&otp, "POST /otp", "key", &ask(PHONE, "login")).await.0, 202);
    let too_soon = post(&otp, "POST /otp", "key", &ask(PHONE, "login")).await;
    assert_eq!((too_soon.0, too_soon.2.as_deref()), (429, Some("30")));
    assert_eq!(too_soon.1["type"], "urn:afterword:too_many_requests");
    assert_eq!(post(&otp, "POST /otp", "key", &ask(PHONE, "reset")).await.0, 202);
    let limited = post(&otp, "POST /otp", "key", &ask(PHONE, "third")).await;
    assert_eq!(limited.0, 429);
    assert!(limited.2.unwrap().parse::<u32>().unwrap() <= 3600);
    world.state().switch = messaging::conversation::step::Switch::Paused;
    let paused = post(&otp, "POST /otp", "key", &ask("+12025550199", "login")).await;
    assert_eq!((paused.0, paused.2.as_deref()), (503, Some("5")));
}

#[tokio::test]
async fn without_a_key_to_hash_with_there_is_no_code() {
    let (world, otp) = function(JOURNEYS);
    {
        let mut state = world.state();
        state.keys.clear();
        state.keys.insert("api_key_otp", vec!["own"]);
    }
    let body = json!({ "phone": PHONE, "purpose": "login" });
    assert_eq!(post(&otp, "POST /otp", "own", &body).await.0, 503);
    assert_eq!(world.last_words(), None);
}
