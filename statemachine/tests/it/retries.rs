//! The retried errors, the number of retries, and the order of the time-outs.

use messaging::conversation::step::CLAIM_LIFETIME;
use serde_json::{Value, json};

use crate::files::{states_of, template};

fn task() -> Value {
    states_of("Task").pop().unwrap().1
}

#[test]
fn errors_of_the_store_or_lambda_are_retried_fifteen_times() {
    let expected = json!([{
        "ErrorEquals": [send::FAILED_VISIT, "States.TaskFailed", "States.Timeout"],
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxDelaySeconds": 300,
        "MaxAttempts": 15,
        "JitterStrategy": "FULL",
    }]);
    assert_eq!(task()["Retry"], expected);
}

#[test]
fn a_visit_that_fails_after_all_retries_ends_without_a_verdict_and_keeps_its_ids() {
    let expected = json!([{
        "ErrorEquals": ["States.ALL"],
        "ResultPath": "$.failure",
        "Next": "RetriesExhausted",
    }]);
    assert_eq!(task()["Catch"], expected);
}

/// Each time-out ends before that of its caller, and a claim outlives every invocation.
#[test]
fn the_provider_times_out_before_the_function_and_the_function_before_the_task() {
    let provider = adapters::providers::twilio::CALL_TIMEOUT.as_secs();
    let function = template()["Resources"]["SendFunction"]["Properties"]["Timeout"].as_u64().unwrap();
    let task = task()["TimeoutSeconds"].as_u64().unwrap();
    assert_eq!((provider, function, task), (10, 30, 60));
    assert!(provider < function && function < task);
    assert!(CLAIM_LIFETIME.num_seconds().unsigned_abs() > function);
}

#[test]
fn a_caller_of_the_api_is_answered_before_its_function_is_killed() {
    let function = template()["Resources"]["IngestFunction"]["Properties"]["Timeout"].as_u64().unwrap();
    assert!(http_edge::answer::ANSWER_WITHIN.as_secs() < function);
    assert!(http_edge::answer::ANSWER_MANY_WITHIN.as_secs() < function);
}
