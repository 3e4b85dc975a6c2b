//! The ports in memory, for tests and for the simulator: a table, a state machine, a provider, a
//! switch, keys and journeys that keep the ports' contracts (see [`crate::testing::contract`]), and in which
//! any call can go wrong.
//!
//! Nothing here waits for real. A call that never answers is a crash: its future stays pending.

mod codes;
mod erasure;
mod executions;
mod facts;
mod faults;
mod inbox;
mod ports;
mod provider;
mod receipts;
mod sending;
mod store;
#[cfg(test)]
mod testing;

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use chrono::{DateTime, TimeDelta, Utc};

use crate::conversation::step::{SendOutcome, Switch};
use crate::journeys::rate_limits::RateLimiter;
use crate::ports::{CurrentJourneys, Unavailable};
use crate::values::clock::Clock;
use crate::values::provider::Provider;

pub use facts::{Fact, RecordedFact};
pub use faults::{FAULTS, Fault, FaultGenerator, FaultSource, Mutation, PROVIDER_FAULTS};
use provider::ProviderRecord;
pub use provider::message_id;
pub use sending::Spent;
pub use store::Store;
#[cfg(test)]
pub(crate) use testing::{ScheduledEvent, at, conversation, phone};

/// A world that the use cases can live in. A clone is the same world: functions hold their ports by
/// value.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

/// Everything in it.
pub struct State {
    /// The present instant.
    pub now: DateTime<Utc>,
    /// The table.
    pub store: Store,
    /// Executions that were started: their names and due times, as they would be in the input.
    pub executions: BTreeMap<String, String>,
    /// Every call of a port by name, in order.
    pub calls: Vec<&'static str>,
    /// What goes wrong.
    pub faults: FaultSource,
    /// What the provider says; `Accepted` when nothing is left.
    pub outcomes: VecDeque<SendOutcome>,
    /// Attempts for which the provider was called.
    pub attempts: Vec<u32>,
    /// The providers that were called.
    pub called_providers: Vec<Provider>,
    /// Whether each call asked for a template instead of words.
    pub template_calls: Vec<bool>,
    /// Texts that reached a phone.
    pub delivered: usize,
    /// Whether the provider's own records can be asked.
    pub provider_searchable: bool,
    /// What they hold.
    provider_records: Vec<ProviderRecord>,
    /// What the operators' switch says.
    pub switch: Switch,
    /// Keys by entry, the newest first.
    pub keys: BTreeMap<&'static str, Vec<&'static str>>,
    /// The journeys in force.
    pub journeys: Option<CurrentJourneys>,
    /// What has been spent.
    pub spent: Spent,
    /// The senders' schedules.
    pub rate_limiters: BTreeMap<String, RateLimiter>,
    /// What has taken effect, in order: what a checker judges by.
    pub facts: Vec<RecordedFact>,
    /// What no port should ever be asked.
    pub inconsistencies: Vec<String>,
    /// Gives others a turn before each call, so that a scheduler can interleave invocations.
    pub interleaved: bool,
    /// An invocation has died since this was last taken.
    pub crashed: bool,
    /// A rule that this world breaks, to show that breaking it is noticed.
    pub mutation: Option<Mutation>,
    #[cfg(test)]
    pub(crate) scheduled_events: BTreeMap<usize, ScheduledEvent>,
}

impl World {
    /// An empty world at an instant.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            store: Store::default(),
            executions: BTreeMap::new(),
            calls: Vec::new(),
            faults: FaultSource::default(),
            outcomes: VecDeque::new(),
            attempts: Vec::new(),
            called_providers: Vec::new(),
            template_calls: Vec::new(),
            delivered: 0,
            provider_searchable: false,
            provider_records: Vec::new(),
            switch: Switch::On,
            keys: BTreeMap::new(),
            journeys: None,
            spent: Spent::new(),
            rate_limiters: BTreeMap::new(),
            facts: Vec::new(),
            inconsistencies: Vec::new(),
            interleaved: false,
            crashed: false,
            mutation: None,
            #[cfg(test)]
            scheduled_events: BTreeMap::new(),
        })))
    }

    /// Everything in it, for reading and for setting the scene.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        self.state().now += TimeDelta::seconds(seconds);
    }

    /// Whether an invocation has died since the last question.
    pub fn take_crash(&self) -> bool {
        std::mem::take(&mut self.state().crashed)
    }

    /// Notes a call and performs it, unless it goes wrong first.
    async fn call<T>(
        &self,
        operation: &'static str,
        perform: impl FnOnce(&mut State) -> T,
    ) -> Result<T, Unavailable> {
        match self.attempt(operation, perform).await {
            (None, Some(done)) => Ok(done),
            (fault, _) => {
                let reason = fault.map_or("fault", Fault::reason).to_owned();
                Err(Unavailable { operation, reason })
            }
        }
    }

    /// The same, and what went wrong beside what was done all the same.
    async fn attempt<T>(
        &self,
        operation: &'static str,
        perform: impl FnOnce(&mut State) -> T,
    ) -> (Option<Fault>, Option<T>) {
        self.turn().await;
        let (fault, done) = {
            let mut state = self.state();
            #[cfg(test)]
            state.run_scheduled_event();
            let place = state.calls.len();
            state.calls.push(operation);
            let fault = state.faults.at(place, operation);
            let happens = fault.is_none_or(Fault::takes_effect);
            (fault, happens.then(|| perform(&mut state)))
        };
        if fault.is_some_and(Fault::kills) {
            self.state().crashed = true;
            std::future::pending::<()>().await;
        }
        (fault, done)
    }

    async fn turn(&self) {
        let mut waited = !self.state().interleaved;
        poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl State {
    fn note(&mut self, fact: Fact) {
        let at = self.now;
        self.facts.push(RecordedFact { at, fact });
    }
}

impl Clock for World {
    fn now(&self) -> DateTime<Utc> {
        self.state().now
    }
}
