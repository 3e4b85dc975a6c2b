//! The interpreter, which moves an execution on by one event.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::run::{Failure, Flow, Run};
use super::values::output_text;
use super::{Action, Event, Execution, Phase, Position, Status, Step};
use crate::states::arn;
use crate::states::definition::{Definition, Next, Rule, State, Work};
use crate::states::history::HistoryEvent;

/// The last event at which a state may be entered. AWS ends an execution at 25,000 events, and no state
/// needs more than the rest to end.
const LAST_ENTRY: u64 = 24_990;

pub(super) fn on(
    definition: &Definition,
    execution: &mut Execution,
    event: Event,
    now: DateTime<Utc>,
) -> Step {
    let mut run = Run { definition, execution, now, history: Vec::new() };
    let action = run.event(event);
    Step { history: run.history, action }
}

impl<'a> Run<'a> {
    fn event(&mut self, event: Event) -> Action {
        let flow = match (self.position().phase, event) {
            (Phase::Ended, _) => return Action::Unchanged,
            (Phase::Created, Event::Started) => {
                self.record_start();
                self.execution.position.state.clone_from(&self.definition.start_at);
                Ok(Flow::Enter)
            }
            (phase, Event::Aborted { error, cause }) => {
                if phase == Phase::Created {
                    self.record_start();
                }
                return self.end(Status::Aborted, None, error, cause);
            }
            (Phase::Waiting { until }, Event::TimerFired) if until <= self.now => self.resume(),
            (Phase::Invoking, Event::TaskSucceeded(result)) => self.task_succeeded(result),
            (Phase::Invoking, Event::TaskFailed { error, cause }) => {
                self.task_failed(Failure::new(&error, cause))
            }
            (Phase::Invoking, Event::TaskTimedOut) => self.task_timed_out(),
            _ => return Action::Unchanged,
        };
        self.proceed(flow)
    }

    /// Follows transitions in a loop instead of recursion: a machine may have thousands of states in a row.
    fn proceed(&mut self, mut flow: Result<Flow, Failure>) -> Action {
        loop {
            flow = match flow {
                Ok(Flow::Rest(action)) => return action,
                Ok(Flow::Enter) => self.enter(),
                Err(failure) => match self.handle(failure) {
                    Ok(flow) => Ok(flow),
                    Err(failure) => return self.fail(failure),
                },
            };
        }
    }

    fn enter(&mut self) -> Result<Flow, Failure> {
        self.room_for_more()?;
        let state = self.state()?;
        let (kind, name, input) =
            (kind(&state.work), self.position().state.clone(), self.position().input.to_string());
        let id = self.record(&format!("{kind}StateEntered"), json!({"name": name, "input": input}));
        let position = self.position();
        position.entered = id;
        position.retries.clear();
        match &state.work {
            Work::Wait { until, next } => {
                let until = self.instant(until, &state.input_path)?;
                if until <= self.now {
                    return self.leave(state, next);
                }
                self.position().phase = Phase::Waiting { until };
                Ok(Flow::Rest(Action::WaitUntil(until)))
            }
            Work::Task(task) => self.invoke(state, task),
            Work::Choice { rules, default } => self.choose(state, rules, default.as_deref()),
            Work::Succeed => self.leave(state, &Next::End),
            Work::Fail { error, cause } => {
                let error = self.text(error.as_ref())?;
                let cause = self.text(cause.as_ref())?;
                Ok(Flow::Rest(self.end(Status::Failed, None, error, cause)))
            }
        }
    }

    /// Continues after the instant of a wait or a retry.
    fn resume(&mut self) -> Result<Flow, Failure> {
        let state = self.state()?;
        match &state.work {
            Work::Wait { next, .. } => self.leave(state, next),
            Work::Task(task) => self.invoke(state, task),
            _ => Err(self.runtime("it cannot wait")),
        }
    }

    fn choose(
        &mut self,
        state: &'a State,
        rules: &[(Rule, String)],
        default: Option<&'a str>,
    ) -> Result<Flow, Failure> {
        let input = self.seen(&state.input_path)?;
        for (rule, next) in rules {
            let matches = rule.matches(&input);
            if matches.map_err(|path| {
                self.runtime(&format!(
                    "Invalid path '{path}': The choice state's condition path references an invalid value."
                ))
            })? {
                return self.leave(state, &Next::State(next.clone()));
            }
        }
        match default {
            Some(default) => self.leave(state, &Next::State(default.to_owned())),
            None => Err(Failure::new(
                "States.NoChoiceMatched",
                "No choice rule matched and the state has no Default.".to_owned(),
            )),
        }
    }

    /// Leaves a state whose output is the input that it sees.
    fn leave(&mut self, state: &State, next: &Next) -> Result<Flow, Failure> {
        let seen = self.seen(&state.input_path)?;
        let output = self.at(&state.output_path, &seen)?;
        self.exit(output, next)
    }

    pub(super) fn exit(&mut self, output: Value, next: &Next) -> Result<Flow, Failure> {
        let text = output_text(&output)?;
        let state = self.state()?;
        let name = self.position().state.clone();
        self.record(&format!("{}StateExited", kind(&state.work)), json!({"name": name, "output": text}));
        match next {
            Next::End => Ok(Flow::Rest(self.end(Status::Succeeded, Some(text), None, None))),
            Next::State(next) => {
                let position = self.position();
                position.state.clone_from(next);
                position.input = output;
                Ok(Flow::Enter)
            }
        }
    }

    fn fail(&mut self, failure: Failure) -> Action {
        let status = if failure.error == "States.Timeout" { Status::TimedOut } else { Status::Failed };
        self.end(status, None, Some(failure.error), Some(failure.cause))
    }

    fn end(
        &mut self,
        status: Status,
        output: Option<String>,
        error: Option<String>,
        cause: Option<String>,
    ) -> Action {
        let kind = match status {
            Status::Succeeded => "ExecutionSucceeded",
            Status::TimedOut => "ExecutionTimedOut",
            Status::Aborted => "ExecutionAborted",
            Status::Failed | Status::Running => "ExecutionFailed",
        };
        let given = [("output", &output), ("error", &error), ("cause", &cause)];
        let details: Map<_, _> = given
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))))
            .collect();
        self.record(kind, Value::Object(details));
        let execution = &mut *self.execution;
        (execution.status, execution.stopped) = (status, Some(self.now));
        (execution.output, execution.error, execution.cause) = (output, error, cause);
        execution.position = Position {
            phase: Phase::Ended,
            // An ended execution needs no data, because its history contains it.
            input: Value::Null,
            ..execution.position.clone()
        };
        Action::Ended
    }

    fn record_start(&mut self) {
        let input = self.execution.input.clone();
        self.record("ExecutionStarted", json!({"input": input, "roleArn": arn::ROLE_ARN}));
    }

    pub(super) fn record(&mut self, kind: &str, details: Value) -> u64 {
        let last = self.position().events;
        self.position().events = last + 1;
        // On AWS the entry of the first state has no predecessor.
        let previous = if last == 1 && kind.ends_with("StateEntered") { 0 } else { last };
        let details = if let Value::Object(details) = details { details } else { Map::new() };
        self.history.push(HistoryEvent {
            id: last + 1,
            previous,
            at: self.now,
            kind: kind.to_owned(),
            details,
        });
        last + 1
    }

    pub(super) fn room_for_more(&mut self) -> Result<(), Failure> {
        if self.position().events < LAST_ENTRY {
            return Ok(());
        }
        Err(Failure::new(
            "States.Runtime",
            "The execution reached the maximum number of history events (25000).".to_owned(),
        ))
    }
}

fn kind(work: &Work) -> &'static str {
    match work {
        Work::Wait { .. } => "Wait",
        Work::Task(_) => "Task",
        Work::Choice { .. } => "Choice",
        Work::Succeed => "Succeed",
        Work::Fail { .. } => "Fail",
    }
}
