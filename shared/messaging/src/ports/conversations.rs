//! The port of the conversations' table.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::unavailable::Unavailable;
use crate::conversation::step::{Progress, ProviderMessage};
use crate::conversation::{Contact, Conversation, Step};
use crate::values::ids::ConversationId;
use crate::values::phone::PhoneNumber;

/// The result of storing a new conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum AcceptOutcome {
    /// It is stored.
    Stored,
    /// Another one (or the same, earlier) is stored under this id.
    Existing(Box<Conversation>),
}

/// The result of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It is stored.
    Done,
    /// Something changed first: read again and decide again.
    Overtaken,
}

/// The result of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The conversation is cancelled now.
    Cancelled,
    /// It had been cancelled before.
    AlreadyCancelled,
    /// There is no such conversation.
    Absent,
}

/// The transition of a step from `Planned` to a claim (or to `Shadowed`), with the conditions that must
/// still hold when it is stored.
#[derive(Debug, Clone)]
pub struct ClaimRequest<'a> {
    /// The conversation of the step.
    pub conversation: &'a ConversationId,
    /// The phone of the customer.
    pub contact: &'a PhoneNumber,
    /// The step as it was read.
    pub step: &'a Step,
    /// The progress to store.
    pub next: &'a Progress,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// Facts that a provider reports beside the step's own progress.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderReport {
    /// The message id, by which receipts and replies find the step.
    pub message: Option<ProviderMessage>,
    /// Whether the provider reports that the customer has opted out.
    pub opted_out: bool,
}

/// The conversations' table.
pub trait Conversations: Send + Sync {
    /// Stores a new conversation and its pointer from the phone, and marks the conversation that it
    /// replaces as superseded (as a tombstone if that one has not arrived yet).
    ///
    /// # Errors
    /// MUST be all or nothing. MUST answer `Existing` with what is stored when the id is taken by a
    /// live item, and treat an expired item as absent. An error leaves open whether it was stored.
    fn accept(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> impl Future<Output = Result<AcceptOutcome, Unavailable>> + Send;

    /// Records that every step's execution has been started.
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

    /// Reads the contact of a phone; the default if none is stored.
    ///
    /// # Errors
    /// MUST be strongly consistent.
    fn contact(&self, phone: &PhoneNumber) -> impl Future<Output = Result<Contact, Unavailable>> + Send;

    /// Claims a planned step.
    ///
    /// # Errors
    /// MUST store the claim and check, in one transaction: the conversation is live, not cancelled,
    /// not superseded, without a reply where the step is `unless_replied`; the step is in exactly
    /// the state that was read; the contact has not opted out, and consents where the step depends on it
    /// ([`Consent::refuses`](crate::conversation::consent::Consent::refuses)). MUST answer `Overtaken` when any of it does
    /// not hold, unless the stored claim is this very one. A conflict with another transaction MUST
    /// be tried again (three times) before it is an error.
    fn claim(
        &self,
        request: &ClaimRequest<'_>,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + Send;

    /// Moves a step on from where it was read; for a claimed or unknown step: from any state that
    /// holds the same claim.
    ///
    /// # Errors
    /// MUST store progress and report all or nothing; MUST answer `Overtaken` when the
    /// step is in another state, unless that is already `next`.
    fn advance(
        &self,
        conversation: &Conversation,
        step: &Step,
        next: &Progress,
        report: &ProviderReport,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + Send;

    /// Cancels a conversation that is stored.
    ///
    /// # Errors
    /// MUST keep the first cancellation's time. MUST answer `Absent` for an unknown or expired id.
    fn cancel(
        &self,
        id: &ConversationId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<CancelOutcome, Unavailable>> + Send;

    /// Gives a tombstone the plan of its event, which has arrived after its end; the plan's steps are
    /// decided already. Otherwise as `accept`.
    ///
    /// # Errors
    /// MUST answer `Overtaken` when the tombstone has a plan by now.
    fn bury(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + Send;

    /// Stores that a booking has ended, as a tombstone where it has not arrived yet.
    ///
    /// # Errors
    /// MUST keep what the first delivery stored and report whether this is a repeat of it.
    fn end_booking(
        &self,
        id: &ConversationId,
        ending: &BookingEnd,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<BookingEndOutcome, Unavailable>> + Send;
}

/// The way in which a booking ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingEnd {
    /// It was cancelled.
    Cancelled,
    /// It was moved; the booking system reports the end of the old one.
    Rescheduled {
        /// The booking that replaces it, if the report names it.
        by: Option<ConversationId>,
    },
    /// A newer booking reports that it replaces this one. This is not a report about this booking, so it
    /// does not count as a repeat.
    Superseded {
        /// The newer booking, where it is known.
        by: Option<ConversationId>,
    },
}

/// The result of storing an ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingEndOutcome {
    /// The booking system had reported the end of this booking before.
    pub repeated: bool,
    /// The conversation is superseded now.
    pub superseded: bool,
}
