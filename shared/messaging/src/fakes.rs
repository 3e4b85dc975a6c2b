//! A world in memory for the tests of the use cases: a table, a state machine, a provider and a
//! switch that keep the ports' contracts, and in which any call can go wrong.
//!
//! Nothing here waits: a call that never answers is a crash, seen by `now_or_never` as `None`.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;

use crate::accept::{Accepted, accept};
use crate::clock::{Clock, to_rfc3339};
use crate::conversation::{Contact, Conversation, Life, Plan, Reply, Step, Superseded};
use crate::ids::{ConversationId, JourneyName, SourceName, StepName, execution_name};
use crate::journeys::{Category, Channel};
use crate::phone::PhoneNumber;
use crate::ports::{
    Acceptance, Cancelling, Claiming, Conversations, Ended, Ending, Executions, Inbox, Learned, OptOutChange,
    OutboundText, Receiving, Sender, SendingSwitch, StoredInbound, Unavailable, Written,
};
use crate::step::{Progress, ProviderMessage, SendOutcome, StepState, Switch};
use crate::take_step::{TakeStep, Transient, Visit};
use crate::text::MessageText;
use crate::verdict::{Because, Verdict};

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
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
        text: MessageText::new("words"),
        sent_from: None,
        progress: Progress::default(),
    };
    let plan = Plan {
        source: SourceName::new("sms").unwrap(),
        contact: PhoneNumber::parse_e164("+12025550143").unwrap(),
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

/// How a port's call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing happens and an error comes back.
    Before,
    /// It happens and an error comes back.
    LostAnswer,
    /// The invocation dies before anything happens.
    CrashBefore,
    /// It happens, then the invocation dies.
    CrashAfter,
}

pub(crate) const FAULTS: [Fault; 4] =
    [Fault::Before, Fault::LostAnswer, Fault::CrashBefore, Fault::CrashAfter];

/// What others do just before a port's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    Cancelled,
    Superseded,
    OptedOut,
    Replied,
}

#[derive(Default)]
pub(crate) struct State {
    now: DateTime<Utc>,
    pub(crate) conversations: HashMap<ConversationId, Conversation>,
    pub(crate) contact: Contact,
    /// Bookings whose end was reported.
    pub(crate) ended: HashSet<ConversationId>,
    /// Inbound messages by their ids.
    pub(crate) inbound: HashSet<String>,
    pub(crate) executions: BTreeMap<String, String>,
    /// Every call of a port by name, in order.
    pub(crate) calls: Vec<&'static str>,
    /// What goes wrong, by the call's place in that order.
    pub(crate) faults: BTreeMap<usize, Fault>,
    /// What others do, likewise.
    pub(crate) happenings: BTreeMap<usize, Happening>,
    /// What the provider says; `Accepted` when nothing is left.
    pub(crate) outcomes: VecDeque<SendOutcome>,
    /// Attempts for which the provider was called.
    pub(crate) attempts: Vec<u32>,
    /// Texts that reached the phone.
    pub(crate) delivered: usize,
    pub(crate) switch: Option<Switch>,
}

pub(crate) struct World(Mutex<State>);

/// What becomes of one call.
enum Fate {
    Well,
    Wrong(Fault),
}

impl World {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State { now: at(0), ..State::default() }))
    }

    pub(crate) fn with(conversation: &Conversation) -> Self {
        let world = Self::new();
        world.state().conversations.insert(conversation.id.clone(), conversation.clone());
        world
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.state().now += TimeDelta::seconds(seconds);
    }

    /// Notes a call, lets happen what happens before it, and performs it unless it goes wrong first.
    async fn call<T>(
        &self,
        operation: &'static str,
        perform: impl FnOnce(&mut State) -> T,
    ) -> Result<T, Unavailable> {
        let down = Unavailable { operation, reason: "fault".to_owned() };
        let (fate, done) = {
            let mut state = self.state();
            let place = state.calls.len();
            state.calls.push(operation);
            if let Some(happening) = state.happenings.get(&place).copied() {
                state.happen(happening);
            }
            match state.faults.get(&place).copied() {
                None => (Fate::Well, Some(perform(&mut state))),
                Some(fault @ (Fault::Before | Fault::CrashBefore)) => (Fate::Wrong(fault), None),
                Some(fault) => (Fate::Wrong(fault), Some(perform(&mut state))),
            }
        };
        match fate {
            Fate::Well => done.ok_or(down),
            Fate::Wrong(Fault::Before | Fault::LostAnswer) => Err(down),
            Fate::Wrong(Fault::CrashBefore | Fault::CrashAfter) => std::future::pending().await,
        }
    }

    /// Delivers an event once; `None` when the invocation died.
    pub(crate) fn deliver(&self, conversation: &Conversation) -> Option<Result<Accepted, Unavailable>> {
        let now = Clock::now(self);
        accept(self, self, conversation, now).now_or_never()
    }

    /// Visits a step once; `None` when the invocation died.
    pub(crate) fn visit(
        &self,
        id: &ConversationId,
        step: &StepName,
        invocation: &str,
    ) -> Option<Result<Visit, Transient>> {
        let take = TakeStep { conversations: self, sender: self, switch: self, clock: self };
        take.visit(id, step, invocation).now_or_never()
    }

    /// Does what the state machine does with a step, until it has a verdict or retries are used up.
    pub(crate) fn run(&self, id: &ConversationId, step: &StepName) -> Option<Verdict> {
        let (mut retries, mut invocation) = (0, 0);
        while retries < 16 {
            invocation += 1;
            match self.visit(id, step, &format!("invocation-{invocation}")) {
                Some(Ok(Visit::Decided(verdict, _))) => return Some(verdict),
                Some(Ok(Visit::Wait(until, _))) => {
                    retries = 0;
                    let mut state = self.state();
                    state.now = state.now.max(until);
                }
                Some(Ok(Visit::Stray(_))) => return None,
                Some(Err(_)) | None => {
                    self.pass(2_i64.pow(retries).min(300));
                    retries += 1;
                }
            }
        }
        None
    }
}

impl State {
    fn happen(&mut self, happening: Happening) {
        let at = self.now;
        for conversation in self.conversations.values_mut() {
            match happening {
                Happening::Cancelled => conversation.life.cancelled_at = Some(at),
                Happening::Superseded => conversation.life.superseded = Some(Superseded { at, by: None }),
                Happening::Replied => conversation.life.replied_at = Some(at),
                Happening::OptedOut => {}
            }
        }
        if happening == Happening::OptedOut {
            self.contact.opted_out_at = Some(at);
        }
    }

    /// A conversation, as a tombstone where it has not arrived.
    fn tombstone(&mut self, id: &ConversationId) -> &mut Conversation {
        let absent = || Conversation { id: id.clone(), plan: None, life: Life::default() };
        self.conversations.entry(id.clone()).or_insert_with(absent)
    }

    fn supersede(&mut self, predecessor: Option<&ConversationId>, by: &ConversationId) {
        let at = self.now;
        if let Some(predecessor) = predecessor {
            let life = &mut self.tombstone(predecessor).life;
            let superseded = life.superseded.get_or_insert(Superseded { at, by: None });
            superseded.by = superseded.by.take().or_else(|| Some(by.clone()));
        }
    }

    fn stored(&mut self, id: &ConversationId, name: &StepName) -> Option<&mut Step> {
        let plan = self.conversations.get_mut(id)?.plan.as_mut()?;
        plan.steps.iter_mut().find(|step| step.name == *name)
    }

    fn is_stopped(&self, claiming: &Claiming<'_>) -> bool {
        let Some(conversation) = self.conversations.get(claiming.conversation) else { return true };
        conversation.life.cancelled_at.is_some()
            || conversation.life.superseded.is_some()
            || (claiming.step.unless_replied && conversation.life.replied_at.is_some())
            || self.contact.opted_out_at.is_some()
    }

    fn put(&mut self, id: &ConversationId, read: &Step, next: &Progress) -> Written {
        let Some(stored) = self.stored(id, &read.name) else { return Written::Overtaken };
        let claim_of = |progress: &Progress| match &progress.state {
            StepState::Claimed(claim) => Some(claim.id.clone()),
            StepState::Unknown(lost) => Some(lost.claim.id.clone()),
            StepState::Planned | StepState::Decided(_) => None,
        };
        let stands = match claim_of(&read.progress) {
            Some(claim) => claim_of(&stored.progress) == Some(claim),
            None => stored.progress == read.progress,
        };
        if stands {
            stored.progress = next.clone();
        }
        if stored.progress == *next { Written::Done } else { Written::Overtaken }
    }
}

impl Clock for World {
    fn now(&self) -> DateTime<Utc> {
        self.state().now
    }
}

impl Conversations for World {
    async fn accept(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> Result<Acceptance, Unavailable> {
        self.call("accept", |state| match state.conversations.get(&conversation.id) {
            Some(stored) => Acceptance::Existing(Box::new(stored.clone())),
            None => {
                state.conversations.insert(conversation.id.clone(), conversation.clone());
                state.supersede(supersedes, &conversation.id);
                Acceptance::Stored
            }
        })
        .await
    }

    async fn bury(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> Result<Written, Unavailable> {
        self.call("bury", |state| {
            let Some(tombstone) = state.conversations.get_mut(&conversation.id) else {
                return Written::Overtaken;
            };
            if tombstone.plan.is_some() {
                return Written::Overtaken;
            }
            tombstone.plan.clone_from(&conversation.plan);
            tombstone.life.started_at = conversation.life.started_at;
            state.supersede(supersedes, &conversation.id);
            Written::Done
        })
        .await
    }

    async fn end_booking(
        &self,
        id: &ConversationId,
        ending: &Ending,
        at: DateTime<Utc>,
    ) -> Result<Ended, Unavailable> {
        self.call("end_booking", |state| {
            let repeated = state.ended.contains(id) && !matches!(ending, Ending::Superseded { .. });
            if !matches!(ending, Ending::Superseded { .. }) {
                state.ended.insert(id.clone());
            }
            let life = &mut state.tombstone(id).life;
            match ending {
                Ending::Cancelled => {
                    life.cancelled_at.get_or_insert(at);
                }
                Ending::Rescheduled { by } | Ending::Superseded { by } => {
                    let superseded = life.superseded.get_or_insert(Superseded { at, by: None });
                    superseded.by = superseded.by.take().or_else(|| by.clone());
                }
            }
            Ended { repeated, superseded: life.superseded.is_some() }
        })
        .await
    }

    async fn mark_started(&self, id: &ConversationId, at: DateTime<Utc>) -> Result<(), Unavailable> {
        self.call("mark_started", |state| {
            if let Some(conversation) = state.conversations.get_mut(id) {
                conversation.life.started_at.get_or_insert(at);
            }
        })
        .await
    }

    async fn load(
        &self,
        id: &ConversationId,
        _now: DateTime<Utc>,
    ) -> Result<Option<Conversation>, Unavailable> {
        self.call("load", |state| state.conversations.get(id).cloned()).await
    }

    async fn contact(&self, _phone: &PhoneNumber) -> Result<Contact, Unavailable> {
        self.call("contact", |state| state.contact.clone()).await
    }

    async fn claim(&self, claiming: &Claiming<'_>) -> Result<Written, Unavailable> {
        self.call("claim", |state| {
            let same = state.stored(claiming.conversation, &claiming.step.name).map(|s| s.progress.clone());
            if same.as_ref() == Some(claiming.next) {
                return Written::Done;
            }
            if state.is_stopped(claiming) || same.as_ref() != Some(&claiming.step.progress) {
                return Written::Overtaken;
            }
            state.put(claiming.conversation, claiming.step, claiming.next)
        })
        .await
    }

    async fn advance(
        &self,
        conversation: &Conversation,
        step: &Step,
        next: &Progress,
        learned: &Learned,
        now: DateTime<Utc>,
    ) -> Result<Written, Unavailable> {
        self.call("advance", |state| {
            if learned.opted_out {
                state.contact.opted_out_at.get_or_insert(now);
            }
            state.put(&conversation.id, step, next)
        })
        .await
    }

    async fn cancel(&self, id: &ConversationId, at: DateTime<Utc>) -> Result<Cancelling, Unavailable> {
        self.call("cancel", |state| {
            let Some(conversation) = state.conversations.get_mut(id) else { return Cancelling::Absent };
            if conversation.life.cancelled_at.replace(at).is_some() {
                return Cancelling::AlreadyCancelled;
            }
            Cancelling::Cancelled
        })
        .await
    }
}

impl Executions for World {
    async fn start(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        due: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        self.call("start", |state| {
            let name = execution_name(conversation, step);
            let input = to_rfc3339(due);
            let first = state.executions.entry(name).or_insert_with(|| input.clone());
            assert_eq!(*first, input, "a repeated start carries the same input");
        })
        .await
    }
}

impl Sender for World {
    async fn send(&self, text: &OutboundText<'_>) -> SendOutcome {
        let because = Because::fact("provider", "fake");
        let said = self.call("send", |state| {
            state.attempts.push(text.attempt);
            let outcome = state.outcomes.pop_front().unwrap_or_else(|| SendOutcome::Accepted {
                message: ProviderMessage {
                    provider: "fake".to_owned(),
                    id: format!("m{}", text.attempt),
                    from: None,
                },
            });
            if matches!(outcome, SendOutcome::Accepted { .. } | SendOutcome::Unknown { .. }) {
                state.delivered += 1;
            }
            outcome
        });
        let calls = self.state().attempts.len();
        match said.await {
            Ok(outcome) => outcome,
            Err(_) if self.state().attempts.len() > calls => SendOutcome::Unknown { because },
            Err(_) => SendOutcome::NotSent { because },
        }
    }
}

impl SendingSwitch for World {
    async fn read(&self) -> Switch {
        let said = self.call("switch", |state| state.switch.unwrap_or(Switch::On)).await;
        said.unwrap_or(Switch::Unreadable)
    }
}

impl Inbox for World {
    async fn open_conversations(
        &self,
        phone: &PhoneNumber,
        now: DateTime<Utc>,
    ) -> Result<(Contact, Vec<Conversation>), Unavailable> {
        self.call("open_conversations", |state| {
            let is_open = |conversation: &&Conversation| {
                conversation
                    .plan
                    .as_ref()
                    .is_some_and(|plan| plan.contact == *phone && plan.last_deadline() > now)
            };
            (state.contact.clone(), state.conversations.values().filter(is_open).cloned().collect())
        })
        .await
    }

    async fn conversation_of(
        &self,
        _provider: &str,
        _id: &str,
    ) -> Result<Option<ConversationId>, Unavailable> {
        self.call("conversation_of", |_| None).await
    }

    async fn store(&self, inbound: &StoredInbound<'_>) -> Result<Receiving, Unavailable> {
        self.call("store", |state| {
            if state.inbound.contains(&inbound.message.id) {
                return Receiving::Duplicate;
            }
            if state.contact.opted_out_at.is_some() != inbound.contact.opted_out_at.is_some() {
                return Receiving::Overtaken;
            }
            state.inbound.insert(inbound.message.id.clone());
            match inbound.opt_out {
                OptOutChange::OptOut => state.contact.opted_out_at = Some(inbound.message.at),
                OptOutChange::OptIn => state.contact.opted_out_at = None,
                OptOutChange::None => {}
            }
            for counted in &inbound.conversations {
                let life = &mut state.tombstone(&counted.id).life;
                life.replies.push(Reply { at: inbound.message.at, meaning: inbound.meaning });
                if inbound.is_reply {
                    life.replied_at.get_or_insert(inbound.message.at);
                }
            }
            Receiving::Stored
        })
        .await
    }
}
