//! A `Task`: its call, its result, and its error handling by `Retry` and `Catch`.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::run::{Failure, Flow, Run};
use super::values::output_text;
use super::{Action, Phase};
use crate::states::definition::{Next, State, Task, Work, covers};
use crate::states::path::Path;

impl<'a> Run<'a> {
    pub(super) fn invoke(&mut self, state: &State, task: &Task) -> Result<Flow, Failure> {
        self.room_for_more()?;
        let input = self.seen(&state.input_path)?;
        let mut details = json!({"resource": task.resource, "input": input.to_string()});
        if let (Some(seconds), Some(details)) = (task.timeout_seconds, details.as_object_mut()) {
            details.insert("timeoutInSeconds".to_owned(), json!(seconds));
        }
        self.record("LambdaFunctionScheduled", details);
        self.record("LambdaFunctionStarted", Value::Null);
        self.position().phase = Phase::Invoking;
        Ok(Flow::Rest(Action::Invoke {
            resource: task.resource.clone(),
            input,
            timeout_seconds: task.timeout_seconds,
        }))
    }

    pub(super) fn task_succeeded(&mut self, result: Value) -> Result<Flow, Failure> {
        let text = match output_text(&result) {
            Ok(text) => text,
            Err(failure) => return self.task_failed(failure),
        };
        self.record("LambdaFunctionSucceeded", json!({"output": text}));
        let (state, task) = self.task()?;
        let raw = self.position().input.clone();
        let placed = match &task.result_path {
            None => raw,
            Some(path) => path.put(raw, result).map_err(|_| mismatch(path))?,
        };
        let output = self.at(&state.output_path, &placed)?;
        self.exit(output, &task.next)
    }

    pub(super) fn task_failed(&mut self, failure: Failure) -> Result<Flow, Failure> {
        self.record("LambdaFunctionFailed", json!({"error": failure.error, "cause": failure.cause}));
        Err(failure)
    }

    pub(super) fn task_timed_out(&mut self) -> Result<Flow, Failure> {
        let failure =
            Failure::new("States.Timeout", "The task took longer than its TimeoutSeconds.".to_owned());
        self.record("LambdaFunctionTimedOut", json!({"error": failure.error, "cause": failure.cause}));
        Err(failure)
    }

    /// Retries or catches an error, or returns it.
    ///
    /// As on AWS, the first retrier that names the error decides. When its attempts are used up, the catchers
    /// are tried and not the retriers after it.
    pub(super) fn handle(&mut self, failure: Failure) -> Result<Flow, Failure> {
        let Some(State { work: Work::Task(task), .. }) =
            self.definition.states.get(&self.execution.position.state)
        else {
            return Err(failure);
        };
        let retrier =
            task.retry.iter().enumerate().find(|(_, retrier)| covers(&retrier.errors, &failure.error));
        if let Some((index, retrier)) = retrier {
            let position = self.position();
            position.retries.resize(task.retry.len(), 0);
            let used = position.retries.get(index).copied().unwrap_or_default();
            if used < retrier.max_attempts {
                if let Some(count) = position.retries.get_mut(index) {
                    *count += 1;
                }
                position.attempts += 1;
                let most = retrier.delay_millis(used);
                let attempts = position.attempts;
                let millis =
                    if retrier.full_jitter { jitter(&self.execution.name, attempts, most) } else { most };
                return Ok(self.retry_at(after(self.now, millis)));
            }
        }
        let Some(catcher) = task.catch.iter().find(|catcher| covers(&catcher.errors, &failure.error)) else {
            return Err(failure);
        };
        let raw = self.position().input.clone();
        let output = match &catcher.result_path {
            None => raw,
            Some(path) => {
                let error = json!({"Error": failure.error, "Cause": failure.cause});
                path.put(raw, error).map_err(|_| {
                    self.runtime(&format!("The error cannot be put at '{path}' of the input."))
                })?
            }
        };
        self.exit(output, &Next::State(catcher.next.clone()))
    }

    fn retry_at(&mut self, until: DateTime<Utc>) -> Flow {
        self.position().phase = Phase::Waiting { until };
        Flow::Rest(Action::WaitUntil(until))
    }

    fn task(&mut self) -> Result<(&'a State, &'a Task), Failure> {
        let state = self.state()?;
        match &state.work {
            Work::Task(task) => Ok((state, task.as_ref())),
            _ => Err(self.runtime("it has no task")),
        }
    }
}

/// Returns a delay of 0 to `most` milliseconds that looks random and is the same in every replay.
fn jitter(name: &str, attempt: u64, most: u64) -> u64 {
    let hash =
        Sha256::new().chain_update(name).chain_update([0]).chain_update(attempt.to_be_bytes()).finalize();
    let random = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // The bias of the modulo over 2^64 is far too small to be measured.
    random % most.saturating_add(1)
}

fn after(now: DateTime<Utc>, millis: u64) -> DateTime<Utc> {
    let delta = i64::try_from(millis).ok().and_then(TimeDelta::try_milliseconds);
    delta.and_then(|delta| now.checked_add_signed(delta)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn mismatch(path: &Path) -> Failure {
    Failure::new(
        "States.ResultPathMatchFailure",
        format!("The ResultPath '{path}' cannot be applied to the state's input."),
    )
}
