//! Ports of data from outside our own services: customers' messages and unusable events.

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

/// The messages of customers.
pub trait Inbox: Send + Sync {
    /// Returns the contact of a phone, and its conversations whose last deadline has not passed.
    ///
    /// # Errors
    /// MUST be strongly consistent.
    fn open_conversations(
        &self,
        phone: &PhoneNumber,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(Contact, Vec<Conversation>), Unavailable>> + Send;

    /// Returns the conversation that a provider's message belongs to.
    ///
    /// # Errors
    /// MUST return `None` for a message that does not belong to a conversation.
    fn conversation_of(
        &self,
        provider: Provider,
        message_id: &str,
    ) -> impl Future<Output = Result<Option<ConversationId>, Unavailable>> + Send;

    /// Stores an inbound message and its effects on the contact and on each conversation that it counts
    /// for.
    ///
    /// # Errors
    /// MUST be all or nothing, and MUST store each message id once.
    fn store(
        &self,
        inbound: &StoredInbound<'_>,
    ) -> impl Future<Output = Result<StoreOutcome, Unavailable>> + Send;

    /// Assigns the confirmation of an opt-out to a caller. Returns whether this caller sends it. `by` is a
    /// name that no other caller has.
    ///
    /// # Errors
    /// MUST assign it to one name only, and MUST return true for that name again. After an error it may or
    /// may not be assigned.
    fn take_confirmation(
        &self,
        phone: &PhoneNumber,
        by: &str,
    ) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Gives the confirmation back, because it was certainly not sent.
    ///
    /// # Errors
    /// MUST change nothing unless that name has taken it and the customer is opted out.
    fn give_back_confirmation(
        &self,
        phone: &PhoneNumber,
        by: &str,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// An inbound message with everything that is stored with it.
#[derive(Debug)]
pub struct StoredInbound<'a> {
    /// The message as it arrived.
    pub message: &'a InboundMessage,
    /// The meaning of the message.
    pub meaning: ReplyMeaning,
    /// The contact as it was read.
    pub contact: &'a Contact,
    /// The change of the contact's opt-out.
    pub opt_out: OptOutChange,
    /// The change of the confirmation of an opt-out.
    pub confirmation: ConfirmationChange,
    /// The conversations that it counts for.
    pub conversations: Vec<&'a Conversation>,
    /// The change of the contact's consent, which is stored with the message.
    pub consent: Option<ConsentChange>,
    /// Whether it stops the steps that are not sent after a reply.
    pub is_reply: bool,
}

/// The change of the contact's opt-out by an inbound message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutChange {
    /// The opt-out stays the same. MUST be `Overtaken` if it has changed since it was read.
    None,
    /// The customer opts out. MUST be `Overtaken` if they have opted out concurrently.
    OptOut,
    /// The customer, who had opted out, opts in again.
    OptIn,
}

/// The change of the confirmation of an opt-out by an inbound message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmationChange {
    /// The confirmation stays as it is.
    None,
    /// The confirmation becomes due.
    Due,
    /// The confirmation is not due, or no longer: the provider confirms, or the opt-out has ended.
    Over,
}

/// The result of storing an inbound message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreOutcome {
    /// The message is stored.
    Stored,
    /// The message had been stored before.
    Duplicate,
    /// The contact or a conversation changed concurrently. The caller reads and decides again.
    Overtaken,
}

/// Authentic events that cannot be used, kept for an operator.
pub trait Quarantine: Send + Sync {
    /// Stores an event. The same event is stored once.
    ///
    /// # Errors
    /// MUST NOT return before the event is stored.
    fn keep(&self, event: &QuarantinedEvent) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// An event in quarantine. The body is personal data and lives in the table only.
#[derive(Clone, PartialEq)]
pub struct QuarantinedEvent {
    /// The id: `<source>-<32 hex of the body's SHA-256>`.
    pub id: String,
    /// The source that sent it.
    pub source: SourceName,
    /// The code for the reason why the event cannot be used.
    pub reason: String,
    /// The pointers to the wrong values and the rules, without the values.
    pub details: Vec<String>,
    /// The time at which it first arrived.
    pub received_at: DateTime<Utc>,
    /// The body as it was signed.
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
