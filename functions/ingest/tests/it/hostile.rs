//! Bodies that somebody means badly: refused with everything that is wrong, nothing repeated,
//! nothing written; or, where they are only words, shown as words.

use serde_json::{Value, json};

use crate::rig::{JOURNEYS, event, ingest, read, world};

/// Posts a body to a fresh world; the answer, and how many conversations there are afterwards.
async fn post(route: &str, body: &str) -> (i64, Value, usize) {
    let world = world(JOURNEYS);
    let (status, answer) = read(ingest(&world, world.clone()).handle(event(route, body)).await);
    let stored = world.state().store.conversations.len();
    (status, answer, stored)
}

fn errors(answer: &Value) -> Vec<(&str, &str)> {
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
}

fn message(variables: Value) -> Value {
    json!({ "event_id": "e-1", "journey": "payment_confirmation", "to": "+12025550143", "variables": variables })
}

fn paid_by(method: &str) -> Value {
    message(json!({ "order_number": "1042", "amount": "$1.00", "payment_method": method }))
}

#[tokio::test]
async fn hidden_characters_and_very_long_values_are_rejected_in_every_field() {
    let flood = "😀".repeat(501);
    for (value, code) in [
        ("a\u{0}b", "nul_character"),
        ("\u{202E}lanimirc", "unwanted_character"),
        ("a\u{2067}b", "unwanted_character"),
        ("zero\u{200B}width", "unwanted_character"),
        ("\u{FEFF}bom", "unwanted_character"),
        ("\u{1B}[31mred", "unwanted_character"),
        ("a\u{85}b", "unwanted_character"),
        ("tag\u{E0001}", "unwanted_character"),
        (&flood, "too_long"),
    ] {
        let places = [
            ("POST /messages", paid_by(value), "/variables/payment_method"),
            ("POST /trigger", json!({ "parent_tel": "+447700900123", "team_name": value }), "/team_name"),
        ];
        for (route, body, place) in places {
            let (status, answer, stored) = post(route, &body.to_string()).await;
            assert_eq!((status, errors(&answer), stored), (400, vec![(place, code)], 0), "{route} {value:?}");
            assert!(!answer.to_string().contains(value), "an answer repeats no value");
        }
        let bulk = json!([paid_by(value)]).to_string();
        let (status, answer, stored) = post("POST /messages/bulk", &bulk).await;
        let result = &answer["results"][0];
        assert_eq!((status, result["status"].as_str(), stored), (200, Some("invalid"), 0));
        assert_eq!(errors(result), [("/0/variables/payment_method", code)], "{value:?}");
    }
}

#[tokio::test]
async fn the_journey_sets_the_limits_of_a_variable() {
    let (status, answer, _) = post("POST /messages", &paid_by(&"x".repeat(31)).to_string()).await;
    assert_eq!((status, errors(&answer)), (400, vec![("/variables/payment_method", "too_long")]));
    assert_eq!(post("POST /messages", &paid_by(&"x".repeat(30)).to_string()).await.0, 202);
    // In characters, not in bytes.
    assert_eq!(post("POST /messages", &paid_by(&"💳".repeat(30)).to_string()).await.0, 202);
}

/// Each value is within its limit, and the text is beyond what any provider takes.
#[tokio::test]
async fn many_long_values_are_together_too_long() {
    let world = world(&format!(
        "{JOURNEYS}\n[journeys.two]\nvariables = [\"a\", \"b\"]\n[[journeys.two.steps]]\nname = \"text\"\ndelay = \"0s\"\n\
         category = \"transactional\"\ntext = \"two\"\n[texts.two]\nen = \"{{{{ a }}}}{{{{ b }}}}\"\n"
    ));
    let body = |value: &str| json!({ "event_id": "e", "journey": "two", "to": "+12025550143", "variables": { "a": value, "b": value } });
    let call = ingest(&world, world.clone());
    let (status, answer) =
        read(call.handle(event("POST /messages", &body(&"😀".repeat(200)).to_string())).await);
    assert_eq!((status, errors(&answer)), (400, vec![("", "journey")]));
    assert!(answer["errors"][0]["detail"].as_str().unwrap().contains("has 13 parts"), "{answer}");
    assert!(world.state().store.conversations.is_empty());
    let (status, _) = read(call.handle(event("POST /messages", &body(&"😀".repeat(157)).to_string())).await);
    assert_eq!(status, 202);
}

#[tokio::test]
async fn a_value_that_looks_like_a_template_is_not_rendered() {
    for value in
        ["{{ 7 * 7 }}", "{% for x in y %}", "{{ self }}", "${jndi:ldap://x}", "<script>", "%s%n", "'; DROP--"]
    {
        let world = world(JOURNEYS);
        let body = paid_by(value).to_string();
        let (status, _) = read(ingest(&world, world.clone()).handle(event("POST /messages", &body)).await);
        assert_eq!(status, 202, "{value}");
        let state = world.state();
        let conversation = state.store.conversations.values().next().unwrap();
        let text = conversation.plan.as_ref().unwrap().steps[0].text.expose();
        assert!(text.contains(&format!("paid by {value}.")), "{text}");
    }
    let world = world(JOURNEYS);
    let body = json!({ "parent_tel": "+447700900123", "team_name": "{{1}} {{ 7 * 7 }}" }).to_string();
    read(ingest(&world, world.clone()).handle(event("POST /trigger", &body)).await);
    let state = world.state();
    let conversation = state.store.conversations.values().next().unwrap();
    let content = conversation.plan.as_ref().unwrap().steps[0].content.clone().unwrap();
    assert_eq!(content.variables_json().unwrap(), r#"{"3":"{{1}} {{ 7 * 7 }}"}"#);
}

/// A megabyte of mistakes has an answer that still fits.
#[tokio::test]
async fn an_answer_stays_small_for_any_number_of_violations() {
    let item: String = (0..10_000).map(|n| format!("\"a{n}\":0,")).collect();
    let body = format!("[{{{}\"event_id\":\"e\"}}]", item.repeat(8));
    assert!(body.len() > 600_000 && body.len() < 1_048_576);
    let (status, answer, stored) = post("POST /messages/bulk", &body).await;
    assert_eq!((status, stored), (200, 0));
    assert_eq!(answer["results"][0]["errors"].as_array().unwrap().len(), 20);
}

/// Deep, doubled, of wrong types: all of it at once.
#[tokio::test]
async fn every_violation_of_a_body_is_named() {
    let deep = format!("{}1{}", "{\"a\":".repeat(80), "}".repeat(80));
    for (route, body, expected) in [
        (
            "POST /messages",
            format!("{{\"variables\":{deep}}}"),
            vec![
                ("/event_id", "required"),
                ("/journey", "required"),
                ("/to", "required"),
                ("/variables/a", "too_deep"),
            ],
        ),
        (
            "POST /trigger",
            format!("{{\"team_name\":{deep}}}"),
            vec![("/parent_tel", "required"), ("/team_name", "type"), ("/team_name/a", "too_deep")],
        ),
        (
            "POST /messages",
            r#"{"event_id":{},"journey":7,"to":[],"variables":"x","locale":true,"send_at":0}"#.to_owned(),
            vec![
                ("/event_id", "type"),
                ("/journey", "type"),
                ("/locale", "type"),
                ("/send_at", "type"),
                ("/to", "type"),
                ("/variables", "type"),
            ],
        ),
        (
            "POST /trigger",
            r#"{"parent_tel":"+447700900123","parent_tel":"x","age_group":10}"#.to_owned(),
            vec![("/age_group", "type"), ("/parent_tel", "duplicate_key")],
        ),
        (
            "POST /messages",
            paid_by("x").to_string().replace("\"amount\":\"$1.00\"", "\"amount\":1.0,\"__proto__\":\"x\""),
            vec![("/variables/__proto__", "unknown_field"), ("/variables/amount", "type")],
        ),
    ] {
        let (status, answer, stored) = post(route, &body).await;
        assert_eq!((status, errors(&answer), stored), (400, expected, 0), "{route} {body}");
    }
}
