//! What the unit tests of the use cases do with a world.

use chrono::{DateTime, Utc};
use futures_util::FutureExt;

use super::{State, World};
use crate::accept::{EventOutcome, accept};
use crate::conversation::step::Progress;
use crate::conversation::{Conversation, Plan, Step, Supersession};
use crate::one_time_code::IssuePorts;
use crate::ports::Unavailable;
use crate::take_step::{self, Transient, VisitOutcome, VisitPorts};
use crate::text::template::MessageText;
use crate::values::channel::{Category, Channel};
use crate::values::clock::Clock;
use crate::values::ids::{ConversationId, JourneyName, SourceName, StepName};
use crate::values::phone::PhoneNumber;
use crate::values::verdict::Verdict;

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

pub(crate) fn phone() -> PhoneNumber {
    PhoneNumber::parse_e164("+12025550143").unwrap()
}

/// A conversation whose steps are all due at [`at`] zero and may be sent for a day.
pub(crate) fn conversation(id: &str, steps: &[&str]) -> Conversation {
    let step = |name: &&str| Step {
        name: StepName::new(*name).unwrap(),
        due: at(0),
        deadline: at(24 * 3600),
        unless_replied: false,
        follows: None,
        category: Category::Transactional,
        channel: Channel::Sms,
        providers: Vec::new(),
        text: MessageText::new("words"),
        content: None,
        policy: crate::conversation::policy::Policy::default(),
        dlt_template_id: None,
        truncated: false,
        cost_micro_usd: None,
        sent_from: None,
        delivery: None,
        prices: Vec::new(),
        progress: Progress::default(),
    };
    let plan = Plan {
        source: SourceName::new("sms").unwrap(),
        contact: Some(phone()),
        name: None,
        journey: JourneyName::new("test").unwrap(),
        journeys_version: "1".to_owned(),
        content_hash: "h".to_owned(),
        accepted_at: at(0),
        correlation_id: None,
        steps: steps.iter().map(step).collect(),
    };
    Conversation::open(ConversationId::new(id).unwrap(), plan)
}

/// What others do just before a port's call.
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

    /// Does what the state machine does with a step, until it has a verdict or retries are used up.
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
    /// The fixtures' only contact.
    pub(crate) fn contact(&mut self) -> &mut crate::conversation::Contact {
        self.store.contacts.entry(phone()).or_default()
    }

    /// Before the call at a place: what others do.
    pub(crate) fn schedule_event(&mut self, place: usize, event: ScheduledEvent) {
        self.scheduled_events.insert(place, event);
    }

    pub(super) fn run_scheduled_event(&mut self) {
        let (at, place) = (self.now, self.calls.len());
        let Some(event) = self.scheduled_events.get(&place).copied() else { return };
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
