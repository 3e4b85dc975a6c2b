//! The table in DynamoDB that holds everything: on-demand capacity, strongly consistent reads, and no scan
//! but that of an export.

mod budgets;
mod builder;
mod codes;
mod consents;
mod erasure;
mod execute;
mod expression;
mod facts;
mod inbound_messages;
mod inbox;
mod item;
mod keys;
mod older_spelling;
mod opt_outs;
mod quarantine;
mod rate_limiters;
mod read;
mod receipts;
mod suppression;
pub mod transfer;
mod write;

use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::step::Progress;
use messaging::conversation::{Contact, Conversation, Step};
use messaging::ports::{
    AcceptOutcome, BookingEnd, BookingEndOutcome, CancelOutcome, ClaimRequest, Conversations, ProviderReport,
    Unavailable, WriteOutcome,
};
use messaging::values::ids::{ConversationId, StepName};
use messaging::values::phone::PhoneNumber;

use crate::connection::{Connection, configured};
pub(crate) use builder::{Write, put};
use execute::{Refusal, Transacted, Updated};
use item::{ContactItem, conversation_from, progress_of};
pub(crate) use keys::{Key, Partition};
use read::{GET, unreadable};
use write::Advance;

/// A client of the table. Cheap to clone.
#[derive(Clone)]
pub struct Table {
    client: aws_sdk_dynamodb::Client,
    name: String,
    retention: TimeDelta,
}

impl Table {
    /// Creates a client of the table with this name. An item expires `retention`
    /// after the last deadline of its conversation.
    #[must_use]
    pub fn new(connection: &Connection, name: impl Into<String>, retention: TimeDelta) -> Self {
        Self { client: configured!(aws_sdk_dynamodb, connection), name: name.into(), retention }
    }
}

impl Conversations for Table {
    async fn accept(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> Result<AcceptOutcome, Unavailable> {
        let now = accepted_at(conversation);
        let writes = write::accept(conversation, supersedes, self.retention, now)?;
        let Transacted::Refused(refusal) = self.transact(writes).await? else {
            return Ok(AcceptOutcome::Stored);
        };
        let stored = match refusal.into_first() {
            Some(item) => conversation_from(item, now).map_err(|_| unreadable(GET))?,
            None => self.load(&conversation.id, now).await?,
        };
        match stored {
            Some(stored) => Ok(AcceptOutcome::Existing(Box::new(stored))),
            None => Err(Unavailable {
                operation: "dynamodb:TransactWriteItems",
                reason: "the stored item is gone".to_owned(),
            }),
        }
    }

    async fn mark_started(&self, id: &ConversationId, at: DateTime<Utc>) -> Result<(), Unavailable> {
        self.write(write::mark_started(id, at)).await.map(drop)
    }

    async fn load(
        &self,
        id: &ConversationId,
        now: DateTime<Utc>,
    ) -> Result<Option<Conversation>, Unavailable> {
        match self.get(Key::conversation(id)).await? {
            Some(item) => conversation_from(item, now).map_err(|_| unreadable(GET)),
            None => Ok(None),
        }
    }

    async fn contact(&self, phone: &PhoneNumber) -> Result<Contact, Unavailable> {
        let item = self.get(Key::contact(phone)).await?.unwrap_or_default();
        let contact = ContactItem::read(item).map_err(|_| unreadable(GET))?;
        let contact = match self.older_contact(phone).await? {
            Some(older) => older_spelling::merged(contact, older),
            None => contact,
        };
        if contact.opted_out_at.is_some() {
            return Ok(contact);
        }
        Ok(self.suppression(phone).await?.unwrap_or(contact))
    }

    async fn claim(&self, request: &ClaimRequest<'_>) -> Result<WriteOutcome, Unavailable> {
        match self.transact(write::claim(request, self.retention)).await? {
            Transacted::Done => Ok(WriteOutcome::Done),
            Transacted::Refused(refusal) => {
                // A consent under the older spelling of the number counts at the next attempt.
                self.move_from_older_spelling(request.contact).await?;
                Ok(repeated(refusal, &request.step.name, request.next))
            }
        }
    }

    async fn advance(
        &self,
        conversation: &Conversation,
        step: &Step,
        next: &Progress,
        report: &ProviderReport,
        now: DateTime<Utc>,
    ) -> Result<WriteOutcome, Unavailable> {
        let advance = Advance { conversation, step, next, report, retention: self.retention, now };
        match self.transact(write::advance(&advance)?).await? {
            Transacted::Done => Ok(WriteOutcome::Done),
            Transacted::Refused(refusal) => Ok(repeated(refusal, &step.name, next)),
        }
    }

    async fn cancel(&self, id: &ConversationId, at: DateTime<Utc>) -> Result<CancelOutcome, Unavailable> {
        Ok(match self.update_and_read_previous(write::cancel(id, at)).await? {
            Updated::Done(previous) if previous.contains_key("cancelled_at") => {
                CancelOutcome::AlreadyCancelled
            }
            Updated::Done(_) => CancelOutcome::Cancelled,
            Updated::Refused(_) => CancelOutcome::Absent,
        })
    }

    async fn bury(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> Result<WriteOutcome, Unavailable> {
        let now = accepted_at(conversation);
        match self.transact(write::bury(conversation, supersedes, self.retention, now)?).await? {
            Transacted::Done => Ok(WriteOutcome::Done),
            Transacted::Refused(_) => Ok(WriteOutcome::Overtaken),
        }
    }

    async fn end_booking(
        &self,
        id: &ConversationId,
        end: &BookingEnd,
        at: DateTime<Utc>,
    ) -> Result<BookingEndOutcome, Unavailable> {
        let ended = write::end_booking(id, end, self.retention, at);
        let Updated::Done(previous) = self.update_and_read_previous(ended).await? else {
            return Err(Unavailable {
                operation: "dynamodb:UpdateItem",
                reason: "an update without a condition was refused".to_owned(),
            });
        };
        let is_superseding = matches!(end, BookingEnd::Superseded { .. });
        Ok(BookingEndOutcome {
            repeated: previous.contains_key("ended_at") && !is_superseding,
            superseded: previous.contains_key("superseded_at") || !matches!(end, BookingEnd::Cancelled),
        })
    }
}

fn accepted_at(conversation: &Conversation) -> DateTime<Utc> {
    conversation.plan.as_ref().map_or(DateTime::UNIX_EPOCH, |plan| plan.accepted_at)
}

/// Reads a refusal. A condition that does not hold because the very same write was made before, and its
/// response was lost, counts as done.
fn repeated(refusal: Refusal, step: &StepName, next: &Progress) -> WriteOutcome {
    let stored = refusal.into_first().and_then(|item| progress_of(&item, step));
    if stored.as_ref() == Some(next) { WriteOutcome::Done } else { WriteOutcome::Overtaken }
}
