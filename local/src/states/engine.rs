//! The durable engine: every step is on disk before it has any effect.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use futures_util::future::BoxFuture;
use messaging::values::clock::Clock;
use uuid::Uuid;

use super::api_error::ApiError;
use super::definition::{Definition, Problems};
use super::execution::{Action, Event, Execution};
use super::inner::{Inner, Invoke, Settings, StartOutcome};
use super::timers::Timers;
use super::{arn, driver, journal};
use crate::runtime::timer_source::TimerSource;
use crate::store::Store;

/// An error that keeps the engine from being opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store cannot be read or written.
    #[error("the store of executions cannot be used: {0}")]
    Store(#[from] rusqlite::Error),
    /// A running execution uses an older definition that this engine cannot load.
    #[error("a running execution uses definition {hash}, which cannot be loaded: {problems}")]
    OldDefinition {
        /// The hash of that definition.
        hash: String,
        /// The problems of that definition.
        problems: Problems,
    },
    /// The engine was opened outside a tokio runtime.
    #[error("the engine needs a tokio runtime: {0}")]
    Runtime(#[from] tokio::runtime::TryCurrentError),
}

/// The local Step Functions. Cheap to clone; its work stops when the last clone is dropped.
#[derive(Clone)]
pub struct Engine(pub(super) Arc<Inner>);

impl Engine {
    /// Opens the engine and resumes all running executions.
    ///
    /// # Errors
    /// Fails when the store cannot be used, when a running execution uses a definition that cannot be
    /// loaded, and outside a tokio runtime.
    pub fn open(
        store: Store,
        definition: Definition,
        settings: Settings,
        clock: Arc<dyn Clock>,
        invoke: Invoke,
    ) -> Result<Self, OpenError> {
        let runtime = tokio::runtime::Handle::try_current()?;
        let hash = definition.hash();
        let (old, waiting) = {
            let mut connection = store.lock();
            let transaction = connection.transaction()?;
            journal::prepare(&transaction)?;
            journal::remember(&transaction, &definition, clock.now())?;
            let found = (journal::definitions_in_use(&transaction)?, journal::timers(&transaction)?);
            transaction.commit()?;
            found
        };
        let mut definitions = HashMap::new();
        for (hash, text) in old {
            match Definition::parse(text) {
                Ok(definition) => definitions.insert(hash, Arc::new(definition)),
                Err(problems) => return Err(OpenError::OldDefinition { hash, problems }),
            };
        }
        let definition = Arc::new(definition);
        definitions.insert(hash.clone(), Arc::clone(&definition));
        let timers = Arc::new(Timers::default());
        for (due, sequence) in waiting {
            timers.add(due, sequence);
        }
        let inner = Arc::new(Inner {
            store,
            definition,
            hash,
            definitions,
            settings,
            clock,
            invoke,
            timers: Arc::clone(&timers),
        });
        runtime.spawn(driver::drive(Arc::downgrade(&inner), timers));
        Ok(Self(inner))
    }

    /// Starts an execution, with a random name if none is given.
    ///
    /// A repeated start of a running execution with the same input returns the outcome of the first.
    ///
    /// # Errors
    /// Fails as `StartExecution` does on AWS.
    pub fn start(&self, name: Option<&str>, input: Option<&str>) -> Result<StartOutcome, ApiError> {
        let name = name.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        if !arn::is_execution_name(&name) {
            return Err(ApiError::InvalidName(name));
        }
        let input = input.unwrap_or("{}");
        // Truncated to milliseconds, as it is stored: a repeated start must return the same time.
        let now = self.0.clock.now().trunc_subsecs(3);
        let execution = Execution::new(&name, input, now).map_err(ApiError::InvalidExecutionInput)?;
        self.0.start(execution)
    }

    /// Stops an execution and returns the time of its end. An execution that has ended is not changed.
    ///
    /// # Errors
    /// Fails as `StopExecution` does on AWS.
    pub fn stop(
        &self,
        name: &str,
        error: Option<String>,
        cause: Option<String>,
    ) -> Result<DateTime<Utc>, ApiError> {
        let inner = &self.0;
        let mut connection = inner.store.lock();
        let transaction = connection.transaction()?;
        let record = journal::latest(&transaction, name)?
            .ok_or_else(|| ApiError::ExecutionDoesNotExist(arn::of_execution(name)))?;
        let (mut execution, now) = (record.execution, inner.clock.now());
        let step =
            execution.on(inner.definition_of(&record.definition), Event::Aborted { error, cause }, now);
        if step.action != Action::Unchanged {
            journal::save(&transaction, record.sequence, &execution, record.due, &step.history)?;
            transaction.commit()?;
            inner.timers.remove(record.due, record.sequence);
        }
        Ok(execution.stopped.unwrap_or(now))
    }
}

impl TimerSource for Engine {
    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.0.timers.next_due()
    }

    fn wake(&self) {
        self.0.timers.work.notify_one();
    }

    fn rest(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.timers.rest())
    }

    fn idle(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.timers.idle(|| self.0.clock.now()))
    }
}
