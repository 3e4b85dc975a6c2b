//! Bookings: made, cancelled, moved; reported in any order and any number of times.
//!
//! A booking that ends before it is heard of leaves a tombstone, which its event fills later; a
//! booking that is moved is superseded by the newer one in the very transaction that stores that
//! one. So each report settles one link of a chain, whatever the others do.

use chrono::{DateTime, Utc};

use crate::accept::start;
use crate::conversation::blocker::blocker;
use crate::conversation::step::{Decision, Progress, StepState};
use crate::conversation::{Contact, Conversation, Plan, Step};
use crate::ports::{
    AcceptOutcome, BookingEnd, BookingEndOutcome, Conversations, Executions, Unavailable, WriteOutcome,
};
use crate::values::ids::ConversationId;
use crate::values::verdict::Because;

/// What the booking system is told. It never learns more: whatever is authentic is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingOutcome {
    /// A new booking; its texts will be sent.
    Accepted,
    /// Reported before.
    Duplicate {
        /// The repeat has other content, which is to be kept for the operator.
        differs: bool,
    },
    /// The booking has been cancelled.
    Cancelled,
    /// The booking took another's place, or another took its.
    Rescheduled,
}

/// Stores and starts a booking that takes the place of `predecessor`, if it names one.
///
/// # Errors
/// When the store or Step Functions cannot be reached: the booking system delivers again.
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

/// Stores the end of a booking, whether or not it has been heard of. One that had itself taken another's
/// place (`is_successor`) ends as part of a move.
///
/// # Errors
/// When the store cannot be reached: the booking system delivers again.
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

/// The conversation of a booking that had ended before it was heard of: every step is decided by
/// what the tombstone says, and nothing is started.
fn buried(tombstone: &Conversation, plan: &Plan, now: DateTime<Utc>) -> Conversation {
    let mut plan = plan.clone();
    let decided: Vec<Step> = plan
        .steps
        .iter()
        .map(|step| {
            let (verdict, because) = blocker(tombstone, &plan, step, &Contact::default(), now)
                .unwrap_or((crate::values::verdict::Verdict::SkippedCancelled, Because::default()));
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
