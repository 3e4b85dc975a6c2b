//! Every verdict that a text of `POST /sms` can end with, lived through on the virtual clock.

use chrono::TimeDelta;
use serde_json::json;

use crate::rig::{PHONE, Rig, approved, approved_for, in_transit, time};

const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn an_approved_advance_is_texted_after_two_minutes() {
    let rig = Rig::start().await;
    let start = rig.now().await;
    let answer = rig.post(approved(1).to_string()).await.json();
    assert_eq!(answer["status"], "accepted");
    assert_eq!(answer["event_id"], approved(1)["event_id"]);
    assert_eq!(time(&answer["due"]), start + TimeDelta::seconds(120));
    let id = answer["conversation_id"].as_str().unwrap();
    rig.advance(119).await;
    assert!(rig.outbox().await.is_empty());
    assert_eq!(rig.step(id).await["verdict"], json!(null));
    rig.advance(1).await;
    let [text] = &rig.outbox().await[..] else { panic!("one text") };
    assert_eq!(text["to"], PHONE);
    assert_eq!(text["body"], "Your advance of $185.00 is approved. We'll text you when it is on its way.");
    assert_eq!((&text["step"], &text["conversation_id"]), (&json!("text"), &json!(id)));
    let execution = rig.execution(id).await;
    assert_eq!(execution.states(), ["WaitUntilDue", "Send", "Verdict", "Sent"]);
    assert_eq!(execution.status(), "SUCCEEDED");
    let output = execution.output();
    assert_eq!(output["because"]["provider_message_id"], text["provider_message_id"]);
    let step = rig.step(id).await;
    assert_eq!((&step["verdict"], &step["because"]), (&json!("Sent"), &output["because"]));
    assert_eq!(step["segments"], 1);
    rig.stop().await;
}

#[tokio::test]
async fn an_advance_in_transit_is_texted_at_once() {
    let rig = Rig::start().await;
    let id = rig.accepted(&in_transit(1)).await;
    rig.advance(0).await;
    assert_eq!(rig.texts(&id).await.len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn amounts_are_read_from_their_literal() {
    let rig = Rig::start().await;
    let cases = [
        ("1e2", "$100.00"),
        ("0", "$0.00"),
        ("0.5", "$0.50"),
        ("1.5E+1", "$15.00"),
        ("1234567.8", "$1,234,567.80"),
    ];
    for (n, (literal, shown)) in (1..).zip(cases) {
        let body = approved(n).to_string().replace("185.0", literal);
        let answer = rig.post(body).await;
        assert_eq!(answer.status, 202, "{literal}: {}", answer.text());
        rig.advance(120).await;
        let text = rig.outbox().await.pop().unwrap();
        assert!(text["body"].as_str().unwrap().contains(&format!("of {shown} is")), "{literal}: {text}");
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_repeat_in_another_spelling_is_a_duplicate() {
    let rig = Rig::start().await;
    let first = rig.post(approved(1).to_string()).await.json();
    rig.advance(60).await;
    let event = approved(1);
    let same = format!(
        "{{ \"amount\": 1.85e2, \"user\": {}, \"metadata\": null, \"event\": {}, \"event_id\": {} }}",
        event["user"], event["event"], event["event_id"]
    );
    for body in [approved(1).to_string(), same] {
        let answer = rig.post(body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut expected = first.clone();
        expected["status"] = "duplicate".into();
        assert_eq!(answer.json(), expected);
    }
    let mut other = approved(1);
    other["amount"] = 185.01.into();
    assert_eq!(rig.post(other.to_string()).await.status, 422);
    rig.advance(60).await;
    assert_eq!(rig.post(approved(1).to_string()).await.status, 200, "weeks later just the same");
    rig.advance(30 * DAY).await;
    assert_eq!(rig.post(approved(1).to_string()).await.status, 200);
    rig.advance(DAY).await;
    assert_eq!(rig.outbox().await.len(), 1);
    rig.stop().await;
}

/// After the retention the conversation is gone, the execution's name is free, and the event is new.
#[tokio::test]
async fn an_event_repeated_after_the_retention_is_new() {
    let rig = Rig::start().await;
    let id = rig.accepted(&approved(1)).await;
    rig.advance(92 * DAY).await;
    assert_eq!(rig.conversation(&id).await.status, 404);
    assert_eq!(rig.cancel(&id).await.status, 404);
    rig.accepted(&approved(1)).await;
    rig.advance(120).await;
    assert_eq!(rig.texts(&id).await.len(), 2);
    rig.stop().await;
}

#[tokio::test]
async fn a_cancelled_conversation_sends_nothing() {
    let rig = Rig::start().await;
    let id = rig.accepted(&approved(1)).await;
    rig.advance(119).await;
    for _ in 0..2 {
        let answer = rig.cancel(&id).await;
        assert_eq!((answer.status, answer.json()), (202, json!({ "status": "cancelled" })));
    }
    let cancelled_at = rig.now().await;
    rig.advance(5).await;
    assert_eq!(rig.cancel(&id).await.status, 202);
    let execution = rig.execution(&id).await;
    assert_eq!((execution.end(), execution.status()), ("SkippedCancelled", "SUCCEEDED"));
    assert_eq!(time(&execution.output()["because"]["cancelled_at"]), cancelled_at);
    assert_eq!(rig.step(&id).await["verdict"], "SkippedCancelled");
    assert!(rig.outbox().await.is_empty());
    assert_eq!(rig.post(approved(1).to_string()).await.status, 200, "still the same event");
    rig.stop().await;
}

#[tokio::test]
async fn shadow_mode_decides_and_sends_nothing() {
    let rig = Rig::start().await;
    rig.switch("shadow").await;
    let id = rig.accepted(&approved(1)).await;
    rig.advance(120).await;
    let execution = rig.execution(&id).await;
    assert_eq!((execution.end(), execution.status()), ("Shadowed", "SUCCEEDED"));
    assert!(rig.outbox().await.is_empty());
    rig.stop().await;
}

#[tokio::test]
async fn a_paused_service_waits_and_continues() {
    let rig = Rig::start().await;
    for (n, switch) in [(1, "paused"), (2, "Paused?")] {
        rig.switch(switch).await;
        let id = rig.accepted(&approved(n)).await;
        rig.advance(120 + 3600).await;
        assert!(rig.texts(&id).await.is_empty());
        assert_eq!(rig.execution(&id).await.status(), "RUNNING");
        rig.switch("on").await;
        rig.advance(900).await;
        assert_eq!(rig.texts(&id).await.len(), 1);
        assert_eq!(rig.execution(&id).await.end(), "Sent");
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_text_paused_past_its_deadline_expires() {
    let rig = Rig::start().await;
    rig.switch("paused").await;
    let id = rig.accepted(&approved(1)).await;
    rig.advance(120 + DAY).await;
    rig.switch("on").await;
    rig.advance(DAY).await;
    let execution = rig.execution(&id).await;
    assert_eq!((execution.end(), execution.status()), ("ExpiredTooLate", "SUCCEEDED"));
    assert!(rig.outbox().await.is_empty());
    rig.stop().await;
}

/// Returns the length of each wait.
async fn waits(rig: &Rig, id: &str, first_due: chrono::DateTime<chrono::Utc>) -> Vec<i64> {
    let answers = rig.execution(id).await.answers();
    let mut before = first_due;
    let mut waits = Vec::new();
    for answer in answers.iter().filter(|answer| answer["verdict"] == "Wait") {
        let due = time(&answer["due"]);
        waits.push((due - before).num_seconds());
        before = due;
    }
    waits
}

#[tokio::test]
async fn a_failing_provider_is_tried_at_growing_intervals() {
    for effect in ["throttle", "fail_before"] {
        let rig = Rig::start().await;
        rig.fault("twilio:CreateMessage", effect, 6).await;
        let due = rig.now().await + TimeDelta::seconds(120);
        let id = rig.accepted(&approved(1)).await;
        rig.advance(120 + 2 * 3600).await;
        assert_eq!(waits(&rig, &id, due).await, [60, 120, 240, 900, 900, 900], "{effect}");
        let execution = rig.execution(&id).await;
        assert_eq!(execution.end(), "Sent");
        assert_eq!(execution.output()["because"]["attempt"], 7);
        assert_eq!(rig.outbox().await.len(), 1);
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_text_expires_when_its_provider_is_down_until_the_deadline() {
    let rig = Rig::start().await;
    rig.fault("twilio:CreateMessage", "throttle", 100_000).await;
    let id = rig.accepted(&approved(1)).await;
    rig.advance(121 + DAY).await;
    assert_eq!(rig.execution(&id).await.end(), "ExpiredTooLate");
    assert!(rig.outbox().await.is_empty());
    rig.stop().await;
}

#[tokio::test]
async fn a_rejected_text_fails_with_its_code_and_the_command_to_run() {
    let rig = Rig::start().await;
    let cases =
        [("+15005550001", 21211), ("+15005550002", 21612), ("+15005550003", 21408), ("+15005550009", 21614)];
    for (n, (phone, code)) in (1..).zip(cases) {
        let id = rig.accepted(&approved_for(n, phone)).await;
        rig.advance(120).await;
        let execution = rig.execution(&id).await;
        assert_eq!((execution.end(), execution.status()), ("RejectedByProvider", "FAILED"), "{phone}");
        assert_eq!(execution.described["error"], "RejectedByProvider");
        let cause = execution.described["cause"].as_str().unwrap();
        assert!(
            cause.contains(&code.to_string()) && cause.contains(&format!("afterword show {id}")),
            "{cause}"
        );
        assert!(!cause.contains("500555"), "{cause}");
        assert_eq!(rig.step(&id).await["because"]["code"], code);
    }
    assert!(rig.outbox().await.is_empty());
    rig.stop().await;
}

#[tokio::test]
async fn an_opt_out_at_the_provider_is_stored_and_stops_the_next_text() {
    let rig = Rig::start().await;
    for (n, rule) in [(1, Some("provider_opt_out")), (2, None)] {
        let id = rig.accepted(&approved_for(n, "+15005550004")).await;
        rig.advance(120).await;
        let execution = rig.execution(&id).await;
        assert_eq!((execution.end(), execution.status()), ("SkippedOptedOut", "SUCCEEDED"));
        let because = &execution.output()["because"];
        assert_eq!(because["rule"].as_str(), rule, "{because}");
        assert_eq!(because["opted_out_at"].is_null(), n == 1, "the second is stopped by what is stored");
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_held_after_72_minutes_and_never_repeated() {
    let rig = Rig::start().await;
    rig.fault("twilio:CreateMessage", "timeout_after_accept", 1).await;
    let id = rig.accepted(&approved(1)).await;
    rig.advance(120 + 60 * 60).await;
    assert_eq!(rig.execution(&id).await.status(), "RUNNING");
    assert_eq!(rig.step(&id).await["verdict"], json!(null));
    rig.advance(DAY).await;
    let execution = rig.execution(&id).await;
    assert_eq!((execution.end(), execution.status()), ("HeldUnknownOutcome", "FAILED"));
    assert!(execution.described["cause"].as_str().unwrap().contains(&format!("afterword show {id}")));
    assert_eq!(rig.outbox().await.len(), 1);
    let answers = execution.answers();
    let dues: Vec<_> = answers
        .iter()
        .filter(|answer| answer["verdict"] == "Wait")
        .map(|answer| time(&answer["due"]))
        .collect();
    let [first, second, third] = dues[..] else { panic!("three waits: {dues:?}") };
    assert_eq!(((second - first).num_minutes(), (third - second).num_minutes()), (10, 60));
    let since = time(&rig.step(&id).await["because"]["unknown_since"]);
    assert_eq!((third - since).num_minutes(), 72);
    rig.stop().await;
}

/// The invocation dies after Twilio has taken the text: Twilio's receipt is the evidence.
#[tokio::test]
async fn a_text_whose_sender_died_is_settled_by_its_receipt() {
    let rig = Rig::start().await;
    rig.fault("twilio:CreateMessage", "crash", 1).await;
    let id = rig.accepted(&approved(1)).await;
    rig.advance(120 + 600).await;
    let step = rig.step(&id).await;
    assert_eq!((&step["verdict"], &step["delivery"]), (&json!("Sent"), &json!("delivered")));
    assert_eq!(step["because"]["settled_by"], "receipt");
    assert_eq!(rig.execution(&id).await.end(), "Sent");
    assert_eq!(rig.outbox().await.len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn a_store_that_stays_down_exhausts_the_retries_with_a_cause() {
    let rig = Rig::start().await;
    let id = rig.accepted(&approved(1)).await;
    rig.fault("dynamodb:GetItem", "fail_before", 1_000_000).await;
    rig.advance(120 + 3 * 3600).await;
    rig.clear_faults().await;
    let execution = rig.execution(&id).await;
    assert_eq!((execution.end(), execution.status()), ("RetriesExhausted", "FAILED"));
    assert_eq!(execution.described["error"], "RetriesExhausted");
    let cause = execution.described["cause"].as_str().unwrap();
    assert!(cause.contains("Transient") && cause.contains(&format!("afterword show {id}")), "{cause}");
    let failures = execution.history.iter().filter(|event| event["type"] == "LambdaFunctionFailed").count();
    assert_eq!(failures, 16);
    assert!(rig.outbox().await.is_empty());
    rig.stop().await;
}

#[tokio::test]
async fn an_old_execution_input_with_more_fields_is_still_read() {
    let rig = Rig::start().await;
    rig.fault("states:StartExecution", "fail_before", 3).await;
    assert_eq!(rig.post(approved(1).to_string()).await.status, 503);
    let id = format!("sms-{}", approved(1)["event_id"].as_str().unwrap());
    let input = json!({ "conversation_id": id, "step": "text", "due": "2020-01-01T00:00:00Z", "version": 0, "x": {} });
    let start = json!({
        "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:afterword",
        "name": format!("{id}.text"),
        "input": input.to_string(),
    });
    rig.aws("AWSStepFunctions.StartExecution", &start).await;
    assert_eq!(rig.post(approved(1).to_string()).await.status, 200);
    rig.advance(119).await;
    assert!(rig.outbox().await.is_empty(), "never before the stored due time");
    rig.advance(1).await;
    assert_eq!(rig.execution(&id).await.end(), "Sent");
    assert_eq!(rig.outbox().await.len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn an_execution_of_an_unknown_conversation_ends_as_other() {
    let rig = Rig::start().await;
    for (name, input) in [
        ("a.text", json!({ "conversation_id": "sms-0", "step": "text", "due": "2020-01-01T00:00:00Z" })),
        ("b.text", json!({ "conversation_id": "?", "step": 1, "due": "2020-01-01T00:00:00Z" })),
    ] {
        let start = json!({
            "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:afterword",
            "name": name,
            "input": input.to_string(),
        });
        rig.aws("AWSStepFunctions.StartExecution", &start).await;
        rig.advance(0).await;
        assert_eq!(rig.execution(name.strip_suffix(".text").unwrap()).await.end(), "EndedOther");
    }
    rig.stop().await;
}

/// `StopExecution` decides nothing: the conversation is not cancelled by it.
#[tokio::test]
async fn a_stopped_execution_decides_nothing() {
    let rig = Rig::start().await;
    let id = rig.accepted(&approved(1)).await;
    let arn = format!("arn:aws:states:us-east-1:000000000000:execution:afterword:{id}.text");
    rig.aws("AWSStepFunctions.StopExecution", &json!({ "executionArn": arn })).await;
    rig.advance(DAY).await;
    assert_eq!(rig.execution(&id).await.status(), "ABORTED");
    assert_eq!(rig.step(&id).await["verdict"], json!(null));
    assert!(rig.outbox().await.is_empty());
    rig.stop().await;
}

/// An execution may end after its step's deadline (held: 72 minutes later), and its name stays taken
/// for 90 days from then. So the conversation is kept a little longer than that: an event that comes
/// again is a repeat until its execution can be started again.
#[tokio::test]
async fn an_event_is_a_duplicate_until_its_execution_name_is_free_again() {
    let rig = Rig::start().await;
    rig.switch("paused").await;
    let id = rig.accepted(&approved(1)).await;
    rig.advance(120 + DAY - 1).await;
    rig.switch("on").await;
    rig.fault("twilio:CreateMessage", "timeout_after_accept", 1).await;
    rig.advance(2 * 3600).await;
    assert_eq!(rig.execution(&id).await.end(), "HeldUnknownOutcome");
    rig.advance(90 * DAY - 2 * 3600 + 600).await;
    assert_eq!(rig.post(approved(1).to_string()).await.status, 200);
    rig.advance(6 * 3600).await;
    rig.accepted(&approved(1)).await;
    rig.advance(DAY).await;
    assert_eq!(rig.step(&id).await["verdict"], json!("Sent"), "accepted and lost");
    rig.stop().await;
}
