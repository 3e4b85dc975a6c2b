//! The numbers that a source may text, and texts that are too long.

use serde_json::{Value, json};

use crate::rig::{JOURNEYS, event, ingest, read, world};

/// Posts one body; status and answer.
async fn post(journeys: &str, route: &str, body: &Value) -> (i64, Value) {
    let world = world(journeys);
    read(ingest(&world, world.clone()).handle(event(route, &body.to_string())).await)
}

fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|error| error["code"].as_str().unwrap()).collect()
}

fn sms(phone: &str) -> Value {
    json!({ "event_id": "6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f", "event": "advance_in_transit", "user": { "phone": phone } })
}

fn to(phone: &str) -> Value {
    json!({ "event_id": "e-1", "journey": "advance_in_transit", "to": phone })
}

#[tokio::test]
async fn numbers_that_cannot_receive_texts_are_rejected_and_fictional_ones_are_accepted() {
    for (phone, code) in [
        ("+18005551212", Some("phone_not_textable")),
        ("+442079460018", Some("phone_not_textable")),
        ("+448701234567", Some("phone_not_textable")),
        ("+1000000000", Some("not_possible")),
        ("+15555551234", None),
        ("+447700900123", None),
        ("+14254147755", None),
    ] {
        for (route, body) in [("POST /sms", sms(phone)), ("POST /messages", to(phone))] {
            let (status, answer) = post(JOURNEYS, route, &body).await;
            let expected = code.map_or((202, vec![]), |code| (400, vec![code]));
            assert_eq!((status, codes(&answer)), expected, "{route} {phone}");
        }
    }
}

#[tokio::test]
async fn a_source_may_text_only_its_configured_countries() {
    let narrow = JOURNEYS
        .replace("[sources.sms] ", "[sources.sms]\ncountries = [\"US\", \"CA\"]\n#")
        .replace("[sources.messages] ", "[sources.messages]\ncountries = [\"US\"]\n#")
        .replace("[sources.trigger] ", "[sources.trigger]\ncountries = [\"US\"]\n#");
    let registration = |phone: &str| json!({ "parent_tel": phone });
    for (route, body, allowed) in [
        ("POST /sms", sms("+12025550143"), true),
        ("POST /sms", sms("+447700900123"), false),
        ("POST /messages", to("+12025550143"), true),
        // In no country's range; the main country of its code counts.
        ("POST /messages", to("+15555551234"), true),
        ("POST /messages", to("+16135550143"), false),
        ("POST /trigger", registration("+447700900123"), false),
        ("POST /trigger", registration("+12025550143"), true),
    ] {
        let (status, answer) = post(&narrow, route, &body).await;
        let expected = if allowed { (202, vec![]) } else { (400, vec!["country_not_allowed"]) };
        assert_eq!((status, codes(&answer)), expected, "{route} {body}");
    }
}

#[tokio::test]
async fn a_strict_source_may_text_only_number_ranges_in_use() {
    let strict = ["sms", "messages", "trigger"].iter().fold(JOURNEYS.to_owned(), |journeys, source| {
        let table = format!("[sources.{source}] ");
        assert!(journeys.contains(&table));
        journeys.replace(&table, &format!("[sources.{source}]\nnumbers = \"valid\"\n#"))
    });
    for (phone, status, code) in
        [("+14254147755", 202, vec![]), ("+15555551234", 400, vec!["phone_not_valid"])]
    {
        for (route, body) in [
            ("POST /sms", sms(phone)),
            ("POST /messages", to(phone)),
            ("POST /trigger", json!({ "parent_tel": phone })),
        ] {
            let (answered, answer) = post(&strict, route, &body).await;
            assert_eq!((answered, codes(&answer)), (status, code.clone()), "{route} {phone}");
        }
    }
}

#[tokio::test]
async fn words_are_truncated_only_if_configured_and_the_conversation_shows_it() {
    let journeys = |options: &str| {
        format!(
            "{JOURNEYS}\n[journeys.note]\nvariables = [\"note\"]\n[[journeys.note.steps]]\nname = \"text\"\ndelay = \"0s\"\n\
             category = \"transactional\"\ntext = \"note\"\n[texts.note]\n{options}\nen = \"Note: {{{{ note }}}}\"\n"
        )
    };
    let body = |note: &str| json!({ "event_id": "n", "journey": "note", "to": "+12025550143", "variables": { "note": note } });
    let long = "n".repeat(200);
    for (options, note, expected) in [
        ("", long.as_str(), Some((2, 16_600, false))),
        ("max_parts = 1", &long, None),
        ("max_parts = 1\ntruncate = true", &long, Some((1, 8_300, true))),
        ("max_parts = 1\ngsm_safe = true", &format!("It’s {}", "n".repeat(140)), Some((1, 8_300, false))),
        ("max_parts = 1", &format!("It’s {}", "n".repeat(140)), None),
    ] {
        let world = world(&journeys(options));
        let call = ingest(&world, world.clone());
        let (status, answer) = read(call.handle(event("POST /messages", &body(note).to_string())).await);
        let Some((segments, cost, truncated)) = expected else {
            assert_eq!((status, codes(&answer)), (400, vec!["journey"]), "{options}");
            continue;
        };
        assert_eq!(status, 202, "{options} {answer}");
        let mut get = event("GET /conversations/{id}", "");
        get.path_parameters.insert("id".to_owned(), answer["conversation_id"].as_str().unwrap().to_owned());
        let (_, shown) = read(call.handle(get).await);
        let step = &shown["steps"][0];
        assert_eq!(
            (&step["segments"], &step["cost_micro_usd"]),
            (&json!(segments), &json!(cost)),
            "{options}"
        );
        assert_eq!(step.get("truncated"), truncated.then_some(&json!(true)), "{options}");
    }
}

#[tokio::test]
async fn a_missing_locale_and_a_time_beyond_the_horizon_are_reported_with_the_other_errors() {
    let body = json!({
        "event_id": "e-1", "journey": "order_status", "to": "x", "locale": "fr-FR",
        "send_at": "2033-01-01T00:00:00Z", "variables": {},
    });
    let (status, answer) = post(JOURNEYS, "POST /messages", &body).await;
    assert_eq!(status, 400);
    let errors = answer["errors"].as_array().unwrap();
    let pointers: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    for pointer in ["/locale", "/send_at", "/to"] {
        assert!(pointers.contains(&pointer), "{pointer}: {answer}");
    }
}
