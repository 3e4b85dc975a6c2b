//! The writes of bookings: a tombstone filled, a booking ended or superseded.

use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::Conversation;
use messaging::ports::{BookingEnd, Unavailable};
use messaging::values::ids::ConversationId;

use super::{plan_of, pointer};
use crate::table::builder::{Update, Write};
use crate::table::expression::{absent, exists};
use crate::table::facts;
use crate::table::item::{ConversationItem, expiry};

/// The attributes of a tombstone that filling it leaves as they are.
const KEPT: [&str; 5] = ["cancelled_at", "superseded_at", "superseded_by", "replied_at", "replies"];

/// Fills a tombstone with the plan of its event. The facts of the tombstone stay, also those that were
/// added since it was read.
pub(crate) fn bury(
    conversation: &Conversation,
    supersedes: Option<&ConversationId>,
    retention: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Vec<Write>, Unavailable> {
    let plan = plan_of(conversation)?;
    let expires_at = expiry(plan.last_deadline().max(now), retention);
    let item = ConversationItem::new(conversation, expires_at);
    let filled = facts::change_or_bury(&conversation.id)
        .require(exists("pk"))
        .require(absent("steps"))
        .set_all(&item, &KEPT);
    let mut writes = vec![filled.into(), pointer(&conversation.id, plan, expires_at)?];
    if let Some(predecessor) = supersedes {
        writes.push(supersede(predecessor, &conversation.id, retention, now).into());
    }
    Ok(writes)
}

/// Marks a conversation as superseded, as a tombstone where it is not stored yet.
pub(super) fn supersede(
    predecessor: &ConversationId,
    by: &ConversationId,
    retention: TimeDelta,
    at: DateTime<Utc>,
) -> Update {
    end_booking(predecessor, &BookingEnd::Superseded { by: Some(by.clone()) }, retention, at)
}

/// Stores that a booking has ended. The facts of the first report stay; `ended_at` shows a repeat.
pub(crate) fn end_booking(
    id: &ConversationId,
    end: &BookingEnd,
    retention: TimeDelta,
    at: DateTime<Utc>,
) -> Update {
    let update = facts::change_or_bury(id).set_once("expires_at", expiry(at, retention));
    match end {
        BookingEnd::Cancelled => update.set_once("cancelled_at", at).set_once("ended_at", at),
        BookingEnd::Rescheduled { by } => superseded(update, by.as_ref(), at).set_once("ended_at", at),
        BookingEnd::Superseded { by } => superseded(update, by.as_ref(), at),
    }
}

fn superseded(update: Update, by: Option<&ConversationId>, at: DateTime<Utc>) -> Update {
    let update = update.set_once("superseded_at", at);
    match by {
        Some(by) => update.set_once("superseded_by", by),
        None => update,
    }
}
