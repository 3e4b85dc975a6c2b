//! The conversations' table in DynamoDB: one table, on demand, strongly consistent reads, no scan.

mod budgets;
mod change;
mod codes;
mod consents;
mod erasure;
mod expression;
mod inbound_messages;
mod inbox;
mod item;
mod opt_outs;
mod quarantine;
mod rate_limiters;
mod receipts;
mod suppression;
pub mod transfer;
mod write;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::step::Progress;
use messaging::conversation::{Contact, Conversation, Step};
use messaging::ports::{
    AcceptOutcome, BookingEnd, BookingEndOutcome, CancelOutcome, ClaimRequest, Conversations, ProviderReport,
    Unavailable, WriteOutcome,
};
use messaging::values::ids::ConversationId;
use messaging::values::phone::PhoneNumber;

use crate::connection::{Connection, configured};
use crate::failure::unavailable;
use change::Repeats;
use item::{ContactItem, Item, contact_key, conversation_from, conversation_key, progress_of};

/// The table. Cheap to clone.
#[derive(Clone)]
pub struct Table {
    client: aws_sdk_dynamodb::Client,
    name: String,
    retention: TimeDelta,
}

/// How often a transaction that met another one is tried.
const CONFLICT_TRIES: usize = 3;

/// What became of a transaction.
enum Transacted {
    Done,
    /// A condition did not hold; for each item what is stored, where the transaction asked for it.
    Refused(Vec<Option<Item>>),
}

impl Table {
    /// The table by name; items expire `retention` after the last deadline.
    #[must_use]
    pub fn new(connection: &Connection, name: impl Into<String>, retention: TimeDelta) -> Self {
        Self { client: configured!(aws_sdk_dynamodb, connection), name: name.into(), retention }
    }

    /// The client and the table's name, for what is no conversation (journeys).
    pub(crate) fn parts(&self) -> (&aws_sdk_dynamodb::Client, &str) {
        (&self.client, &self.name)
    }

    async fn get(&self, key: (String, String)) -> Result<Option<Item>, Unavailable> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(key.0))
            .key("sk", AttributeValue::S(key.1))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("dynamodb:GetItem", &error))?;
        Ok(answer.item)
    }

    /// Writes all or nothing. A conflict with another transaction is tried again.
    async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<Transacted, Unavailable> {
        Ok(self.transact_named(items).await?.0)
    }

    /// The same; of a refusal also the place of the first item whose condition did not hold.
    async fn transact_named(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<(Transacted, Option<usize>), Unavailable> {
        const OPERATION: &str = "dynamodb:TransactWriteItems";
        let mut tries = 0;
        loop {
            tries += 1;
            let sent =
                self.client.transact_write_items().set_transact_items(Some(items.clone())).send().await;
            let Err(error) = sent else { return Ok((Transacted::Done, None)) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(unavailable(OPERATION, &error));
            };
            let reasons = cancelled.cancellation_reasons();
            let is = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
            if is("ConditionalCheckFailed") {
                let first = reasons.iter().position(|reason| reason.code() == Some("ConditionalCheckFailed"));
                let stored = reasons.iter().map(|reason| reason.item().cloned()).collect();
                return Ok((Transacted::Refused(stored), first));
            }
            if tries == CONFLICT_TRIES || !is("TransactionConflict") {
                let code = reasons.iter().filter_map(|reason| reason.code()).find(|code| *code != "None");
                return Err(Unavailable {
                    operation: OPERATION,
                    reason: code.unwrap_or("cancelled").to_owned(),
                });
            }
        }
    }

    fn decode(&self, item: Item, now: DateTime<Utc>) -> Result<Option<Conversation>, Unavailable> {
        conversation_from(item, now)
            .map_err(|_| Unavailable { operation: "dynamodb:GetItem", reason: "unreadable item".to_owned() })
    }
}

impl Conversations for Table {
    async fn accept(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> Result<AcceptOutcome, Unavailable> {
        let now = conversation.plan.as_ref().map_or(DateTime::UNIX_EPOCH, |plan| plan.accepted_at);
        match self.transact(write::accept(&self.name, conversation, supersedes, self.retention, now)?).await?
        {
            Transacted::Done => Ok(AcceptOutcome::Stored),
            Transacted::Refused(stored) => {
                let stored = match stored.into_iter().next().flatten() {
                    Some(item) => self.decode(item, now)?,
                    None => self.load(&conversation.id, now).await?,
                };
                let vanished = || Unavailable {
                    operation: "dynamodb:TransactWriteItems",
                    reason: "the stored item vanished".to_owned(),
                };
                stored.map(|stored| AcceptOutcome::Existing(Box::new(stored))).ok_or_else(vanished)
            }
        }
    }

    async fn mark_started(&self, id: &ConversationId, at: DateTime<Utc>) -> Result<(), Unavailable> {
        self.change_item(write::mark_started(id, at), Repeats::Allowed).await.map(drop)
    }

    async fn load(
        &self,
        id: &ConversationId,
        now: DateTime<Utc>,
    ) -> Result<Option<Conversation>, Unavailable> {
        match self.get(conversation_key(id)).await? {
            Some(item) => self.decode(item, now),
            None => Ok(None),
        }
    }

    async fn contact(&self, phone: &PhoneNumber) -> Result<Contact, Unavailable> {
        let item = self.get(contact_key(phone)).await?;
        let contact = item.map_or_else(|| Ok(Contact::default()), readable)?;
        if contact.opted_out_at.is_some() {
            return Ok(contact);
        }
        Ok(self.suppression(phone).await?.unwrap_or(contact))
    }

    async fn claim(&self, claiming: &ClaimRequest<'_>) -> Result<WriteOutcome, Unavailable> {
        let items = write::claim(&self.name, claiming, self.retention)?;
        match self.transact(items).await? {
            Transacted::Done => Ok(WriteOutcome::Done),
            Transacted::Refused(stored) => Ok(written_before(stored, &claiming.step.name, claiming.next)),
        }
    }

    async fn advance(
        &self,
        conversation: &Conversation,
        step: &Step,
        next: &Progress,
        learned: &ProviderReport,
        now: DateTime<Utc>,
    ) -> Result<WriteOutcome, Unavailable> {
        let items = write::advance(&self.name, conversation, step, next, learned, self.retention, now)?;
        match self.transact(items).await? {
            Transacted::Done => Ok(WriteOutcome::Done),
            Transacted::Refused(stored) => Ok(written_before(stored, &step.name, next)),
        }
    }

    async fn cancel(&self, id: &ConversationId, at: DateTime<Utc>) -> Result<CancelOutcome, Unavailable> {
        let update = write::cancel(&self.client, &self.name, id, at);
        match update.send().await {
            Ok(answer) if answer.attributes().is_some_and(|old| old.contains_key("cancelled_at")) => {
                Ok(CancelOutcome::AlreadyCancelled)
            }
            Ok(_) => Ok(CancelOutcome::Cancelled),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(CancelOutcome::Absent)
            }
            Err(error) => Err(unavailable("dynamodb:UpdateItem", &error)),
        }
    }

    async fn bury(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> Result<WriteOutcome, Unavailable> {
        let now = conversation.plan.as_ref().map_or(DateTime::UNIX_EPOCH, |plan| plan.accepted_at);
        match self.transact(write::bury(&self.name, conversation, supersedes, self.retention, now)?).await? {
            Transacted::Done => Ok(WriteOutcome::Done),
            Transacted::Refused(_) => Ok(WriteOutcome::Overtaken),
        }
    }

    async fn end_booking(
        &self,
        id: &ConversationId,
        ending: &BookingEnd,
        at: DateTime<Utc>,
    ) -> Result<BookingEndOutcome, Unavailable> {
        let update = write::end_booking(&self.client, &self.name, id, ending, self.retention, at);
        let answer = update.send().await.map_err(|error| unavailable("dynamodb:UpdateItem", &error))?;
        let had = |attribute: &str| answer.attributes().is_some_and(|old| old.contains_key(attribute));
        Ok(BookingEndOutcome {
            repeated: had("ended_at") && !matches!(ending, BookingEnd::Superseded { .. }),
            superseded: had("superseded_at") || !matches!(ending, BookingEnd::Cancelled),
        })
    }
}

fn readable(item: Item) -> Result<Contact, Unavailable> {
    ContactItem::read(item)
        .map_err(|_| Unavailable { operation: "dynamodb:GetItem", reason: "unreadable item".to_owned() })
}

/// A condition that does not hold because the very write has happened before (its answer was lost)
/// counts as done.
fn written_before(
    stored: Vec<Option<Item>>,
    step: &messaging::values::ids::StepName,
    next: &Progress,
) -> WriteOutcome {
    let stored = stored.into_iter().next().flatten();
    if stored.is_some_and(|item| progress_of(&item, step).as_ref() == Some(next)) {
        WriteOutcome::Done
    } else {
        WriteOutcome::Overtaken
    }
}
