//! Helpers of the unit tests of the use cases.

use chrono::{DateTime, Utc};
use futures_util::FutureExt;

use super::{State, World};
use crate::accept::{EventOutcome, accept};
use crate::conversation::{Conversation, Supersession};
use crate::one_time_code::IssuePorts;
use crate::ports::Unavailable;
use crate::take_step::{self, Transient, VisitOutcome, VisitPorts};
use crate::testing::builders;
use crate::values::clock::Clock;
use crate::values::ids::{ConversationId, StepName};
use crate::values::verdict::Verdict;

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

/// Returns a conversation whose steps are all due at [`at`] zero and may be sent for 24 hours.
pub(crate) fn conversation(id: &str, steps: &[&str]) -> Conversation {
    let steps = steps.iter().map(|name| builders::step(name, at(0))).collect();
    builders::conversation(id, builders::plan(at(0), steps))
}

/// A change by somebody else immediately before a call of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScheduledEvent {
    Cancelled,
    Superseded,
    OptedOut,
    Replied,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::at(at(0))
    }

    pub(crate) fn with(conversation: &Conversation) -> Self {
        let world = Self::new();
        world.state().store.put(conversation, at(0));
        world
    }

    /// Delivers an event once; `None` when the invocation died.
    pub(crate) fn deliver(&self, conversation: &Conversation) -> Option<Result<EventOutcome, Unavailable>> {
        let now = Clock::now(self);
        accept(self, self, conversation, now).now_or_never()
    }

    /// Visits a step once; `None` when the invocation died.
    pub(crate) fn visit(
        &self,
        id: &ConversationId,
        step: &StepName,
        invocation: &str,
    ) -> Option<Result<VisitOutcome, Transient>> {
        take_step::visit(self, id, step, invocation).now_or_never()
    }

    /// Runs a step as the state machine does, until it has a verdict or the retries are used up.
    pub(crate) fn run(&self, id: &ConversationId, step: &StepName) -> Option<Verdict> {
        let (mut retries, mut invocation) = (0, 0);
        while retries < 16 {
            invocation += 1;
            match self.visit(id, step, &format!("invocation-{invocation}")) {
                Some(Ok(VisitOutcome::Decided(verdict, _))) => return Some(verdict),
                Some(Ok(VisitOutcome::Wait(until, _))) => {
                    retries = 0;
                    let mut state = self.state();
                    state.now = state.now.max(until);
                }
                Some(Ok(VisitOutcome::MissingTarget(_))) => return None,
                Some(Err(_)) | None => {
                    self.pass(2_i64.pow(retries).min(300));
                    retries += 1;
                }
            }
        }
        None
    }
}

impl VisitPorts for World {
    type Store = Self;
    type Sender = Self;
    type Switch = Self;
    type Rules = Self;
    type Clock = Self;

    fn store(&self) -> &Self {
        self
    }
    fn sender(&self) -> &Self {
        self
    }
    fn switch(&self) -> &Self {
        self
    }
    fn rules(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
}

impl IssuePorts for World {
    type Store = Self;
    type Texts = Self;
    type Randomness = Self;
    type Switch = Self;
    type Clock = Self;

    fn store(&self) -> &Self {
        self
    }
    fn texts(&self) -> &Self {
        self
    }
    fn randomness(&self) -> &Self {
        self
    }
    fn switch(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
}

impl State {
    /// Returns the contact of [`phone`].
    pub(crate) fn contact(&mut self) -> &mut crate::conversation::Contact {
        self.store.contacts.entry(builders::phone()).or_default()
    }

    /// Schedules an event immediately before the call with this index.
    pub(crate) fn schedule_event(&mut self, call: usize, event: ScheduledEvent) {
        self.scheduled_events.insert(call, event);
    }

    pub(super) fn run_scheduled_event(&mut self) {
        let (at, call) = (self.now, self.calls.len());
        let Some(event) = self.scheduled_events.get(&call).copied() else { return };
        for conversation in self.store.conversations.values_mut() {
            match event {
                ScheduledEvent::Cancelled => conversation.life.cancelled_at = Some(at),
                ScheduledEvent::Superseded => {
                    conversation.life.superseded = Some(Supersession { at, by: None })
                }
                ScheduledEvent::Replied => conversation.life.replied_at = Some(at),
                ScheduledEvent::OptedOut => {}
            }
        }
        if event == ScheduledEvent::OptedOut {
            self.contact().opted_out_at = Some(at);
        }
    }
}

macro_rules! on_the_world {
    ($($case:ident)*) => {$(
        #[test]
        fn $case() {
            crate::testing::contract::$case(World::new()).now_or_never().unwrap();
        }
    )*};
}

mod keeps_the_contract {
    use super::*;
    crate::for_each_case!(on_the_world);
}
