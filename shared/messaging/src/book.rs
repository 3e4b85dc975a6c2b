//! Stores bookings that are made, cancelled and moved. Reports arrive in any order and any number of times.
//!
//! The end of a booking that has not arrived yet is stored as a tombstone, which the booking's own event
//! completes later. A moved booking is superseded in the transaction that stores the newer one. So each
//! report settles one link of a chain, independently of the others.

use chrono::{DateTime, Utc};

use crate::accept::start;
use crate::conversation::blocker::blocker;
use crate::conversation::step::{Decision, Progress, StepState};
use crate::conversation::{Contact, Conversation, Plan, Step};
use crate::ports::{
    AcceptOutcome, BookingEnd, BookingEndOutcome, Conversations, Executions, Unavailable, WriteOutcome,
};
use crate::values::ids::ConversationId;
use crate::values::verdict::{Because, Verdict};

/// The answer to the booking system. Every authentic report is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingOutcome {
    /// A new booking; its texts will be sent.
    Accepted,
    /// The same report had arrived before.
    Duplicate {
        /// Whether the repeat has other content, which is to be kept for the operator.
        differs: bool,
    },
    /// The booking has been cancelled.
    Cancelled,
    /// The booking replaces another one, or was replaced by another one.
    Rescheduled,
}

/// Stores and starts a booking, which replaces `predecessor` if there is one.
///
/// # Errors
/// When the store or Step Functions cannot be reached. The booking system delivers the report again.
pub async fn book(
    conversations: &impl Conversations,
    executions: &impl Executions,
    conversation: &Conversation,
    predecessor: Option<&ConversationId>,
    now: DateTime<Utc>,
) -> Result<BookingOutcome, Unavailable> {
    let Some(plan) = &conversation.plan else { return Ok(BookingOutcome::Duplicate { differs: false }) };
    let stored = match conversations.accept(conversation, predecessor).await? {
        AcceptOutcome::Stored => {
            start(conversations, executions, &conversation.id, plan, now).await?;
            return Ok(if predecessor.is_some() {
                BookingOutcome::Rescheduled
            } else {
                BookingOutcome::Accepted
            });
        }
        AcceptOutcome::Existing(stored) => stored,
    };
    if let Some(stored_plan) = &stored.plan {
        if stored.life.started_at.is_none() {
            start(conversations, executions, &stored.id, stored_plan, now).await?;
        }
        let differs = !stored.is_erased() && stored_plan.content_hash != plan.content_hash;
        return Ok(BookingOutcome::Duplicate { differs });
    }
    let buried = buried(&stored, plan, now);
    if conversations.bury(&buried, predecessor).await? == WriteOutcome::Overtaken {
        return Ok(BookingOutcome::Duplicate { differs: false });
    }
    let rescheduled = predecessor.is_some() || stored.is_superseded();
    Ok(if rescheduled { BookingOutcome::Rescheduled } else { BookingOutcome::Cancelled })
}

/// Stores the end of a booking, whether or not the booking has arrived. The end of a booking that itself
/// replaced another one (`is_successor`) counts as part of a move.
///
/// # Errors
/// When the store cannot be reached. The booking system delivers the report again.
pub async fn end_booking(
    conversations: &impl Conversations,
    id: &ConversationId,
    ending: &BookingEnd,
    is_successor: bool,
    now: DateTime<Utc>,
) -> Result<BookingOutcome, Unavailable> {
    let BookingEndOutcome { repeated, superseded } = conversations.end_booking(id, ending, now).await?;
    Ok(if repeated {
        BookingOutcome::Duplicate { differs: false }
    } else if superseded || is_successor {
        BookingOutcome::Rescheduled
    } else {
        BookingOutcome::Cancelled
    })
}

/// Returns the conversation of a booking whose end arrived first. The tombstone decides every step, and
/// nothing is started.
fn buried(tombstone: &Conversation, plan: &Plan, now: DateTime<Utc>) -> Conversation {
    let mut plan = plan.clone();
    let decided: Vec<Step> = plan
        .steps
        .iter()
        .map(|step| {
            let (verdict, because) = blocker(tombstone, &plan, step, &Contact::default(), now)
                .unwrap_or((Verdict::SkippedCancelled, Because::default()));
            let state = StepState::Decided(Decision { verdict, because, at: now });
            Step { progress: Progress { state, ..Progress::default() }, ..step.clone() }
        })
        .collect();
    plan.steps = decided;
    let mut life = tombstone.life.clone();
    life.started_at = Some(now);
    Conversation { id: tombstone.id.clone(), plan: Some(plan), life }
}

#[cfg(test)]
mod tests;
