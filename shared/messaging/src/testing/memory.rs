//! The ports in memory, for tests and the simulator: a table, a state machine, a provider, a switch, keys and
//! journeys that keep the contracts of the ports (see [`crate::testing::contract`]). Any call can fail.
//!
//! No call waits in real time. The future of an invocation that dies stays pending.

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

#[cfg(test)]
pub(crate) use super::builders::phone;
pub use facts::{Fact, RecordedFact};
pub use faults::{FAULTS, Fault, FaultGenerator, FaultSource, PROVIDER_FAULTS};
use provider::ProviderRecord;
pub use provider::message_id;
pub use sending::Spent;
pub use store::Store;
#[cfg(test)]
pub(crate) use testing::{ScheduledEvent, at, conversation};

/// An implementation of every port. A clone shares the state, because functions hold their ports by
/// value.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

/// The point of time of an interception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Immediately before a call takes effect.
    Before,
    /// Immediately after a call has taken effect.
    After,
}

/// A function that gets the name of each call that takes effect, and may change the state before and after it.
///
/// The simulator's tests use it to break rules of the ports.
pub type Interceptor = Box<dyn FnMut(Moment, &'static str, &mut State) + Send>;

/// The state of a [`World`].
pub struct State {
    /// The present instant.
    pub now: DateTime<Utc>,
    /// The table.
    pub store: Store,
    /// The due times of the executions that were started, by name, as they are written in the input.
    pub executions: BTreeMap<String, String>,
    /// The name of every call of a port, in order.
    pub calls: Vec<&'static str>,
    /// Decides which calls fail.
    pub faults: FaultSource,
    /// The provider's next outcomes; `Accepted` once none is left.
    pub outcomes: VecDeque<SendOutcome>,
    /// The numbers of the attempts for which the provider was called.
    pub attempts: Vec<u32>,
    /// The providers that were called, in order.
    pub called_providers: Vec<Provider>,
    /// Whether each call of a provider sent a template instead of words.
    pub template_calls: Vec<bool>,
    /// The number of texts that reached a phone.
    pub delivered: usize,
    /// Whether the provider's own records can be searched.
    pub provider_searchable: bool,
    provider_records: Vec<ProviderRecord>,
    /// The position of the sending switch.
    pub switch: Switch,
    /// The keys by entry of the secret, the newest first.
    pub keys: BTreeMap<&'static str, Vec<&'static str>>,
    /// The journeys in force.
    pub journeys: Option<CurrentJourneys>,
    /// The spending counters.
    pub spent: Spent,
    /// The rate limiters of the senders, by provider or number.
    pub rate_limiters: BTreeMap<String, RateLimiter>,
    /// The effects so far, in order, for checks of the invariants.
    pub facts: Vec<RecordedFact>,
    /// Calls that no correct caller makes, in words.
    pub inconsistencies: Vec<String>,
    /// Whether each call yields first, so that a scheduler can interleave invocations.
    pub interleaved: bool,
    /// Whether an invocation has died since [`World::take_crash`] was last called.
    pub crashed: bool,
    /// Called before and after each call of a port that takes effect.
    pub interceptor: Option<Interceptor>,
    #[cfg(test)]
    pub(crate) scheduled_events: BTreeMap<usize, ScheduledEvent>,
}

impl World {
    /// Creates an empty world at an instant.
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
            interceptor: None,
            #[cfg(test)]
            scheduled_events: BTreeMap::new(),
        })))
    }

    /// Locks the state for reading and for arranging a test.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Advances the clock by a number of seconds.
    pub fn pass(&self, seconds: i64) {
        self.state().now += TimeDelta::seconds(seconds);
    }

    /// Whether an invocation has died since the last call of this function.
    pub fn take_crash(&self) -> bool {
        std::mem::take(&mut self.state().crashed)
    }

    /// Records a call and performs it, unless it fails first.
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

    /// Records a call and performs it. Returns its fault, and its result if it took effect.
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
            let index = state.calls.len();
            state.calls.push(operation);
            let fault = state.faults.next(index, operation);
            let takes_effect = fault.is_none_or(Fault::takes_effect);
            let done = if takes_effect { Some(state.intercepted(operation, perform)) } else { None };
            (fault, done)
        };
        if fault.is_some_and(Fault::kills) {
            self.state().crashed = true;
            std::future::pending::<()>().await;
        }
        (fault, done)
    }

    /// Yields once if invocations are interleaved.
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
    /// Performs a call between both interceptions.
    fn intercepted<T>(&mut self, operation: &'static str, perform: impl FnOnce(&mut Self) -> T) -> T {
        let Some(mut interceptor) = self.interceptor.take() else { return perform(self) };
        interceptor(Moment::Before, operation, self);
        let done = perform(self);
        interceptor(Moment::After, operation, self);
        self.interceptor = Some(interceptor);
        done
    }

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
