//! The steps of the engine. Each is one transaction, and has no effect before it is committed.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::api_error::ApiError;
use super::definition::Definition;
use super::execution::{Action, Event, Execution, Phase, Status, Step};
use super::inner::{Inner, StartOutcome};
use super::journal::{self, Record};
use super::timers::{Due, Sequence, due};

/// A call of a function that a step requires.
pub(super) struct Call {
    pub(super) sequence: Sequence,
    pub(super) resource: String,
    pub(super) input: Value,
    pub(super) timeout_seconds: Option<u64>,
}

/// The time for which a name stays reserved after its execution ended.
const NAME_KEPT: TimeDelta = TimeDelta::days(90);

impl Inner {
    /// Stores a new execution, unless its name is in use.
    pub(super) fn start(&self, created: Execution) -> Result<StartOutcome, ApiError> {
        let mut connection = self.store.lock();
        let transaction = connection.transaction()?;
        if let Some(Record { execution: old, .. }) = journal::latest(&transaction, &created.name)? {
            if old.status == Status::Running && old.input == created.input {
                return Ok(StartOutcome { arn: old.arn, started: old.started });
            }
            if old.stopped.is_none_or(|stopped| created.started < stopped + NAME_KEPT) {
                return Err(ApiError::ExecutionAlreadyExists(old.arn));
            }
        }
        let started = StartOutcome { arn: created.arn.clone(), started: created.started };
        let now = created.started;
        let mut execution = created.clone();
        let mut step = execution.on(&self.definition, Event::Started, now);
        if matches!(step.action, Action::Invoke { .. }) {
            // The driver starts it when its turn and a free slot have come.
            execution = created;
            step = Step { history: Vec::new(), action: Action::WaitUntil(now) };
        }
        let at = due_of(&execution, now);
        let sequence = journal::insert(&transaction, &execution, &self.hash, at)?;
        journal::save(&transaction, sequence, &execution, at, &step.history)?;
        transaction.commit()?;
        if execution.status == Status::Running {
            self.timers.add(at, sequence);
        }
        Ok(started)
    }

    /// Applies one step to an execution that `Timers::take` returned, and stores it.
    ///
    /// Without an event, the due time has been reached. Returns the call to make. Without a call, the
    /// execution has been returned to the timers.
    pub(super) fn step(&self, sequence: Sequence, event: Option<Event>) -> Option<Call> {
        match self.try_step(sequence, event) {
            Ok(call) => call,
            Err(error) => {
                // Its stored state is unchanged, and it continues when the engine is opened again.
                tracing::error!(%error, sequence, "Could not store a step of an execution");
                self.timers.done(None);
                None
            }
        }
    }

    fn try_step(&self, sequence: Sequence, event: Option<Event>) -> rusqlite::Result<Option<Call>> {
        let mut connection = self.store.lock();
        let transaction = connection.transaction()?;
        let record = journal::load(&transaction, sequence)?;
        let (mut execution, now) = (record.execution, self.clock.now());
        let event = event.unwrap_or_else(|| time_has_come(execution.position.phase));
        let step = execution.on(self.definition_of(&record.definition), event, now);
        let at = due_of(&execution, now);
        if step.action != Action::Unchanged {
            journal::save(&transaction, sequence, &execution, at, &step.history)?;
        }
        transaction.commit()?;
        if let Action::Invoke { resource, input, timeout_seconds } = step.action {
            return Ok(Some(Call { sequence, resource, input, timeout_seconds }));
        }
        // The store is still locked, so that StopExecution either finds the timer or runs first.
        self.timers.done((execution.status == Status::Running).then_some((at, sequence)));
        Ok(None)
    }

    /// Returns a definition. `open` loaded those of all running executions; an ended one needs none.
    pub(super) fn definition_of(&self, hash: &str) -> &Definition {
        self.definitions.get(hash).unwrap_or(&self.definition)
    }
}

/// Returns the event that the due time means in this phase.
fn time_has_come(phase: Phase) -> Event {
    match phase {
        Phase::Created => Event::Started,
        Phase::Waiting { .. } | Phase::Ended => Event::TimerFired,
        // This occurs only after opening: while the engine runs, an execution in a task has no timer.
        Phase::Invoking => Event::TaskFailed {
            error: "Lambda.Unknown".to_owned(),
            cause: "the invocation was lost when the machine stopped".to_owned(),
        },
    }
}

fn due_of(execution: &Execution, now: DateTime<Utc>) -> Due {
    match execution.position.phase {
        Phase::Waiting { until } => due(until),
        Phase::Created | Phase::Invoking | Phase::Ended => due(now),
    }
}
