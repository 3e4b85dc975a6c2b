//! Inputs of executions, which may be old or written by hand.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use local::serve::STATE_MACHINE;
use local::states::{Action, Definition, Event, Execution, Status};
use serde_json::Value;

use crate::call::{self, answer, run};
use crate::world::{API_KEY, handlers, now, world};

const EVENT: &[u8] = include_bytes!("../../test-payloads/ingest/sms-advance-approved.json");

/// Runs an execution with any input through the shipped definition and the shipped function, after one event was
/// accepted. The execution ends in a state, and the event's text is sent once at most.
pub(crate) fn execution_input(data: &[u8]) {
    let Ok(input) = std::str::from_utf8(data) else { return };
    let Ok(mut execution) = Execution::new("fuzz", input, now()) else { return };
    let values = HashMap::from([(
        "SendFunctionArn".to_owned(),
        "arn:aws:lambda:us-east-1:000000000000:function:send".to_owned(),
    )]);
    let definition = Definition::load(STATE_MACHINE, &values).unwrap();
    let world = world();
    let headers = [("content-type", "application/json"), ("x-api-key", API_KEY)];
    assert_eq!(answer(&world, call::event("POST /sms", &headers, EVENT).unwrap()).0, 202);
    let send = handlers(&world).send;
    let mut event = Event::Started;
    for visit in 0..100 {
        let step = execution.on(&definition, event, world.state().now);
        event = match step.action {
            Action::WaitUntil(until) => {
                // An execution lives one year, so it ends before a longer wait does.
                if until > now() + chrono::TimeDelta::days(366) {
                    return;
                }
                advance_clock(&world, until);
                Event::TimerFired
            }
            Action::Invoke { input, .. } => {
                let said = run(send.handle(&input, &format!("visit-{visit}")));
                Event::TaskSucceeded(serde_json::to_value(said.unwrap()).unwrap())
            }
            Action::Ended => {
                assert_ne!(execution.status, Status::Running);
                assert!(execution.output.as_deref().is_none_or(|output| {
                    serde_json::from_str::<Value>(output).is_ok() && !output.contains("2025550143")
                }));
                assert!(world.state().delivered <= 1);
                return;
            }
            Action::Unchanged => panic!("the event does not fit the state"),
        };
    }
    panic!("the execution does not end");
}

fn advance_clock(world: &messaging::testing::memory::World, until: DateTime<Utc>) {
    let mut state = world.state();
    state.now = state.now.max(until);
}
