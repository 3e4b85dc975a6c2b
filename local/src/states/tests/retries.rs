//! Tests of `Retry` and `Catch` with the pure interpreter.

use serde_json::{Value, json};

use super::interpreter::Run;
use super::{FUNCTION, at, define, input, kinds, shipped, with_task};
use crate::states::{Action, Event, Status};

#[test]
fn a_task_is_retried_with_growing_delays_and_then_caught() {
    let mut run = Run::start(shipped(), &input(0));
    let delays: Vec<_> = std::iter::from_fn(|| run.retried("Anything")).collect();
    assert_eq!(delays.len(), 15);
    for (index, delay) in delays.iter().enumerate() {
        let most = 1000 * (2 << index).min(300);
        assert!((0..=most).contains(delay), "{delay} is not between 0 and {most}");
    }
    assert!(delays.iter().any(|delay| *delay > 0));
    assert_eq!(
        (run.execution.status, run.execution.error.as_deref()),
        (Status::Failed, Some("RetriesExhausted"))
    );
    assert_eq!(
        run.execution.cause.as_deref(),
        Some("Step text of sms-1 kept failing: Anything. It's safe to redrive.")
    );
    let failed: Vec<_> = run.history.iter().filter(|event| event["type"] == "LambdaFunctionFailed").collect();
    assert_eq!(failed.len(), 16);
    assert_eq!(
        failed[0]["lambdaFunctionFailedEventDetails"],
        json!({"error": "Anything", "cause": "because"})
    );
    let exit = run.history.iter().find(|event| event["type"] == "TaskStateExited").unwrap();
    let output: Value =
        serde_json::from_str(exit["stateExitedEventDetails"]["output"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&output["step"], &output["failure"]),
        (&json!("text"), &json!({"Error": "Anything", "Cause": "because"}))
    );

    let mut same = Run::start(shipped(), &input(0));
    assert_eq!(std::iter::from_fn(|| same.retried("Anything")).collect::<Vec<_>>(), delays);
}

#[test]
fn without_jitter_delays_are_exact_and_capped() {
    let retry = json!({"Retry": [{"ErrorEquals": ["A"], "IntervalSeconds": 3, "BackoffRate": 1.5, "MaxAttempts": 4, "MaxDelaySeconds": 8}]});
    let mut run = Run::start(with_task(&retry), "{}");
    assert_eq!(std::iter::from_fn(|| run.retried("A")).collect::<Vec<_>>(), [3000, 4500, 6750, 8000]);
    let mut defaults = Run::start(with_task(&json!({"Retry": [{"ErrorEquals": ["States.ALL"]}]})), "{}");
    assert_eq!(std::iter::from_fn(|| defaults.retried("A")).collect::<Vec<_>>(), [1000, 2000, 4000]);
    assert_eq!(defaults.execution.error.as_deref(), Some("A"));
    let mut never =
        Run::start(with_task(&json!({"Retry": [{"ErrorEquals": ["A"], "MaxAttempts": 0}]})), "{}");
    assert_eq!(never.retried("A"), None);
}

#[test]
fn each_retrier_counts_for_itself_until_the_state_is_left() {
    let machine = define(&json!({"StartAt": "T", "States": {
        "T": {
            "Type": "Task", "Resource": FUNCTION, "Next": "C",
            "Retry": [{"ErrorEquals": ["A"], "MaxAttempts": 2}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
        },
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.again", "BooleanEquals": true, "Next": "T"}], "Default": "S"},
        "S": {"Type": "Succeed"},
    }}));
    let mut run = Run::start(machine, "{}");
    assert_eq!((run.retried("A"), run.retried("B"), run.retried("A")), (Some(1000), Some(1000), Some(2000)));
    assert!(matches!(run.on(Event::TaskSucceeded(json!({"again": true})), at(0)), Action::Invoke { .. }));
    assert_eq!((run.retried("A"), run.retried("A")), (Some(1000), Some(2000)), "the counters start again");
    assert_eq!(run.retried("A"), None, "the first retrier that names the error decides alone");
}

#[test]
fn wildcards_leave_out_the_errors_that_aws_excludes() {
    let retry = |names: Value| with_task(&json!({"Retry": [{"ErrorEquals": names}]}));
    let timed_out = |definition| {
        matches!(Run::start(definition, "{}").on(Event::TaskTimedOut, at(1)), Action::WaitUntil(_))
    };
    assert!(!timed_out(retry(json!(["States.TaskFailed"]))));
    assert!(timed_out(retry(json!(["States.Timeout"]))));
    assert!(timed_out(retry(json!(["States.ALL"]))));
    for (error, all, task_failed) in [
        ("A", true, true),
        ("Lambda.Unknown", true, true),
        ("States.DataLimitExceeded", false, false),
        ("States.Runtime", false, false),
    ] {
        let covered = |name: &str| Run::start(retry(json!([name])), "{}").retried(error).is_some();
        assert_eq!((covered("States.ALL"), covered("States.TaskFailed")), (all, task_failed), "{error}");
    }
    let mut run = Run::start(with_task(&json!({})), "{}");
    run.on(Event::TaskTimedOut, at(1));
    assert_eq!(
        (run.execution.status, run.execution.error.as_deref()),
        (Status::TimedOut, Some("States.Timeout"))
    );
    assert_eq!(
        kinds(&run.history)[3..],
        ["LambdaFunctionStarted", "LambdaFunctionTimedOut", "ExecutionTimedOut"]
    );
}
