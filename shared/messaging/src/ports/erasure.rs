//! The port by which a person is erased.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::conversations::WriteOutcome;
use super::inbox::QuarantinedEvent;
use super::unavailable::Unavailable;
use crate::conversation::Contact;
use crate::values::ids::ConversationId;
use crate::values::phone::PhoneNumber;

/// Erases a person from the table. Every operation is harmless to repeat.
pub trait Erasure: Send + Sync {
    /// Returns the ids of everything that is stored under a phone.
    ///
    /// # Errors
    /// MUST be strongly consistent.
    fn traces(&self, phone: &PhoneNumber) -> impl Future<Output = Result<Traces, Unavailable>> + Send;

    /// Removes number, name, words and content hash from a conversation of that phone, ends it as
    /// cancelled, and removes the pointer to it. Ids, times, verdicts and the meanings of
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

    /// Removes number and words from a message of that phone, and removes the pointer to it.
    ///
    /// # Errors
    /// MUST leave its id, so that a repeated delivery is still a duplicate.
    fn erase_inbound(
        &self,
        phone: &PhoneNumber,
        message: &InboundId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Returns every event in quarantine.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn quarantined_events(&self) -> impl Future<Output = Result<Vec<QuarantinedEvent>, Unavailable>> + Send;

    /// Removes body and details from an event in quarantine, and removes it from the operators' list.
    ///
    /// # Errors
    /// MUST leave its id, so that the same body is not stored again.
    fn erase_quarantined(
        &self,
        id: &str,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Removes the contact of the phone: its consent, its spending, its one-time codes and their counters. An
    /// opt-out is still honoured, without the number.
    ///
    /// # Errors
    /// MUST be all or nothing, and `Overtaken` when the contact has opted out or in since it was read.
    fn erase_contact(
        &self,
        phone: &PhoneNumber,
        read: &Contact,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + Send;
}

/// The pointers from a phone to everything that is stored about a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// The contact of the phone.
    pub contact: Contact,
    /// Its conversations, open or over.
    pub conversations: Vec<ConversationId>,
    /// The messages that came from it.
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

/// The result of erasing a conversation.
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
