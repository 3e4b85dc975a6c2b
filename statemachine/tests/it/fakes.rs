//! The send function with one conversation for a table, a provider that says what it is told to, and
//! a clock that a test sets.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use messaging::clock::Clock;
use messaging::consent::{Consent, ConsentChange};
use messaging::conversation::{Contact, Conversation, Plan, Step};
use messaging::ids::{ConversationId, JourneyName, SourceName, StepName};
use messaging::journeys::{Category, Channel, Journeys};
use messaging::limits::{Charge, Limits, Reservation, Reserving};
use messaging::pacing::{Pace, Placed};
use messaging::phone::PhoneNumber;
use messaging::ports::{
    Acceptance, Cancelling, Claiming, Consents, Conversations, Ended, Ending, Learned, OutboundText, Purses,
    Schedules, Sender, SendingRules, SendingSwitch, Unavailable, Written,
};
use messaging::step::{Progress, SendOutcome, Switch};
use messaging::text::MessageText;
use send::Send;

pub(crate) const ID: &str = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";
pub(crate) const DUE: &str = "2026-11-20T12:30:09Z";

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// One conversation with one step, `text`, due at [`DUE`].
#[derive(Clone)]
pub(crate) struct OneConversation(Arc<Mutex<Conversation>>);

/// A provider with one answer.
pub(crate) struct Says(pub(crate) SendOutcome);

/// The instant that a test sets.
#[derive(Clone)]
pub(crate) struct SetClock(pub(crate) Arc<Mutex<DateTime<Utc>>>);

pub(crate) struct On;

pub(crate) type TestSend = Send<OneConversation, Says, On, NoRules, SetClock>;

/// Nothing is limited.
pub(crate) struct NoRules;

/// The send function at the due instant, and its clock.
pub(crate) fn send_function(outcome: SendOutcome) -> (TestSend, SetClock) {
    let clock = SetClock(Arc::new(Mutex::new(instant(DUE))));
    let send = Send {
        conversations: OneConversation::new(),
        sender: Says(outcome),
        switch: On,
        rules: NoRules,
        clock: clock.clone(),
    };
    (send, clock)
}

impl OneConversation {
    fn new() -> Self {
        let step = Step {
            name: StepName::new("text").unwrap(),
            due: instant(DUE),
            deadline: instant("2026-11-21T12:30:09Z"),
            unless_replied: false,
            follows: None,
            category: Category::Transactional,
            channel: Channel::Sms,
            providers: Vec::new(),
            text: MessageText::new("Approved."),
            content: None,
            policy: messaging::policy::Policy::default(),
            truncated: false,
            cost_micro_usd: None,
            sent_from: None,
            delivery: None,
            prices: Vec::new(),
            progress: Progress::default(),
        };
        let plan = Plan {
            source: SourceName::new("sms").unwrap(),
            contact: Some(PhoneNumber::parse_e164("+12025550143").unwrap()),
            name: None,
            journey: JourneyName::new("advance_approved").unwrap(),
            journeys_version: "1".to_owned(),
            content_hash: "0".to_owned(),
            accepted_at: instant("2026-11-20T12:28:09Z"),
            correlation_id: None,
            steps: vec![step],
        };
        let conversation = Conversation::open(ConversationId::new(ID).unwrap(), plan);
        Self(Arc::new(Mutex::new(conversation)))
    }

    fn put(&self, name: &StepName, next: &Progress) -> Written {
        let mut conversation = self.0.lock().unwrap();
        let steps = &mut conversation.plan.as_mut().unwrap().steps;
        steps.iter_mut().find(|step| step.name == *name).unwrap().progress = next.clone();
        Written::Done
    }
}

impl Conversations for OneConversation {
    async fn accept(&self, _: &Conversation, _: Option<&ConversationId>) -> Result<Acceptance, Unavailable> {
        unreachable!("the send function accepts nothing")
    }

    async fn bury(&self, _: &Conversation, _: Option<&ConversationId>) -> Result<Written, Unavailable> {
        unreachable!("the send function buries nothing")
    }

    async fn end_booking(
        &self,
        _: &ConversationId,
        _: &Ending,
        _: DateTime<Utc>,
    ) -> Result<Ended, Unavailable> {
        unreachable!("the send function ends no booking")
    }

    async fn mark_started(&self, _: &ConversationId, _: DateTime<Utc>) -> Result<(), Unavailable> {
        unreachable!("the send function starts nothing")
    }

    async fn load(&self, id: &ConversationId, _: DateTime<Utc>) -> Result<Option<Conversation>, Unavailable> {
        let conversation = self.0.lock().unwrap().clone();
        Ok(Some(conversation).filter(|conversation| conversation.id == *id))
    }

    async fn contact(&self, _: &PhoneNumber) -> Result<Contact, Unavailable> {
        Ok(Contact::default())
    }

    async fn claim(&self, claiming: &Claiming<'_>) -> Result<Written, Unavailable> {
        Ok(self.put(&claiming.step.name, claiming.next))
    }

    async fn advance(
        &self,
        _: &Conversation,
        step: &Step,
        next: &Progress,
        _: &Learned,
        _: DateTime<Utc>,
    ) -> Result<Written, Unavailable> {
        Ok(self.put(&step.name, next))
    }

    async fn cancel(&self, _: &ConversationId, _: DateTime<Utc>) -> Result<Cancelling, Unavailable> {
        unreachable!("the send function cancels nothing")
    }
}

impl Sender for Says {
    async fn send(&self, _: &OutboundText<'_>) -> SendOutcome {
        self.0.clone()
    }
}

impl SendingSwitch for On {
    async fn read(&self) -> Switch {
        Switch::On
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

impl SendingRules for NoRules {
    async fn rules(&self) -> Result<Arc<Journeys>, Unavailable> {
        Ok(Arc::default())
    }
}

impl Consents for OneConversation {
    async fn consent(&self, _: &PhoneNumber) -> Result<Consent, Unavailable> {
        Ok(Consent::default())
    }

    async fn change(&self, _: &PhoneNumber, _: &ConsentChange) -> Result<(), Unavailable> {
        unreachable!("the send function changes no consent")
    }

    async fn history(&self, _: &PhoneNumber) -> Result<Vec<ConsentChange>, Unavailable> {
        unreachable!("the send function asks for no history")
    }
}

impl Purses for OneConversation {
    async fn reserve(&self, _: &Charge<'_>, _: &Limits) -> Result<Reserving, Unavailable> {
        unreachable!("nothing is limited")
    }

    async fn correct(&self, _: &Reservation, _: &PhoneNumber, _: i64) -> Result<(), Unavailable> {
        unreachable!("nothing is limited")
    }
}

impl Schedules for OneConversation {
    async fn take_place_now(&self, _: &Pace, _: DateTime<Utc>) -> Result<Placed, Unavailable> {
        unreachable!("nothing is paced")
    }

    async fn take_slot(&self, _: &Pace, _: DateTime<Utc>) -> Result<DateTime<Utc>, Unavailable> {
        unreachable!("nothing is paced")
    }
}
