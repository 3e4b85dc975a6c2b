//! The pure interpreter, with events passed by the test.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{FUNCTION, at, define, input, kinds, rfc3339, shipped, verdict, with_task};
use crate::states::{Action, Definition, Event, Execution, Status};

/// An execution with its definition and its history.
pub(super) struct Run {
    definition: Definition,
    pub(super) execution: Execution,
    pub(super) history: Vec<Value>,
    action: Action,
}

impl Run {
    pub(super) fn start(definition: Definition, input: &str) -> Self {
        let execution = Execution::new("sms-1.text", input, at(0)).unwrap();
        let mut run = Self { definition, execution, history: Vec::new(), action: Action::Unchanged };
        run.on(Event::Started, at(0));
        run
    }

    pub(super) fn on(&mut self, event: Event, now: DateTime<Utc>) -> &Action {
        let step = self.execution.on(&self.definition, event, now);
        self.history.extend(step.history.iter().map(crate::states::HistoryEvent::to_json));
        self.action = step.action;
        &self.action
    }

    fn fails(&mut self, error: &str, now: DateTime<Utc>) -> &Action {
        self.on(Event::TaskFailed { error: error.to_owned(), cause: "because".to_owned() }, now)
    }

    /// Fails the task, fires the retry, and returns the delay in milliseconds.
    pub(super) fn retried(&mut self, error: &str) -> Option<i64> {
        let Action::WaitUntil(until) = *self.fails(error, at(0)) else {
            return None;
        };
        assert!(matches!(self.on(Event::TimerFired, until), Action::Invoke { .. }));
        Some((until - at(0)).num_milliseconds())
    }

    fn output(&self) -> Value {
        serde_json::from_str(self.execution.output.as_ref().unwrap()).unwrap()
    }
}

#[test]
fn a_text_is_sent_when_it_is_due() {
    let given = input(120);
    let mut run = Run::start(shipped(), &given);
    assert_eq!(run.action, Action::WaitUntil(at(120)));
    assert_eq!(*run.on(Event::TimerFired, at(119)), Action::Unchanged);
    let value: Value = serde_json::from_str(&given).unwrap();
    let invoke =
        Action::Invoke { resource: FUNCTION.to_owned(), input: value.clone(), timeout_seconds: Some(60) };
    assert_eq!(*run.on(Event::TimerFired, at(120)), invoke);
    let answer = verdict(value.clone(), "Sent");
    assert_eq!(*run.on(Event::TaskSucceeded(answer.clone()), at(121)), Action::Ended);
    assert_eq!((run.execution.status, run.execution.stopped), (Status::Succeeded, Some(at(121))));

    let (input, output) = (value.to_string(), answer.to_string());
    let cut = json!({"truncated": false});
    let expected = json!([
        {"id": 1, "previousEventId": 0, "type": "ExecutionStarted", "timestamp": 1_800_000_000.0, "executionStartedEventDetails":
            {"input": given, "inputDetails": cut, "roleArn": "arn:aws:iam::000000000000:role/afterword-states"}},
        {"id": 2, "previousEventId": 0, "type": "WaitStateEntered", "timestamp": 1_800_000_000.0, "stateEnteredEventDetails":
            {"name": "WaitUntilDue", "input": input, "inputDetails": cut}},
        {"id": 3, "previousEventId": 2, "type": "WaitStateExited", "timestamp": 1_800_000_120.0, "stateExitedEventDetails":
            {"name": "WaitUntilDue", "output": input, "outputDetails": cut}},
        {"id": 4, "previousEventId": 3, "type": "TaskStateEntered", "timestamp": 1_800_000_120.0, "stateEnteredEventDetails":
            {"name": "Send", "input": input, "inputDetails": cut}},
        {"id": 5, "previousEventId": 4, "type": "LambdaFunctionScheduled", "timestamp": 1_800_000_120.0, "lambdaFunctionScheduledEventDetails":
            {"resource": FUNCTION, "input": input, "inputDetails": cut, "timeoutInSeconds": 60}},
        {"id": 6, "previousEventId": 5, "type": "LambdaFunctionStarted", "timestamp": 1_800_000_120.0},
        {"id": 7, "previousEventId": 6, "type": "LambdaFunctionSucceeded", "timestamp": 1_800_000_121.0, "lambdaFunctionSucceededEventDetails":
            {"output": output, "outputDetails": cut}},
        {"id": 8, "previousEventId": 7, "type": "TaskStateExited", "timestamp": 1_800_000_121.0, "stateExitedEventDetails":
            {"name": "Send", "output": output, "outputDetails": cut}},
        {"id": 9, "previousEventId": 8, "type": "ChoiceStateEntered", "timestamp": 1_800_000_121.0, "stateEnteredEventDetails":
            {"name": "Verdict", "input": output, "inputDetails": cut}},
        {"id": 10, "previousEventId": 9, "type": "ChoiceStateExited", "timestamp": 1_800_000_121.0, "stateExitedEventDetails":
            {"name": "Verdict", "output": output, "outputDetails": cut}},
        {"id": 11, "previousEventId": 10, "type": "SucceedStateEntered", "timestamp": 1_800_000_121.0, "stateEnteredEventDetails":
            {"name": "Sent", "input": output, "inputDetails": cut}},
        {"id": 12, "previousEventId": 11, "type": "SucceedStateExited", "timestamp": 1_800_000_121.0, "stateExitedEventDetails":
            {"name": "Sent", "output": output, "outputDetails": cut}},
        {"id": 13, "previousEventId": 12, "type": "ExecutionSucceeded", "timestamp": 1_800_000_121.0, "executionSucceededEventDetails":
            {"output": output, "outputDetails": cut}},
    ]);
    assert_eq!(Value::Array(run.history), expected);
}

#[test]
fn a_wait_verdict_returns_to_the_wait_and_a_past_instant_ends_it_at_once() {
    let mut run = Run::start(shipped(), &input(-5));
    assert!(matches!(run.action, Action::Invoke { .. }));
    let later = json!({"conversation_id": "sms-1", "step": "text", "due": rfc3339(60), "verdict": "Wait"});
    assert_eq!(*run.on(Event::TaskSucceeded(later), at(1)), Action::WaitUntil(at(60)));
    assert!(matches!(run.on(Event::TimerFired, at(60)), Action::Invoke { .. }));
    run.on(Event::TaskSucceeded(json!({"verdict": "SomethingNew", "due": rfc3339(0)})), at(61));
    assert_eq!(
        (run.execution.status, run.execution.position.state.as_str()),
        (Status::Succeeded, "EndedOther")
    );
}

#[test]
fn a_fail_state_sets_error_and_cause() {
    let mut run = Run::start(shipped(), &input(0));
    run.on(
        Event::TaskSucceeded(
            json!({"conversation_id": "sms-1", "step": "text", "verdict": "HeldUnknownOutcome"}),
        ),
        at(1),
    );
    assert_eq!(run.execution.status, Status::Failed);
    assert_eq!(run.execution.error.as_deref(), Some("HeldUnknownOutcome"));
    let cause = "Nobody knows whether step text of sms-1 was sent. Settle it: afterword settle sms-1";
    assert_eq!(run.execution.cause.as_deref(), Some(cause));
    let last: Vec<_> = run.history[run.history.len() - 2..].to_vec();
    assert_eq!(kinds(&last), ["FailStateEntered", "ExecutionFailed"]);
    assert_eq!(
        last[1]["executionFailedEventDetails"],
        json!({"error": "HeldUnknownOutcome", "cause": cause})
    );
}

#[test]
fn results_are_stored_at_the_result_path() {
    let run = |fields: Value, given: &str, answer: Value| {
        let mut run = Run::start(with_task(&fields), given);
        let Action::Invoke { input, .. } = run.action.clone() else { panic!("{:?}", run.action) };
        run.on(Event::TaskSucceeded(answer), at(1));
        (input, run)
    };
    let (_, kept) = run(json!({"ResultPath": null}), r#"{"a":1}"#, json!("gone"));
    assert_eq!(kept.output(), json!({"a": 1}));
    let (seen, placed) = run(
        json!({"InputPath": "$.in", "ResultPath": "$.in.got", "OutputPath": "$.in"}),
        r#"{"in":{"x":1}}"#,
        json!(2),
    );
    assert_eq!((seen, placed.output()), (json!({"x": 1}), json!({"x": 1, "got": 2})));
    let (_, mismatch) = run(json!({"ResultPath": "$.a.b"}), r#"{"a":1}"#, json!(2));
    assert_eq!(mismatch.execution.error.as_deref(), Some("States.ResultPathMatchFailure"));
    let (_, too_large) =
        run(json!({"Retry": [{"ErrorEquals": ["States.ALL"]}]}), "{}", json!("x".repeat(262_143)));
    assert_eq!(too_large.execution.error.as_deref(), Some("States.DataLimitExceeded"));
    let (_, fits) = run(json!({}), "{}", json!("x".repeat(262_142)));
    assert_eq!(fits.execution.status, Status::Succeeded);
    let (_, no_output) = run(
        json!({"OutputPath": "$.gone", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}]}),
        "{}",
        json!({}),
    );
    assert_eq!(no_output.execution.error.as_deref(), Some("States.Runtime"));
    let no_input = Run::start(with_task(&json!({"InputPath": "$.gone"})), "{}");
    assert_eq!(
        (no_input.action, no_input.execution.error.as_deref()),
        (Action::Ended, Some("States.Runtime"))
    );
}

#[test]
fn each_form_of_wait_ends_at_its_instant() {
    let wait = |fields: Value, given: &str| {
        let mut state = json!({"Type": "Wait", "End": true});
        state.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        Run::start(define(&json!({"StartAt": "W", "States": {"W": state}})), given)
    };
    assert_eq!(wait(json!({"Seconds": 10}), "{}").action, Action::WaitUntil(at(10)));
    assert_eq!(wait(json!({"Seconds": 0}), "{}").action, Action::Ended);
    assert_eq!(wait(json!({"Timestamp": rfc3339(7)}), "{}").action, Action::WaitUntil(at(7)));
    assert_eq!(wait(json!({"SecondsPath": "$.s"}), r#"{"s":3}"#).action, Action::WaitUntil(at(3)));
    for (fields, given) in [
        (json!({"SecondsPath": "$.s"}), r#"{"s":-3}"#),
        (json!({"SecondsPath": "$.s"}), r#"{"s":"3"}"#),
        (json!({"TimestampPath": "$.s"}), r#"{"s":3}"#),
        (json!({"TimestampPath": "$.s"}), r#"{"s":"2026-01-01 00:00:00Z"}"#),
        (json!({"TimestampPath": "$.s"}), r#"{"s":"2026-01-01t00:00:00z"}"#),
        (json!({"TimestampPath": "$.gone"}), "{}"),
    ] {
        let run = wait(fields.clone(), given);
        assert_eq!(run.execution.error.as_deref(), Some("States.Runtime"), "{fields} {given}");
        assert_eq!(kinds(&run.history), ["ExecutionStarted", "WaitStateEntered", "ExecutionFailed"]);
    }
}

#[test]
fn a_choice_follows_the_first_rule_that_matches() {
    let choose = |choices: Value, default: bool, given: &str| {
        let mut document = json!({"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": choices}, "Y": {"Type": "Succeed"}}});
        if default {
            document["States"]["C"]["Default"] = json!("N");
            document["States"]["N"] = json!({"Type": "Succeed"});
        }
        Run::start(define(&document), given).execution
    };
    let ends = |rule: Value, given: &str| {
        let mut rule = rule;
        rule["Next"] = json!("Y");
        let execution = choose(json!([rule]), true, given);
        execution.error.unwrap_or(execution.position.state)
    };
    for (rule, given, expected) in [
        (json!({"Variable": "$.a", "StringEquals": "x"}), r#"{"a":"x"}"#, "Y"),
        (json!({"Variable": "$.a", "StringEquals": "x"}), r#"{"a":1}"#, "N"),
        (json!({"Variable": "$.a", "StringEquals": "x"}), "{}", "States.Runtime"),
        (json!({"Variable": "$.a", "NumericEquals": 1}), r#"{"a":1.0}"#, "Y"),
        (json!({"Variable": "$.a", "BooleanEquals": false}), r#"{"a":false}"#, "Y"),
        (json!({"Variable": "$.a", "IsPresent": true}), r#"{"a":null}"#, "Y"),
        (json!({"Variable": "$.a", "IsPresent": false}), "{}", "Y"),
        (json!({"Not": {"Variable": "$.a", "IsPresent": true}}), "{}", "Y"),
        (
            json!({"And": [{"Variable": "$.a", "IsPresent": true}, {"Variable": "$.a", "StringEquals": "x"}]}),
            "{}",
            "N",
        ),
        (
            json!({"Or": [{"Variable": "$.a", "IsPresent": false}, {"Variable": "$.a", "StringEquals": "x"}]}),
            "{}",
            "Y",
        ),
    ] {
        assert_eq!(ends(rule.clone(), given), expected, "{rule} {given}");
    }
    let none = choose(json!([{"Variable": "$.a", "IsPresent": true, "Next": "Y"}]), false, "{}");
    assert_eq!((none.status, none.error.as_deref()), (Status::Failed, Some("States.NoChoiceMatched")));
}

#[test]
fn events_after_the_end_change_nothing() {
    let mut run = Run::start(shipped(), &input(0));
    assert_eq!(*run.on(Event::Aborted { error: Some("E".to_owned()), cause: None }, at(1)), Action::Ended);
    assert_eq!(run.history.last().unwrap()["executionAbortedEventDetails"], json!({"error": "E"}));
    let (before, length) = (run.execution.clone(), run.history.len());
    for event in [
        Event::Started,
        Event::TimerFired,
        Event::TaskTimedOut,
        Event::TaskSucceeded(json!({})),
        Event::Aborted { error: None, cause: None },
    ] {
        assert_eq!(*run.on(event, at(2)), Action::Unchanged);
    }
    assert_eq!((run.execution, run.history.len()), (before, length));
}

#[test]
fn an_execution_ends_at_the_limit_of_25_000_events() {
    let mut run = Run::start(shipped(), &input(0));
    let again = json!({"verdict": "Wait", "due": rfc3339(0)});
    while run.action != Action::Ended {
        run.on(Event::TaskSucceeded(again.clone()), at(1));
    }
    assert_eq!(run.execution.error.as_deref(), Some("States.Runtime"));
    assert!((24_990..=25_000).contains(&run.history.len()));
}
