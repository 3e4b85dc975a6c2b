//! What one event opened: the plan that was made at acceptance and what has become of it.

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
    /// Its id.
    pub id: ConversationId,
    /// What was accepted; absent on a tombstone (a cancellation that came before its event).
    pub plan: Option<Plan>,
    /// What has happened since.
    pub life: Life,
}

/// What was accepted. Copied whole, so that an edit of `journeys.toml` never changes what waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Who called.
    pub source: SourceName,
    /// Whose phone; `None` once the person has been erased.
    pub contact: Option<PhoneNumber>,
    /// What the customer is called, where the event says.
    pub name: Option<PersonName>,
    /// The journey, and the version of the file that it was read from.
    pub journey: JourneyName,
    /// Version of `journeys.toml` at acceptance.
    pub journeys_version: String,
    /// SHA-256 of the event's canonical content, to tell a repeat from a reused key; empty once the
    /// person has been erased, because a number can be guessed from it.
    pub content_hash: String,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// The caller's own id for the chain of events, carried through.
    pub correlation_id: Option<String>,
    /// The texts in the order of their due times.
    pub steps: Vec<Step>,
}

/// What has happened to a conversation since it was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life {
    /// When every step's execution had been started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was cancelled.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When the person was erased: number, name, words and content hash are gone since then, and
    /// nothing further is sent.
    pub erased_at: Option<DateTime<Utc>>,
    /// When a newer conversation took its place, and which.
    pub superseded: Option<Supersession>,
    /// When the customer first answered.
    pub replied_at: Option<DateTime<Utc>>,
    /// What the customer has sent, in the order in which it was stored.
    pub replies: Vec<Reply>,
}

/// A message of the customer's, as far as the conversation needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// When it was received.
    pub at: DateTime<Utc>,
    /// What it means.
    pub meaning: ReplyMeaning,
}

/// A newer conversation took this one's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supersession {
    /// When that was stored.
    pub at: DateTime<Utc>,
    /// The newer conversation, where it is known.
    pub by: Option<ConversationId>,
}

/// One text of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: StepName,
    /// When it is due: whole seconds.
    pub due: DateTime<Utc>,
    /// Until when it may be claimed: whole seconds.
    pub deadline: DateTime<Utc>,
    /// Not sent once the customer has answered.
    pub unless_replied: bool,
    /// Not sent when that step was not sent.
    pub follows: Option<StepName>,
    /// Kind of text.
    pub category: Category,
    /// What its category demands.
    pub policy: Policy,
    /// How it travels.
    pub channel: Channel,
    /// Who carries it, in the order in which they are asked; none on what was stored before there was
    /// a choice: Twilio.
    pub providers: Vec<Provider>,
    /// The words, filled in; empty where all of them are in the template, and once the person has been
    /// erased.
    pub text: MessageText,
    /// The WhatsApp template that says it.
    pub content: Option<WhatsappTemplate>,
    /// The template that India's operators know the words by.
    pub dlt_template_id: Option<DltTemplateId>,
    /// The words were longer than their entry allows and were cut, as it asks for.
    pub truncated: bool,
    /// What it is expected to cost, in millionths of a US dollar; `None` where no price is known.
    pub cost_micro_usd: Option<u64>,
    /// The number or service that the provider sent it from.
    pub sent_from: Option<String>,
    /// What the provider has reported about the last attempt.
    pub delivery: Option<Delivery>,
    /// What attempts have cost, as their providers report it, in order.
    pub prices: Vec<AttemptPrice>,
    /// How far it has come.
    pub progress: Progress,
}

/// What the table knows of a phone across its conversations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// When the customer opted out, if they have.
    pub opted_out_at: Option<DateTime<Utc>>,
    /// By which message, or by whom.
    pub opted_out_by: Option<String>,
    /// Whether they are told so.
    pub confirmation: Confirmation,
    /// What the customer has agreed to; read only for steps that heed it.
    pub consent: Consent,
    /// When the customer last wrote by WhatsApp: free words are allowed for 24 hours from then.
    pub last_whatsapp: Option<DateTime<Utc>>,
}

/// Telling a customer that they have opted out: once, where the provider does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Confirmation {
    /// Nothing is owed.
    #[default]
    None,
    /// Nobody has told them yet.
    Due,
    /// Who has taken it on, by a name that nobody else has.
    Taken(String),
}

/// How long after a customer's message WhatsApp allows words that are no approved template
/// (twilio.com/docs/api/errors/63016).
pub const WHATSAPP_WINDOW: TimeDelta = TimeDelta::hours(24);

impl Contact {
    /// Whether words that are no template may be sent by WhatsApp.
    #[must_use]
    pub fn whatsapp_window_is_open(&self, now: DateTime<Utc>) -> bool {
        self.last_whatsapp.is_some_and(|last| now - last <= WHATSAPP_WINDOW)
    }
}

impl Step {
    /// Who carries the step, in order; never empty.
    #[must_use]
    pub fn carriers(&self) -> &[Provider] {
        if self.providers.is_empty() { &[Provider::Twilio] } else { &self.providers }
    }

    /// Who is asked at the next attempt, or was at the present one.
    #[must_use]
    pub fn carrier(&self) -> Provider {
        let carriers = self.carriers();
        carriers.get(self.progress.tried.len()).or(carriers.last()).copied().unwrap_or(Provider::Twilio)
    }

    /// Whether another one can be asked if the present one turns the text away.
    #[must_use]
    pub fn has_further_carrier(&self) -> bool {
        self.progress.tried.len() + 1 < self.carriers().len()
    }

    /// What the step has cost, in millionths of a US dollar: what providers have named, else what is
    /// expected.
    #[must_use]
    pub fn cost(&self) -> Option<u64> {
        let named = self.prices.iter().map(|price| price.micro_usd).reduce(u64::saturating_add);
        named.or(self.cost_micro_usd)
    }

    /// What an attempt has cost, where its provider has said so.
    #[must_use]
    pub fn price_of(&self, attempt: u32) -> Option<Dollars> {
        let known = self.prices.iter().find(|price| price.attempt == attempt)?;
        Some(Dollars::from_micro(known.micro_usd))
    }

    /// Whether WhatsApp takes the step within 24 hours of the customer's last message only.
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

/// Until when an item is kept: the retention after everything about it is over.
#[must_use]
pub fn kept_until(last_deadline: DateTime<Utc>, retention: TimeDelta) -> DateTime<Utc> {
    last_deadline + AFTER_THE_DEADLINE + retention
}

impl Conversation {
    /// A conversation as acceptance makes it.
    #[must_use]
    pub fn open(id: ConversationId, plan: Plan) -> Self {
        Self { id, plan: Some(plan), life: Life::default() }
    }

    /// A step by name.
    #[must_use]
    pub fn step(&self, name: &StepName) -> Option<&Step> {
        self.plan.as_ref()?.step(name)
    }

    /// Whether the person has been erased from it.
    #[must_use]
    pub const fn is_erased(&self) -> bool {
        self.life.erased_at.is_some()
    }

    /// Whether it has been superseded.
    #[must_use]
    pub const fn is_superseded(&self) -> bool {
        self.life.superseded.is_some()
    }
}

impl Plan {
    /// A step by name.
    #[must_use]
    pub fn step(&self, name: &StepName) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == *name)
    }

    /// The due time that the caller is told: the first step's.
    #[must_use]
    pub fn first_due(&self) -> DateTime<Utc> {
        self.steps.iter().map(|step| step.due).min().unwrap_or(self.accepted_at)
    }

    /// The last deadline, but no earlier than the acceptance: what the retention is counted from. An event
    /// that comes long after its time is remembered like any other.
    #[must_use]
    pub fn last_deadline(&self) -> DateTime<Utc> {
        self.steps.iter().map(|step| step.deadline).fold(self.accepted_at, DateTime::max)
    }

    /// The verdict of a step, if it has one.
    #[must_use]
    pub fn verdict_of(&self, name: &StepName) -> Option<Verdict> {
        self.step(name)?.progress.verdict()
    }
}
