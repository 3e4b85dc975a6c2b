//! Accepting an event: store, start every step, mark started, answer.
//!
//! A crash between any two of these leaves something that the next delivery of the same event
//! finishes: the conversation is found stored but not marked started, and whatever was started
//! already answers that it exists.

use chrono::{DateTime, Utc};

use crate::conversation::{Conversation, Plan};
use crate::ports::{AcceptOutcome, Conversations, Executions, Unavailable};
use crate::values::ids::ConversationId;

/// What a source is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventOutcome {
    /// The event is stored and its executions run.
    New {
        /// When the first text is due.
        due: DateTime<Utc>,
    },
    /// The same event had been accepted before.
    Duplicate {
        /// When the first text was due.
        due: DateTime<Utc>,
    },
    /// Another event had been accepted under the same id.
    KeyReused,
}

/// Accepts a planned conversation.
///
/// # Errors
/// When the store or Step Functions cannot be reached: nothing is lost, the caller repeats.
pub async fn accept(
    conversations: &impl Conversations,
    executions: &impl Executions,
    conversation: &Conversation,
    now: DateTime<Utc>,
) -> Result<EventOutcome, Unavailable> {
    let Some(plan) = &conversation.plan else { return Ok(EventOutcome::KeyReused) };
    match conversations.accept(conversation, None).await? {
        AcceptOutcome::Stored => {
            start(conversations, executions, &conversation.id, plan, now).await?;
            Ok(EventOutcome::New { due: plan.first_due() })
        }
        AcceptOutcome::Existing(stored) => {
            again(conversations, executions, &stored, &plan.content_hash, now).await
        }
    }
}

/// Answers an event that cannot be planned: it may have been accepted under the journeys of another day, and
/// is a duplicate then, whatever today's say. `None` when nothing is stored under its id.
///
/// # Errors
/// As [`accept`].
pub async fn accepted_before(
    conversations: &impl Conversations,
    executions: &impl Executions,
    id: &ConversationId,
    content_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<EventOutcome>, Unavailable> {
    match conversations.load(id, now).await? {
        Some(stored) => again(conversations, executions, &stored, content_hash, now).await.map(Some),
        None => Ok(None),
    }
}

/// What is stored under the id of an event that has come again, started if it is not yet.
async fn again(
    conversations: &impl Conversations,
    executions: &impl Executions,
    stored: &Conversation,
    content_hash: &str,
    now: DateTime<Utc>,
) -> Result<EventOutcome, Unavailable> {
    let Some(plan) = &stored.plan else { return Ok(EventOutcome::KeyReused) };
    // What an erased conversation was about is not known any more: its id alone decides.
    if !stored.is_erased() && plan.content_hash != content_hash {
        return Ok(EventOutcome::KeyReused);
    }
    if stored.life.started_at.is_none() {
        start(conversations, executions, &stored.id, plan, now).await?;
    }
    Ok(EventOutcome::Duplicate { due: plan.first_due() })
}

/// Starts every step with the due time that is stored, so that a repeat carries identical input, and
/// notes that it is done. The steps start side by side.
pub(crate) async fn start(
    conversations: &impl Conversations,
    executions: &impl Executions,
    id: &ConversationId,
    plan: &Plan,
    now: DateTime<Utc>,
) -> Result<(), Unavailable> {
    let starts = plan.steps.iter().map(|step| executions.start(id, &step.name, step.due));
    futures_util::future::try_join_all(starts).await?;
    conversations.mark_started(id, now).await
}

#[cfg(test)]
mod tests;
