//! The other ways in: registrations, and many messages in one call.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::rig::{Answer, KEY, Rig};

const HEADERS: [(&str, &str); 2] = [("x-api-key", KEY), ("content-type", "application/json")];

impl Rig {
    async fn trigger(&self, body: &Value) -> Answer {
        self.call("POST", "/trigger", &HEADERS, body.to_string().as_bytes()).await
    }

    async fn trigger_as(&self, key: &str, body: &Value) -> Answer {
        let headers = [HEADERS[0], HEADERS[1], ("Idempotency-Key", key)];
        self.call("POST", "/trigger", &headers, body.to_string().as_bytes()).await
    }

    async fn bulk(&self, body: &Value) -> Answer {
        self.call("POST", "/messages/bulk", &HEADERS, body.to_string().as_bytes()).await
    }
}

/// Pointers and codes of what is wrong.
fn errors(answer: &Value) -> Vec<(&str, &str)> {
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
}

fn registration() -> Value {
    json!({
        "parent_tel": "+447700900123",
        "parent_first_name": "Alex",
        "player_first_name": "Sam",
        "team_name": "Tigers",
        "age_group": "U10",
        "current_registration_season": "2026/27",
        "membership_fee_amount": "£45.00",
        "subscription_fee_amount": "£20.00",
        "team_manager_1_full_name": "Jo Sample",
        "team_manager_1_tel": "+447700900456",
    })
}

#[tokio::test]
async fn a_registration_is_identified_by_its_key_or_else_by_its_content() {
    let rig = Rig::start().await;
    let first = rig.trigger(&registration()).await;
    assert_eq!(first.status, 202, "{}", first.text());
    let accepted = first.json();
    assert_eq!(accepted["event_id"].as_str().unwrap().len(), 64);
    assert!(accepted["conversation_id"].as_str().unwrap().starts_with("trigger-"));
    // Written otherwise, the same.
    let again = r#"{"team_name":"Tigers","parent_tel":"+447700900123","parent_first_name":"Alex","team_manager_1_tel":"+447700900456",
        "player_first_name":"Sam","age_group":"U10","current_registration_season":"2026/27","team_manager_1_full_name":"Jo Sample",
        "subscription_fee_amount":"\u00a320.00","membership_fee_amount":"£45.00"}"#;
    let again = rig.call("POST", "/trigger", &HEADERS, again.as_bytes()).await;
    assert_eq!((again.status, &again.json()["status"]), (200, &json!("duplicate")));
    assert_eq!(again.json()["conversation_id"], accepted["conversation_id"]);

    let by_uuid = rig.trigger_as("6F1C2D9E-3B64-4F0A-9D2E-0A1B2C3D4E5F", &registration()).await;
    assert_eq!(by_uuid.status, 202);
    assert_eq!(by_uuid.json()["conversation_id"], "trigger-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f");
    assert_eq!(rig.trigger_as("order-17", &registration()).await.status, 202);
    assert_eq!(rig.trigger_as("order-17", &registration()).await.status, 200);
    let other = rig.trigger_as("order-17", &json!({ "parent_tel": "07700 900124" })).await;
    assert_eq!((other.status, &other.json()["type"]), (422, &json!("urn:afterword:idempotency_key_reused")));

    let id = accepted["conversation_id"].as_str().unwrap();
    let step = rig.step(id).await;
    assert_eq!((&step["step"], &step["due"]), (&json!("text"), &accepted["due"]));

    rig.advance(1).await;
    assert_eq!(rig.step(id).await["verdict"], "Sent");
    let texts = rig.texts(id).await;
    assert_eq!(texts.len(), 1);
    assert_eq!((&texts[0]["channel"], &texts[0]["to"]), (&json!("whatsapp"), &json!("+447700900123")));
    let said: Value = serde_json::from_str(texts[0]["body"].as_str().unwrap()).unwrap();
    let places = json!({
        "1": "Alex", "2": "Sam", "3": "Tigers", "4": "U10", "5": "2026/27", "6": "£45.00", "7": "£20.00",
        "8": "Jo Sample", "9": "+447700900456",
    });
    assert_eq!(said["content_variables"], places);
    rig.stop().await;
}

/// A field without a value has no variable, so the template uses its own default.
#[tokio::test]
async fn an_empty_field_is_left_out_of_the_template_variables() {
    let rig = Rig::start().await;
    let accepted = rig.trigger(&json!({ "parent_tel": "07700 900125" })).await.json();
    let some = json!({ "parent_tel": "+447700900126", "team_name": "Tigers", "age_group": "", "player_first_name": null });
    let with_one = rig.trigger(&some).await.json();
    rig.advance(1).await;
    let said = async |accepted: &Value| {
        let texts = rig.texts(accepted["conversation_id"].as_str().unwrap()).await;
        serde_json::from_str::<Value>(texts[0]["body"].as_str().unwrap()).unwrap()
    };
    let bare = said(&accepted).await;
    assert!(
        bare["content_sid"].as_str().unwrap().starts_with("HX") && bare.get("content_variables").is_none(),
        "{bare}"
    );
    assert_eq!(said(&with_one).await["content_variables"], json!({ "3": "Tigers" }));
    rig.stop().await;
}

#[tokio::test]
async fn an_invalid_registration_is_rejected_with_all_its_errors() {
    let rig = Rig::start().await;
    let with = |more: Value| {
        let mut body = json!({ "parent_tel": "+447700900123" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (body, expected) in [
        (json!({}), vec![("/parent_tel", "required")]),
        (json!({ "parent_tel": 7 }), vec![("/parent_tel", "type")]),
        (json!({ "parent_tel": "hello" }), vec![("/parent_tel", "not_a_number")]),
        (json!({ "parent_tel": "+448001111" }), vec![("/parent_tel", "phone_not_textable")]),
        (
            with(json!({ "manager_full_name": "a", "manager_tel": "b", "current_season": "c" })),
            vec![
                ("/current_season", "renamed_field"),
                ("/manager_full_name", "renamed_field"),
                ("/manager_tel", "renamed_field"),
            ],
        ),
        (with(json!({ "colour": "red" })), vec![("/colour", "unknown_field")]),
        (
            with(json!({ "team_name": ["a"], "age_group": 10 })),
            vec![("/age_group", "type"), ("/team_name", "type")],
        ),
        (with(json!({ "team_name": "a".repeat(501) })), vec![("/team_name", "too_long")]),
        (with(json!({ "team_name": "two\nlines" })), vec![("/team_name", "template_value")]),
        (with(json!({ "team_name": "a\u{202E}b" })), vec![("/team_name", "unwanted_character")]),
        (with(json!({ "team_name": "a\u{0}b" })), vec![("/team_name", "nul_character")]),
        (json!([]), vec![("", "type")]),
    ] {
        let answer = rig.trigger(&body).await;
        assert_eq!((answer.status, errors(&answer.json())), (400, expected), "{body}");
    }
    let renamed = rig.trigger(&with(json!({ "manager_tel": "1" }))).await.json();
    assert!(renamed["errors"][0]["detail"].as_str().unwrap().contains("team_manager_1_tel"));
    for key in ["", " ", "a b", "é", &"k".repeat(256)] {
        let answer = rig.trigger_as(key, &registration()).await;
        assert_eq!((answer.status, errors(&answer.json())), (400, vec![("", "idempotency_key")]), "{key:?}");
    }
    let without_key = [("content-type", "application/json")];
    assert_eq!(rig.call("POST", "/trigger", &without_key, b"{").await.status, 401);
    assert_eq!(rig.call("POST", "/trigger", &[("x-api-key", KEY)], b"{}").await.status, 415);
    assert!(rig.executions().await.is_empty(), "nothing was started");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_concurrent_registrations_are_all_accepted() {
    let rig = Arc::new(Rig::start().await);
    let answers = join_all((100..150).map(|n| {
        let rig = Arc::clone(&rig);
        tokio::spawn(async move { rig.trigger(&json!({ "parent_tel": format!("07700 900{n}") })).await })
    }))
    .await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| answer.status == 202));
    let ids: BTreeSet<_> =
        answers.iter().map(|answer| answer.json()["conversation_id"].to_string()).collect();
    assert_eq!((ids.len(), rig.executions().await.len()), (50, 50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_of_1000_is_answered_item_by_item_in_order() {
    let rig = Rig::start().await;
    let item = |n: usize| json!({ "event_id": format!("order-{n}"), "journey": "advance_in_transit", "to": "+12025550143" });
    let mut items: Vec<Value> = (0..1000).map(item).collect();
    // Ten repeat another item, five are wrong each in its own way.
    for n in 0..10 {
        items[100 * n + 57] = item(100 * n + 3);
    }
    items[10]["to"] = json!("+1202");
    items[20]["journey"] = json!("none");
    items[30]["event_id"] = json!("with space");
    items[40]["variables"] = json!({ "amount": "$1.00" });
    items[50] = json!("no object");
    let answer = rig.bulk(&json!({ "messages": items })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 1000);
    // A busy machine may not get through all of them in 20 s; those are to be sent again.
    let reached = |result: &&(usize, &Value)| result.1["status"] != "retry";
    for (n, result) in results.iter().enumerate().filter(|result| reached(&result)) {
        let expected = match n {
            10 | 20 | 30 | 40 | 50 => "invalid",
            n if n % 100 == 57 => "duplicate",
            _ => "accepted",
        };
        assert_eq!(result["status"], expected, "{n}: {result}");
        let repeated = if n % 100 == 57 { n - 54 } else { n };
        let id = if n == 30 || n == 50 { Value::Null } else { json!(format!("order-{repeated}")) };
        assert_eq!(result["event_id"], id, "{n}");
    }
    for (n, expected) in [
        (10, ("/messages/10/to", "not_possible")),
        (20, ("/messages/20/journey", "unknown_journey")),
        (30, ("/messages/30/event_id", "format")),
        (40, ("/messages/40/variables/amount", "unknown_field")),
        (50, ("/messages/50", "type")),
    ] {
        assert_eq!(errors(&results[n]), [expected]);
    }
    let mut left: Vec<Value> = items
        .iter()
        .zip(results)
        .filter(|(_, result)| result["status"] == "retry")
        .map(|(item, _)| item.clone())
        .collect();
    while !left.is_empty() {
        let again = rig.bulk(&json!(left)).await.json();
        let statuses = again["results"].as_array().unwrap();
        left = left
            .into_iter()
            .zip(statuses)
            .filter(|(_, result)| result["status"] == "retry")
            .map(|(item, _)| item)
            .collect();
    }
    let once_more = rig.bulk(&json!(items[..60])).await.json();
    assert_eq!(errors(&once_more["results"][10]), [("/10/to", "not_possible")]);
    let duplicates =
        once_more["results"].as_array().unwrap().iter().filter(|result| result["status"] == "duplicate");
    assert_eq!(duplicates.count(), 55);
    assert_eq!(rig.executions().await.len(), 985);
    rig.stop().await;
}

#[tokio::test]
async fn a_bulk_is_rejected_as_a_whole_only_because_of_its_form() {
    let rig = Rig::start().await;
    let item = |id: &str| json!({ "event_id": id, "journey": "advance_in_transit", "to": "+12025550143" });
    for (body, expected) in [
        (json!({}), ("", "type")),
        (json!("messages"), ("", "type")),
        (json!({ "messages": {} }), ("", "type")),
        (json!({ "messages": [], "more": 1 }), ("", "type")),
        (json!({ "messages": vec![item("a"); 1001] }), ("/messages", "item_count")),
    ] {
        let answer = rig.bulk(&body).await;
        assert_eq!((answer.status, errors(&answer.json())), (400, vec![expected]));
    }
    // An error in one item does not affect the others.
    let body = r#"[{"event_id":"a","event_id":"a"},{"event_id":"b","journey":"advance_in_transit","to":"+12025550143"},
        {"event_id":"c","journey":"advance_in_transit","to":"\u0000"},null]"#;
    let answer = rig.call("POST", "/messages/bulk", &HEADERS, body.as_bytes()).await.json();
    let statuses: Vec<_> =
        answer["results"].as_array().unwrap().iter().map(|r| r["status"].clone()).collect();
    assert_eq!(statuses, ["invalid", "accepted", "invalid", "invalid"]);
    assert_eq!(errors(&answer["results"][0])[0], ("/0/event_id", "duplicate_key"));

    let reused =
        rig.bulk(&json!([{ "event_id": "b", "journey": "advance_in_transit", "to": "+12025550144" }])).await;
    assert_eq!(reused.json()["results"][0]["status"], "idempotency_key_reused");
    let large = format!("[{}]", " ".repeat(1024 * 1024));
    assert_eq!(rig.call("POST", "/messages/bulk", &HEADERS, large.as_bytes()).await.status, 413);
    let large = format!("{}{}", " ".repeat(500_000), json!([item("large")]));
    assert_eq!(rig.call("POST", "/messages/bulk", &HEADERS, large.as_bytes()).await.status, 200);
    rig.stop().await;
}

/// A store that fails for one item fails for that item; its repeat finishes it.
#[tokio::test]
async fn an_item_that_could_not_be_stored_is_to_be_sent_again() {
    let rig = Rig::start().await;
    let items: Vec<Value> = (0..3)
        .map(
            |n| json!({ "event_id": format!("o{n}"), "journey": "advance_in_transit", "to": "+12025550143" }),
        )
        .collect();
    rig.fault("dynamodb:TransactWriteItems", "fail_before", 50).await;
    let answer = rig.bulk(&json!(items)).await.json();
    assert!(
        answer["results"].as_array().unwrap().iter().all(|result| result["status"] == "retry"),
        "{answer}"
    );
    rig.clear_faults().await;
    let answer = rig.bulk(&json!(items)).await.json();
    assert!(
        answer["results"].as_array().unwrap().iter().all(|result| result["status"] == "accepted"),
        "{answer}"
    );
    rig.advance(1).await;
    assert_eq!(rig.outbox().await.len(), 3);
    rig.stop().await;
}

/// An event that arrives long after its time is remembered as long as any other.
#[tokio::test]
async fn an_event_from_long_ago_is_recognised_when_repeated() {
    let rig = Rig::start().await;
    let long_ago = (rig.now().await - chrono::TimeDelta::days(400)).to_rfc3339();
    let message = |to: &str| {
        json!({ "event_id": "e", "journey": "advance_in_transit", "to": to, "not_after": long_ago })
            .to_string()
    };
    let (first, other) = (message("+12025550143"), message("+12025550144"));
    let answer = rig.call("POST", "/messages", &HEADERS, first.as_bytes()).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    rig.advance(80 * 24 * 3600).await;
    assert_eq!(rig.call("POST", "/messages", &HEADERS, first.as_bytes()).await.json()["status"], "duplicate");
    assert_eq!(rig.call("POST", "/messages", &HEADERS, other.as_bytes()).await.status, 422);
    let id = answer.json()["conversation_id"].as_str().unwrap().to_owned();
    assert_eq!(rig.conversation(&id).await.json()["steps"][0]["verdict"], "ExpiredTooLate");
    assert_eq!(rig.executions().await.len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn an_unsupported_locale_time_or_region_is_rejected_by_its_field() {
    let rig = Rig::start().await;
    for (field, value, place) in [
        ("locale", "de-DE", "/locale"),
        ("send_at", "2040-01-01T00:00:00Z", "/send_at"),
        ("region", "q", "/region"),
    ] {
        let mut body = json!({ "event_id": "e", "journey": "advance_in_transit", "to": "+12025550143" });
        body[field] = json!(value);
        let answer = rig.call("POST", "/messages", &HEADERS, body.to_string().as_bytes()).await;
        let said = answer.json();
        assert_eq!(errors(&said).iter().map(|(place, _)| *place).collect::<Vec<_>>(), [place]);
    }
    // An invalid region does not hide other errors.
    let body = json!({ "event_id": "e", "journey": "advance_in_transit", "region": "q" }).to_string();
    let said = rig.call("POST", "/messages", &HEADERS, body.as_bytes()).await.json();
    assert_eq!(errors(&said), [("/region", "format"), ("/to", "required")]);
    rig.stop().await;
}

/// Step Functions knows no second 60, and in another case a UUID is the same.
#[tokio::test]
async fn leap_seconds_and_the_case_of_ids_do_not_make_another_event() {
    let rig = Rig::start().await;
    let send = async |id: &str| {
        let body = json!({ "event_id": id, "journey": "advance_in_transit", "to": "+12025550143",
            "send_at": (rig.now().await + chrono::TimeDelta::days(1)).format("%Y-%m-%dT23:59:60Z").to_string() });
        rig.call("POST", "/messages", &HEADERS, body.to_string().as_bytes()).await
    };
    let accepted = send("6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f").await.json();
    assert!(accepted["due"].as_str().unwrap().ends_with("T00:00:00Z"), "{accepted}");
    assert_eq!(send("6F1C2D9E-3B64-4F0A-9D2E-0A1B2C3D4E5F").await.json()["status"], "duplicate");
    assert_eq!(rig.bulk(&json!([])).await.json(), json!({ "results": [] }));
    rig.stop().await;
}
