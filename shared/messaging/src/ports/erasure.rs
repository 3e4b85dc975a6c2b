//! The port by which a person is erased.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::conversations::WriteOutcome;
use super::inbox::QuarantinedEvent;
use super::unavailable::Unavailable;
use crate::conversation::Contact;
use crate::values::ids::ConversationId;
use crate::values::phone::PhoneNumber;

/// What the table can take out of itself. Every operation is harmless to repeat.
pub trait Erasure: Send + Sync {
    /// Everything that is stored under a phone.
    ///
    /// # Errors
    /// MUST be strongly consistent.
    fn traces(&self, phone: &PhoneNumber) -> impl Future<Output = Result<Traces, Unavailable>> + Send;

    /// Takes number, name, words and content hash out of a conversation of that phone, ends it as
    /// cancelled, and takes away the way that led to it. Ids, times, verdicts and the meanings of
    /// replies stay.
    ///
    /// # Errors
    /// MUST be all or nothing. MUST leave alone a conversation that is another phone's by now.
    fn erase_conversation(
        &self,
        phone: &PhoneNumber,
        id: &ConversationId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<ErasedConversation, Unavailable>> + Send;

    /// Takes number and words out of a message of that phone, and takes away the way that led to it.
    ///
    /// # Errors
    /// MUST leave its id, so that a repeated delivery is still a duplicate.
    fn erase_inbound(
        &self,
        phone: &PhoneNumber,
        message: &InboundId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Every event in quarantine.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn quarantined_events(&self) -> impl Future<Output = Result<Vec<QuarantinedEvent>, Unavailable>> + Send;

    /// Takes body and details out of an event in quarantine, and takes it off the operators' list.
    ///
    /// # Errors
    /// MUST leave its id, so that the same body is not kept once more.
    fn erase_quarantined(
        &self,
        id: &str,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Takes away what is known of the phone: what it has agreed to, what it has cost, one-time codes and how
    /// many it had. An opt-out goes on being heeded, without the number.
    ///
    /// # Errors
    /// MUST be all or nothing, and `Overtaken` when the contact has opted out or in since it was read.
    fn erase_contact(
        &self,
        phone: &PhoneNumber,
        read: &Contact,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + Send;
}

/// What leads from a phone to what is stored about a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// What is known of the phone itself.
    pub contact: Contact,
    /// Its conversations, open or over.
    pub conversations: Vec<ConversationId>,
    /// What came from it.
    pub inbound: Vec<InboundId>,
}

/// A customer's message, by its provider's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InboundId {
    /// `twilio`.
    pub provider: String,
    /// The provider's id of it.
    pub id: String,
}

/// What became of a conversation that was to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasedConversation {
    /// It is erased.
    Erased {
        /// A text of it was with the provider at that moment.
        sending: bool,
    },
    /// It is gone, or another phone's, or had been erased.
    NotTheirs,
}
