//! Ports of what arrives from outside our own services: customers' messages, unusable events.

use std::fmt;
use std::future::Future;

use chrono::{DateTime, Utc};

use super::unavailable::Unavailable;
use crate::conversation::consent::ConsentChange;
use crate::conversation::inbound_message::InboundMessage;
use crate::conversation::{Contact, Conversation};
use crate::reply::ReplyMeaning;
use crate::values::ids::{ConversationId, SourceName};
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;

/// What customers send.
pub trait Inbox: Send + Sync {
    /// The conversations of a phone whose last deadline has not passed, and what is known of it.
    ///
    /// # Errors
    /// MUST be strongly consistent.
    fn open_conversations(
        &self,
        phone: &PhoneNumber,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(Contact, Vec<Conversation>), Unavailable>> + Send;

    /// The conversation that a provider's message belongs to.
    ///
    /// # Errors
    /// MUST answer `None` for a message that is not ours.
    fn conversation_of(
        &self,
        provider: Provider,
        message_id: &str,
    ) -> impl Future<Output = Result<Option<ConversationId>, Unavailable>> + Send;

    /// Stores an inbound message, what it means for the contact and for each conversation that it
    /// counts for.
    ///
    /// # Errors
    /// MUST be all or nothing, and MUST store each message id once.
    fn store(
        &self,
        inbound: &StoredInbound<'_>,
    ) -> impl Future<Output = Result<StoreOutcome, Unavailable>> + Send;

    /// Takes it on to tell a customer that they have opted out: whether that is the caller's now. `by` is a name
    /// that no other caller has.
    ///
    /// # Errors
    /// MUST give it to one name only, and to that name again. An error leaves open whether it was taken.
    fn take_confirmation(
        &self,
        phone: &PhoneNumber,
        by: &str,
    ) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Gives it back: the customer has certainly not been told.
    ///
    /// # Errors
    /// MUST change nothing unless that name has taken it and the customer is opted out.
    fn give_back_confirmation(
        &self,
        phone: &PhoneNumber,
        by: &str,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// What is stored of an inbound message.
#[derive(Debug)]
pub struct StoredInbound<'a> {
    /// The message.
    pub message: &'a InboundMessage,
    /// What it means.
    pub meaning: ReplyMeaning,
    /// The contact as it was read.
    pub contact: &'a Contact,
    /// What it does to the contact's opt-out.
    pub opt_out: OptOutChange,
    /// What it does to the confirmation of an opt-out.
    pub confirmation: ConfirmationChange,
    /// The conversations that it counts for.
    pub conversations: Vec<&'a Conversation>,
    /// What it does to the contact's consent, to be kept with it.
    pub consent: Option<ConsentChange>,
    /// Whether it stops what is not sent after a reply.
    pub is_reply: bool,
}

/// What an inbound message does to the contact's opt-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutChange {
    /// Nothing; MUST be `Overtaken` when the opt-out has changed since it was read.
    None,
    /// The customer opts out; MUST be `Overtaken` when they have meanwhile.
    OptOut,
    /// The customer, who had opted out, opts in again.
    OptIn,
}

/// What an inbound message does to the confirmation that an opt-out is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmationChange {
    /// Nothing.
    None,
    /// It falls due.
    Due,
    /// None is owed (any more): the provider confirms, or the opt-out has ended.
    Over,
}

/// What storing an inbound message led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreOutcome {
    /// It is stored.
    Stored,
    /// It had been stored before.
    Duplicate,
    /// Something changed first: read again and decide anew.
    Overtaken,
}

/// Authentic events that cannot be used, kept for an operator.
pub trait Quarantine: Send + Sync {
    /// Keeps an event; the same one once.
    ///
    /// # Errors
    /// MUST NOT answer before it is stored.
    fn keep(&self, event: &QuarantinedEvent) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// An event in quarantine. The body is personal data and lives in the table only.
#[derive(Clone, PartialEq)]
pub struct QuarantinedEvent {
    /// Its id: `<source>-<32 hex of the body's SHA-256>`.
    pub id: String,
    /// Who sent it.
    pub source: SourceName,
    /// Why it cannot be used: a code.
    pub reason: String,
    /// The places that are wrong, and the rules; no values.
    pub details: Vec<String>,
    /// When it first arrived.
    pub received_at: DateTime<Utc>,
    /// As it was signed.
    pub body: Vec<u8>,
}

impl fmt::Debug for QuarantinedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuarantinedEvent")
            .field("id", &self.id)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}
