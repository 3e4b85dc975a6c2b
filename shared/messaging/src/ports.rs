//! What the use cases need of the outside world. Small traits; their contracts are MUSTs, and every
//! implementation (the real adapters, the simulator's) is held to the same tests.

mod codes;
mod consents;
mod erasure;
mod inbox;
mod receipts;
mod sending;

use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use thiserror::Error;

pub use codes::{CodeTexts, Codes, Randomness};
pub use consents::Consents;
pub use erasure::{ErasedConversation, Erasure, InboundId, Traces};
pub use inbox::{
    ConfirmationChange, Inbox, OptOutChange, Quarantine, QuarantinedEvent, Receiving, StoredInbound,
};
pub use receipts::Receipts;
pub use sending::{Purses, Schedules, SendingRules};

use crate::content::Content;
use crate::conversation::{Contact, Conversation, Step};
use crate::ids::{ConversationId, StepName};
use crate::journeys::{Channel, Journeys};
use crate::phone::PhoneNumber;
use crate::provider::Provider;
use crate::secret::SecretText;
use crate::step::{Progress, ProviderMessage, SendOutcome, Switch};
use crate::text::MessageText;

/// A dependency of ours could not be reached, or did not say what it did. The message names the
/// operation and the kind of failure, never data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation}: {reason}")]
pub struct Unavailable {
    /// Which operation: `dynamodb:TransactWriteItems`.
    pub operation: &'static str,
    /// What happened, in a word: `timeout`, `throttled`, `conflict`, an error code.
    pub reason: String,
}

/// What storing a new conversation led to.
#[derive(Debug, Clone, PartialEq)]
pub enum Acceptance {
    /// It is stored.
    Stored,
    /// Another one (or the same, earlier) is stored under this id.
    Existing(Box<Conversation>),
}

/// What a conditional write led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is stored.
    Done,
    /// Something changed first: read again and decide anew.
    Overtaken,
}

/// What cancelling led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelling {
    /// The conversation is cancelled now.
    Cancelled,
    /// It had been cancelled before.
    AlreadyCancelled,
    /// There is no such conversation.
    Absent,
}

/// A step's way from `Planned` to a claim (or to `Shadowed`), with what must still hold when it is
/// stored.
#[derive(Debug, Clone)]
pub struct Claiming<'a> {
    /// Which conversation.
    pub conversation: &'a ConversationId,
    /// Whose phone.
    pub contact: &'a PhoneNumber,
    /// Which step, as it was read.
    pub step: &'a Step,
    /// Where it goes.
    pub next: &'a Progress,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// What is learned from a provider beside the step's own progress.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Learned {
    /// The message id, by which receipts and replies find the step.
    pub message: Option<ProviderMessage>,
    /// The provider says that the customer has opted out.
    pub opted_out: bool,
}

/// The conversations' table.
pub trait Conversations: Send + Sync {
    /// Stores a new conversation and its pointer from the phone, and marks the one whose place it
    /// takes as superseded (as a tombstone where that one has not arrived yet).
    ///
    /// # Errors
    /// MUST be all or nothing. MUST answer `Existing` with what is stored when the id is taken by a
    /// live item, and treat an expired item as absent. An error leaves open whether it was stored.
    fn accept(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> impl Future<Output = Result<Acceptance, Unavailable>> + Send;

    /// Notes that every step's execution has been started.
    ///
    /// # Errors
    /// MUST NOT create a conversation that is absent.
    fn mark_started(
        &self,
        id: &ConversationId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Reads a conversation.
    ///
    /// # Errors
    /// MUST be strongly consistent and MUST answer `None` for an expired item.
    fn load(
        &self,
        id: &ConversationId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<Conversation>, Unavailable>> + Send;

    /// Reads what is known of a phone; the default where nothing is.
    ///
    /// # Errors
    /// MUST be strongly consistent.
    fn contact(&self, phone: &PhoneNumber) -> impl Future<Output = Result<Contact, Unavailable>> + Send;

    /// Claims a planned step.
    ///
    /// # Errors
    /// MUST store the claim and check, in one transaction: the conversation is live, not cancelled,
    /// not superseded, without a reply where the step is `unless_replied`; the step stands exactly
    /// where it was read; the contact has not opted out, and consents where the step heeds that
    /// ([`Consent::refuses`](crate::consent::Consent::refuses)). MUST answer `Overtaken` when any of it does
    /// not hold, unless the stored claim is this very one. A conflict with another transaction MUST
    /// be tried again (three times) before it is an error.
    fn claim(&self, claiming: &Claiming<'_>) -> impl Future<Output = Result<Written, Unavailable>> + Send;

    /// Moves a step on from where it was read; for a claimed or unknown step: from any state that
    /// holds the same claim.
    ///
    /// # Errors
    /// MUST store progress and what was learned all or nothing; MUST answer `Overtaken` when the
    /// step stands elsewhere, unless it already stands at `next`.
    fn advance(
        &self,
        conversation: &Conversation,
        step: &Step,
        next: &Progress,
        learned: &Learned,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Written, Unavailable>> + Send;

    /// Cancels a conversation that is stored.
    ///
    /// # Errors
    /// MUST keep the first cancellation's time. MUST answer `Absent` for an unknown or expired id.
    fn cancel(
        &self,
        id: &ConversationId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<Cancelling, Unavailable>> + Send;

    /// Gives a tombstone the plan of its event, which has arrived after its end; the plan's steps are
    /// decided already. Otherwise as `accept`.
    ///
    /// # Errors
    /// MUST answer `Overtaken` when the tombstone has a plan by now.
    fn bury(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> impl Future<Output = Result<Written, Unavailable>> + Send;

    /// Stores that a booking has ended, as a tombstone where it has not arrived yet.
    ///
    /// # Errors
    /// MUST keep what the first delivery stored and say whether this is a repeat of it.
    fn end_booking(
        &self,
        id: &ConversationId,
        ending: &Ending,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<Ended, Unavailable>> + Send;
}

/// How a booking ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It was cancelled.
    Cancelled,
    /// It was moved; the booking system reports the end of the old one.
    Rescheduled {
        /// The booking that takes its place, where the report names it.
        by: Option<ConversationId>,
    },
    /// A newer booking says that it takes this one's place. No report about this one, so it counts
    /// for no repeat.
    Superseded {
        /// The newer booking, where it is known.
        by: Option<ConversationId>,
    },
}

/// What storing an ending led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The booking system had reported the end of this booking before.
    pub repeated: bool,
    /// The conversation is superseded now.
    pub superseded: bool,
}

/// Starts executions of the state machine.
pub trait Executions: Send + Sync {
    /// Starts the execution of a step.
    ///
    /// # Errors
    /// MUST succeed when that execution exists already, whatever has become of it.
    fn start(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        due: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Starts a step's further execution of that number (from 1). MUST answer [`Started::Waits`] when it
    /// exists already, runs, and has the same due time.
    ///
    /// # Errors
    /// When Step Functions cannot be reached, or did not answer: it may have been started.
    fn start_again(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        number: u32,
        due: DateTime<Utc>,
    ) -> impl Future<Output = Result<Started, Unavailable>> + Send;
}

/// What became of the start of a further execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It waits for its due time.
    Waits,
    /// There has been one of that number with another due time, or one that has ended.
    NumberTaken,
}

/// One text on its way to a provider.
#[derive(Debug, Clone)]
pub struct OutboundText<'a> {
    /// Who carries it.
    pub provider: Provider,
    /// The conversation, to be echoed by the provider's receipts.
    pub conversation: &'a ConversationId,
    /// The phone that it goes to.
    pub to: &'a PhoneNumber,
    /// The step: channel, category, deadline, words.
    pub step: &'a Step,
    /// In which form it is said.
    pub form: Form<'a>,
    /// The number of the attempt, to be echoed too.
    pub attempt: u32,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// How a text is said.
#[derive(Debug, Clone, Copy)]
pub enum Form<'a> {
    /// In the step's own words.
    Words(&'a MessageText),
    /// By a template that the provider holds.
    Template(&'a Content),
}

/// The providers.
pub trait Sender: Send + Sync {
    /// Sends a text, once.
    ///
    /// Infallible: every failure is one of the outcomes. MUST make at most one attempt on the wire,
    /// MUST end within 10 s, and MUST answer `NotSent` only when the provider certainly did not take
    /// the text.
    fn send(&self, text: &OutboundText<'_>) -> impl Future<Output = SendOutcome> + Send;

    /// The number, pool or service that a step's next text leaves from, where that is known beforehand;
    /// `whatsapp:` before a number of WhatsApp's.
    fn origin(&self, _step: &Step) -> Option<&str> {
        None
    }

    /// Looks for a text whose answer was lost in the provider's own records: the messages to that phone
    /// with those words that it took within a minute of `since`, when it was called. Other attempts' may be
    /// among them.
    ///
    /// Infallible, because it only helps: empty when there are none, or no way to look.
    fn find(
        &self,
        _text: &OutboundText<'_>,
        _since: DateTime<Utc>,
    ) -> impl Future<Output = Vec<ProviderMessage>> + Send {
        std::future::ready(Vec::new())
    }
}

/// Words that belong to no journey: the confirmation of an opt-out.
pub trait Notices: Send + Sync {
    /// Sends words from a number of ours to a customer, once, by the provider whose number it is.
    ///
    /// As [`Sender::send`]: infallible, at most one attempt on the wire, within 10 s.
    fn notify(
        &self,
        provider: Provider,
        to: &PhoneNumber,
        channel: Channel,
        from: &str,
        words: &MessageText,
    ) -> impl Future<Output = SendOutcome> + Send;
}

/// The operators' switch.
pub trait SendingSwitch: Send + Sync {
    /// What it says, at most 30 s old; `Unreadable` when that cannot be found out.
    fn read(&self) -> impl Future<Output = Switch> + Send;
}

/// Where keys and tokens come from: named entries, each a list with the newest first, so that a key
/// can be replaced without downtime.
pub trait KeyRing: Send + Sync {
    /// The keys of an entry; empty when there is no such entry.
    ///
    /// # Errors
    /// When the keys cannot be had.
    fn keys(&self, entry: &str) -> impl Future<Output = Result<Vec<SecretText>, Unavailable>> + Send;

    /// Called when no key fitted: fetches the keys anew, and says whether it did. MUST fetch at most
    /// every 30 s, or a stranger's wrong keys would become our calls to the secret store.
    ///
    /// # Errors
    /// When the keys cannot be had.
    fn refresh(&self) -> impl Future<Output = Result<bool, Unavailable>> + Send;
}

/// Where the journeys come from.
pub trait JourneySource: Send + Sync {
    /// The current journeys and their version, at most 60 s old.
    ///
    /// # Errors
    /// When none can be had.
    fn current(&self) -> impl Future<Output = Result<CurrentJourneys, Unavailable>> + Send;
}

/// The journeys in force.
#[derive(Debug, Clone)]
pub struct CurrentJourneys {
    /// Their version.
    pub version: String,
    /// The file.
    pub journeys: Arc<Journeys>,
}

impl<K: KeyRing> KeyRing for Arc<K> {
    fn keys(&self, entry: &str) -> impl Future<Output = Result<Vec<SecretText>, Unavailable>> + Send {
        (**self).keys(entry)
    }

    fn refresh(&self) -> impl Future<Output = Result<bool, Unavailable>> + Send {
        (**self).refresh()
    }
}
