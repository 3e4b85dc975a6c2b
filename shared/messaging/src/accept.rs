//! Accepts an event: stores its conversation, starts an execution for each step, marks the conversation as
//! started and answers.
//!
//! After a crash between any two of these, the next delivery of the same event finishes the rest. It finds
//! the conversation stored but not marked as started, and starting an existing execution again has no
//! effect.

use chrono::{DateTime, Utc};

use crate::conversation::{Conversation, Plan};
use crate::ports::{AcceptOutcome, Conversations, Executions, Unavailable};
use crate::values::ids::ConversationId;

/// The answer to a source that delivers an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventOutcome {
    /// The event is stored and its executions are running.
    New {
        /// The due time of the first text.
        due: DateTime<Utc>,
    },
    /// The same event had been accepted before.
    Duplicate {
        /// The due time of the first text.
        due: DateTime<Utc>,
    },
    /// Another event had been accepted under the same id.
    KeyReused,
}

/// Accepts a planned conversation. A repeat of an accepted event is a duplicate.
///
/// # Errors
/// When the store or Step Functions cannot be reached. The caller repeats the call, and nothing is lost.
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
            answer_repeat(conversations, executions, &stored, &plan.content_hash, now).await
        }
    }
}

/// Answers an event that cannot be planned. If it was accepted under an earlier version of the journeys, it
/// is a duplicate, whatever the current version says. Returns `None` if nothing is stored under its id.
///
/// # Errors
/// Under the same conditions as [`accept`].
pub async fn accepted_before(
    conversations: &impl Conversations,
    executions: &impl Executions,
    id: &ConversationId,
    content_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<EventOutcome>, Unavailable> {
    match conversations.load(id, now).await? {
        Some(stored) => answer_repeat(conversations, executions, &stored, content_hash, now).await.map(Some),
        None => Ok(None),
    }
}

/// Answers an event whose id is already stored. Starts the stored conversation if it was not started yet.
async fn answer_repeat(
    conversations: &impl Conversations,
    executions: &impl Executions,
    stored: &Conversation,
    content_hash: &str,
    now: DateTime<Utc>,
) -> Result<EventOutcome, Unavailable> {
    let Some(plan) = &stored.plan else { return Ok(EventOutcome::KeyReused) };
    // The content of an erased conversation is no longer known, so its id alone decides.
    if !stored.is_erased() && plan.content_hash != content_hash {
        return Ok(EventOutcome::KeyReused);
    }
    if stored.life.started_at.is_none() {
        start(conversations, executions, &stored.id, plan, now).await?;
    }
    Ok(EventOutcome::Duplicate { due: plan.first_due() })
}

/// Starts the executions of all steps concurrently and marks the conversation as started. Each execution
/// gets the stored due time, so that a repeated start has identical input.
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
