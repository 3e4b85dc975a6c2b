//! Old inputs of executions still lead through the shipped definition and the shipped send function to a
//! verdict, and the send function's output has every field that the definition reads.

use local::states::{Action, Event, Execution, Status};
use messaging::conversation::step::{ProviderMessage, SendOutcome};
use messaging::testing::memory::World;
use messaging::values::verdict::{Because, Verdict};
use serde_json::{Value, json};

use crate::fakes::{DUE, ID, TestSend, instant, send_function};
use crate::files::{loaded, root};

/// Runs an execution as an engine does. Returns its end and the states that it passed.
async fn run(input: &str, send: &TestSend, world: &World) -> (Execution, Vec<String>) {
    let definition = loaded();
    let mut execution = Execution::new("test", input, instant(DUE)).unwrap();
    let mut states = Vec::new();
    let mut event = Event::Started;
    for visit in 0..100 {
        let now = world.state().now;
        let step = execution.on(&definition, event, now);
        states.push(execution.position.state.clone());
        event = match step.action {
            Action::WaitUntil(until) => {
                let mut state = world.state();
                state.now = state.now.max(until);
                Event::TimerFired
            }
            Action::Invoke { input, .. } => {
                let answer = send.handle(&input, &format!("invocation-{visit}")).await;
                Event::TaskSucceeded(serde_json::to_value(answer.unwrap()).unwrap())
            }
            Action::Ended => return (execution, states),
            Action::Unchanged => panic!("the event does not fit the state"),
        };
    }
    panic!("the execution does not end");
}

fn accepted() -> SendOutcome {
    let message = ProviderMessage { provider: "twilio".to_owned(), id: "SM1".to_owned(), from: None };
    SendOutcome::Accepted { message }
}

/// Returns every version of the input, oldest first.
fn fixtures() -> Vec<(String, String)> {
    let folder = root().join("statemachine/tests/inputs");
    let mut fixtures: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    fixtures.sort();
    fixtures
}

#[tokio::test]
async fn every_input_of_an_earlier_version_is_still_sent() {
    let fixtures = fixtures();
    assert!(!fixtures.is_empty());
    for (file, input) in fixtures {
        let (send, world) = send_function(accepted());
        let (execution, states) = run(&input, &send, &world).await;
        assert_eq!(execution.status, Status::Succeeded, "{file}: {:?}", execution.cause);
        assert_eq!(states.last().unwrap(), "Sent", "{file}");
        let output: Value = serde_json::from_str(&execution.output.unwrap()).unwrap();
        assert_eq!(output["conversation_id"], ID, "{file}");
        assert_eq!(output["step"], "text", "{file}");
    }
}

#[test]
fn the_newest_fixture_matches_the_present_input() {
    let id = messaging::values::ids::ConversationId::new(ID).unwrap();
    let step = messaging::values::ids::StepName::new("text").unwrap();
    let written = adapters::executions::execution_input(&id, &step, instant(DUE));
    assert_eq!(fixtures().pop().unwrap().1.trim_end(), written);
}

#[tokio::test]
async fn a_rejected_text_fails_with_a_readable_cause() {
    let body = br#"{"code": 21211, "message": "not a number", "status": 400}"#;
    let (send, world) = send_function(adapters::providers::twilio::outcome_of(400, body, "+15005550006"));
    let (execution, _) = run(&fixtures()[0].1, &send, &world).await;
    assert_eq!(execution.status, Status::Failed);
    assert_eq!(execution.error.unwrap(), "RejectedByProvider");
    let expected = format!(
        "Twilio refused the text with error 21211; https://www.twilio.com/docs/api/errors/21211 tells what it means. The whole story: afterword show {ID}"
    );
    assert_eq!(execution.cause.unwrap(), expected);
}

#[tokio::test]
async fn a_lost_answer_waits_for_evidence_and_is_then_held() {
    let because = Because::fact("provider", "twilio").and("reason", "timeout");
    let (send, world) = send_function(SendOutcome::Unknown { because });
    let (execution, _) = run(&fixtures()[0].1, &send, &world).await;
    assert_eq!(execution.status, Status::Failed);
    assert_eq!(execution.error.unwrap(), "HeldUnknownOutcome");
    let cause = execution.cause.unwrap();
    assert!(
        cause.starts_with("The provider's answer to attempt 1 was lost at 2026-11-20T12:30:09"),
        "{cause}"
    );
    assert!(cause.ends_with(&format!("afterword show {ID}")), "{cause}");
    assert_eq!(world.state().now.to_rfc3339(), "2026-11-20T13:42:09+00:00");
}

/// Returns the state that the choice selects for an answer with this verdict.
fn ends_in(verdict: &str, because: Because) -> (Execution, String) {
    let definition = loaded();
    let mut execution = Execution::new("test", &fixtures()[0].1, instant(DUE)).unwrap();
    let output = send::Output {
        conversation_id: Some(ID.to_owned()),
        step: Some("text".to_owned()),
        due: Some(DUE.to_owned()),
        verdict: verdict.to_owned(),
        because,
    };
    let answer = serde_json::to_value(output).unwrap();
    for event in [Event::Started, Event::TimerFired, Event::TaskSucceeded(answer)] {
        execution.on(&definition, event, instant(DUE));
    }
    let state = execution.position.state.clone();
    (execution, state)
}

#[test]
fn each_verdict_ends_in_its_own_state_and_a_failure_has_a_cause() {
    for verdict in Verdict::ALL {
        let (execution, state) = ends_in(verdict.as_str(), Because::default().explained("It went wrong."));
        assert_eq!(state, verdict.as_str());
        if verdict.is_failure() {
            assert_eq!(execution.error.unwrap(), verdict.as_str());
            let expected = format!("It went wrong. The whole story: afterword show {ID}");
            assert_eq!(execution.cause.unwrap(), expected);
        } else {
            assert_eq!(execution.status, Status::Succeeded, "{verdict}");
        }
    }
}

#[test]
fn an_unknown_verdict_ends_as_other_with_its_output() {
    for verdict in ["InvalidInput", "ConversationNotFound", "StepNotFound", "SkippedByALaterVersion"] {
        let (execution, state) = ends_in(verdict, Because::default());
        assert_eq!(state, "EndedOther");
        assert_eq!(execution.status, Status::Succeeded);
        let output: Value = serde_json::from_str(&execution.output.unwrap()).unwrap();
        assert_eq!(output["verdict"], verdict);
    }
}

#[test]
fn a_function_that_keeps_failing_ends_with_a_cause_and_without_a_verdict() {
    let definition = loaded();
    let mut execution = Execution::new("test", &fixtures()[0].1, instant(DUE)).unwrap();
    let now = instant("2027-01-01T00:00:00Z");
    execution.on(&definition, Event::Started, now);
    execution.on(&definition, Event::TimerFired, now);
    for attempt in 0..=15 {
        assert_eq!(execution.status, Status::Running, "after {attempt} failures");
        let failed = Event::TaskFailed { error: send::FAILED_VISIT.to_owned(), cause: "no table".to_owned() };
        if let Action::WaitUntil(_) = execution.on(&definition, failed, now).action {
            execution.on(&definition, Event::TimerFired, now + chrono::TimeDelta::hours(1));
        }
    }
    assert_eq!(execution.error.unwrap(), "RetriesExhausted");
    let cause = execution.cause.unwrap();
    assert!(cause.contains("last with Transient"), "{cause}");
    assert!(cause.contains("afterword retry --verdict RetriesExhausted --since 20"), "{cause}");
    assert!(cause.ends_with(&format!("afterword show {ID}")), "{cause}");
}

/// A task's result replaces its input, so it must contain every field that the next visit reads.
#[tokio::test]
async fn the_output_of_a_wait_contains_the_input_of_the_next_visit() {
    let (send, world) = send_function(accepted());
    world.state().now = instant("2026-11-20T12:00:00Z");
    let input: Value = serde_json::from_str(&fixtures()[0].1).unwrap();
    let early = serde_json::to_value(send.handle(&input, "early").await.unwrap()).unwrap();
    let expected = json!({
        "conversation_id": ID,
        "step": "text",
        "due": DUE,
        "verdict": "Wait",
        "because": { "early": true },
    });
    assert_eq!(early, expected);
}
