//! A conversation: the plan that was made when an event was accepted, and everything that happened since.

pub mod blocker;
pub mod consent;
pub mod delivery;
pub mod inbound_message;
pub mod policy;
pub mod receipt;
pub mod step;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::conversation::consent::Consent;
use crate::conversation::delivery::{AttemptPrice, Delivery};
use crate::conversation::policy::Policy;
use crate::conversation::step::Progress;
use crate::reply::ReplyMeaning;
use crate::text::dlt::DltTemplateId;
use crate::text::template::{MessageText, PersonName};
use crate::text::whatsapp_template::WhatsappTemplate;
use crate::values::channel::{Category, Channel};
use crate::values::dollars::Dollars;
use crate::values::ids::{ConversationId, JourneyName, SourceName, StepName};
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;
use crate::values::verdict::Verdict;

/// A conversation as it stands in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// The id, derived from the event.
    pub id: ConversationId,
    /// The accepted plan; absent on a tombstone (a cancellation that came before its event).
    pub plan: Option<Plan>,
    /// The events since acceptance.
    pub life: Life,
}

/// The accepted plan. It is copied whole, so that an edit of `journeys.toml` never changes what waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The source that called.
    pub source: SourceName,
    /// The customer's phone; `None` once the person has been erased.
    pub contact: Option<PhoneNumber>,
    /// The customer's name, if the event has one.
    pub name: Option<PersonName>,
    /// The journey, and the version of the file that it was read from.
    pub journey: JourneyName,
    /// Version of `journeys.toml` at acceptance.
    pub journeys_version: String,
    /// SHA-256 of the event's canonical content, to tell a repeat from a reused key; empty once the
    /// person has been erased, because a number can be guessed from it.
    pub content_hash: String,
    /// The time of acceptance.
    pub accepted_at: DateTime<Utc>,
    /// The caller's own id for the chain of events, carried through.
    pub correlation_id: Option<String>,
    /// The texts in the order of their due times.
    pub steps: Vec<Step>,
}

/// What has happened to a conversation since it was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life {
    /// The time at which every step's execution had been started.
    pub started_at: Option<DateTime<Utc>>,
    /// The time of the cancellation; `None` while there is none.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// The time at which the person was erased: number, name, words and content hash are gone since then, and
    /// nothing further is sent.
    pub erased_at: Option<DateTime<Utc>>,
    /// The newer conversation that replaced this one.
    pub superseded: Option<Supersession>,
    /// The time of the customer's first reply.
    pub replied_at: Option<DateTime<Utc>>,
    /// The customer's messages, in the order in which they were stored.
    pub replies: Vec<Reply>,
}

/// A message of the customer's, as far as the conversation needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The time at which it was received.
    pub at: DateTime<Utc>,
    /// The meaning of its words.
    pub meaning: ReplyMeaning,
}

/// The replacement of a conversation by a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supersession {
    /// The time at which the replacement was stored.
    pub at: DateTime<Utc>,
    /// The newer conversation, where it is known.
    pub by: Option<ConversationId>,
}

/// One text of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The name of the step in its journey.
    pub name: StepName,
    /// The due time, in whole seconds.
    pub due: DateTime<Utc>,
    /// The last instant at which the step may be claimed, in whole seconds.
    pub deadline: DateTime<Utc>,
    /// Not sent once the customer has answered.
    pub unless_replied: bool,
    /// Not sent when that step was not sent.
    pub follows: Option<StepName>,
    /// The kind of text.
    pub category: Category,
    /// The rules that its category demands.
    pub policy: Policy,
    /// The channel that carries it.
    pub channel: Channel,
    /// The providers in the order in which they are tried. Empty on older items, which mean Twilio.
    pub providers: Vec<Provider>,
    /// The words, filled in; empty where all of them are in the template, and once the person has been
    /// erased.
    pub text: MessageText,
    /// The WhatsApp template that is sent instead of the words.
    pub content: Option<WhatsappTemplate>,
    /// The template that India's operators know the words by.
    pub dlt_template_id: Option<DltTemplateId>,
    /// The words were longer than their entry allows and were cut, as it asks for.
    pub truncated: bool,
    /// The expected cost, in millionths of a US dollar; `None` where no price is known.
    pub cost_micro_usd: Option<u64>,
    /// The number or service that the provider sent it from.
    pub sent_from: Option<String>,
    /// The provider's report about the last attempt.
    pub delivery: Option<Delivery>,
    /// The prices that providers reported, in the order of the attempts.
    pub prices: Vec<AttemptPrice>,
    /// The progress of the step.
    pub progress: Progress,
}

/// The data about a phone that all its conversations share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// The time of the opt-out; `None` unless the customer has opted out.
    pub opted_out_at: Option<DateTime<Utc>>,
    /// The message or the person that caused the opt-out.
    pub opted_out_by: Option<String>,
    /// The state of the confirmation of the opt-out.
    pub confirmation: Confirmation,
    /// The customer's consent; read only for steps that depend on it.
    pub consent: Consent,
    /// The time of the last message by WhatsApp: free words are allowed for 24 hours from then.
    pub last_whatsapp: Option<DateTime<Utc>>,
}

/// The confirmation of an opt-out. It is sent once, and only if the provider does not send its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Confirmation {
    /// No confirmation is due.
    #[default]
    None,
    /// The confirmation is due and has not been taken on.
    Due,
    /// The unique name of the caller that sends the confirmation.
    Taken(String),
}

/// The time after a customer's message in which WhatsApp allows words without an approved template
/// (twilio.com/docs/api/errors/63016).
pub const WHATSAPP_WINDOW: TimeDelta = TimeDelta::hours(24);

impl Contact {
    /// Returns whether words without a template may be sent by WhatsApp.
    #[must_use]
    pub fn whatsapp_window_is_open(&self, now: DateTime<Utc>) -> bool {
        self.last_whatsapp.is_some_and(|last| now - last <= WHATSAPP_WINDOW)
    }
}

impl Step {
    /// Returns the providers of the step in order; never empty.
    #[must_use]
    pub fn carriers(&self) -> &[Provider] {
        if self.providers.is_empty() { &[Provider::Twilio] } else { &self.providers }
    }

    /// Returns the provider of the present or the next attempt.
    #[must_use]
    pub fn carrier(&self) -> Provider {
        let carriers = self.carriers();
        carriers.get(self.progress.tried.len()).or(carriers.last()).copied().unwrap_or(Provider::Twilio)
    }

    /// Returns whether a further provider can be tried if the present one turns the text away.
    #[must_use]
    pub fn has_further_carrier(&self) -> bool {
        self.progress.tried.len() + 1 < self.carriers().len()
    }

    /// Returns the cost in millionths of a US dollar: as reported by providers, otherwise as expected.
    #[must_use]
    pub fn cost(&self) -> Option<u64> {
        let named = self.prices.iter().map(|price| price.micro_usd).reduce(u64::saturating_add);
        named.or(self.cost_micro_usd)
    }

    /// Returns the price of an attempt, if its provider has reported one.
    #[must_use]
    pub fn price_of(&self, attempt: u32) -> Option<Dollars> {
        let known = self.prices.iter().find(|price| price.attempt == attempt)?;
        Some(Dollars::from_micro(known.micro_usd))
    }

    /// Returns whether WhatsApp takes the step only within 24 hours of the customer's last message.
    #[must_use]
    pub fn needs_whatsapp_window(&self) -> bool {
        self.channel == Channel::Whatsapp && self.content.is_none()
    }
}

/// An execution can end this long after its step's deadline (a lost answer is looked after for 72
/// minutes, retries last for less than an hour), and Step Functions frees its name 90 days after
/// that. An item that went earlier would let a late repeat of its event be accepted, and its execution
/// be mistaken for the new one.
const AFTER_THE_DEADLINE: TimeDelta = TimeDelta::hours(6);

/// Returns the time until which an item is kept: the retention after everything about it is over.
#[must_use]
pub fn kept_until(last_deadline: DateTime<Utc>, retention: TimeDelta) -> DateTime<Utc> {
    last_deadline + AFTER_THE_DEADLINE + retention
}

impl Conversation {
    /// Returns a conversation as acceptance makes it.
    #[must_use]
    pub fn open(id: ConversationId, plan: Plan) -> Self {
        Self { id, plan: Some(plan), life: Life::default() }
    }

    /// Returns the step of that name.
    #[must_use]
    pub fn step(&self, name: &StepName) -> Option<&Step> {
        self.plan.as_ref()?.step(name)
    }

    /// Returns whether the person has been erased from it.
    #[must_use]
    pub const fn is_erased(&self) -> bool {
        self.life.erased_at.is_some()
    }

    /// Returns whether a newer conversation has replaced it.
    #[must_use]
    pub const fn is_superseded(&self) -> bool {
        self.life.superseded.is_some()
    }
}

impl Plan {
    /// Returns the step of that name.
    #[must_use]
    pub fn step(&self, name: &StepName) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == *name)
    }

    /// Returns the first step's due time, which is reported to the caller.
    #[must_use]
    pub fn first_due(&self) -> DateTime<Utc> {
        self.steps.iter().map(|step| step.due).min().unwrap_or(self.accepted_at)
    }

    /// Returns the last deadline, but no earlier than the acceptance: what the retention is counted from. An event
    /// that comes long after its time is remembered like any other.
    #[must_use]
    pub fn last_deadline(&self) -> DateTime<Utc> {
        self.steps.iter().map(|step| step.deadline).fold(self.accepted_at, DateTime::max)
    }

    /// Returns the verdict of a step, if it has one.
    #[must_use]
    pub fn verdict_of(&self, name: &StepName) -> Option<Verdict> {
        self.step(name)?.progress.verdict()
    }
}
