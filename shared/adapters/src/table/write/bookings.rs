//! The writes of bookings: tombstones filled, bookings ended and superseded.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, TransactWriteItem};
use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::Conversation;
use messaging::ports::{BookingEnd, Unavailable};
use messaging::values::ids::ConversationId;

use super::{instant, pointer, transact_update, unbuildable, update_conversation};
use crate::table::expression::{Placeholders, number, text};
use crate::table::item::{VERSION, conversation_item, conversation_key, expiry};

/// Fills a tombstone with the plan of its event. What the tombstone says (and what may be added to
/// it meanwhile) stays as it is.
pub(crate) fn bury(
    table: &str,
    conversation: &Conversation,
    supersedes: Option<&ConversationId>,
    retention: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Vec<TransactWriteItem>, Unavailable> {
    const KEPT: [&str; 7] =
        ["pk", "sk", "cancelled_at", "superseded_at", "superseded_by", "replied_at", "replies"];
    let plan = conversation.plan.as_ref().ok_or_else(|| unbuildable("a conversation without a plan"))?;
    let expires_at = expiry(plan.last_deadline().max(now), retention);
    let item = conversation_item(conversation, expires_at).map_err(|_| unbuildable("the item"))?;
    let mut p = Placeholders::default();
    let condition =
        format!("attribute_exists({}) AND attribute_not_exists({})", p.path("pk"), p.path("steps"));
    let mut sets: Vec<String> = Vec::new();
    for (name, value) in item.into_iter().filter(|(name, _)| !KEPT.contains(&name.as_str())) {
        sets.push(format!("{} = {}", p.path(&name), p.value(&name, value)));
    }
    let update = format!("SET {}", sets.join(", "));
    let mut items =
        vec![transact_update(table, conversation_key(&conversation.id), update, Some(condition), &p)?];
    items.push(pointer(table, conversation, plan, expires_at)?);
    if let Some(predecessor) = supersedes {
        items.push(superseded(table, predecessor, &conversation.id, retention, now)?);
    }
    Ok(items)
}

/// Marks a conversation as superseded, as a tombstone where it is not there yet.
pub(super) fn superseded(
    table: &str,
    predecessor: &ConversationId,
    by: &ConversationId,
    retention: TimeDelta,
    at: DateTime<Utc>,
) -> Result<TransactWriteItem, Unavailable> {
    let mut p = Placeholders::default();
    let update = ending_update(&mut p, &BookingEnd::Superseded { by: Some(by.clone()) }, retention, at);
    transact_update(table, conversation_key(predecessor), update, None, &p)
}

/// Stores that a booking has ended. The first report's facts stay; `ended_at` tells a repeat.
pub(crate) fn end_booking(
    client: &aws_sdk_dynamodb::Client,
    table: &str,
    id: &ConversationId,
    ending: &BookingEnd,
    retention: TimeDelta,
    at: DateTime<Utc>,
) -> UpdateItemFluentBuilder {
    let mut p = Placeholders::default();
    let update = ending_update(&mut p, ending, retention, at);
    update_conversation(client, table, id, update, None, &p).return_values(ReturnValue::AllOld)
}

fn ending_update(
    p: &mut Placeholders,
    ending: &BookingEnd,
    retention: TimeDelta,
    at: DateTime<Utc>,
) -> String {
    let mut facts = vec![("expires_at", number(expiry(at, retention)))];
    match ending {
        BookingEnd::Cancelled => facts.extend([("cancelled_at", instant(at)), ("ended_at", instant(at))]),
        BookingEnd::Rescheduled { by } => {
            facts.extend([("superseded_at", instant(at)), ("ended_at", instant(at))]);
            facts.extend(by.as_ref().map(|by| ("superseded_by", text(by.as_str()))));
        }
        BookingEnd::Superseded { by } => {
            facts.push(("superseded_at", instant(at)));
            facts.extend(by.as_ref().map(|by| ("superseded_by", text(by.as_str()))));
        }
    }
    let mut sets = vec![format!("{} = {}", p.path("v"), p.value("v", number(VERSION)))];
    for (name, value) in facts {
        let path = p.path(name);
        sets.push(format!("{path} = if_not_exists({path}, {})", p.value(name, value)));
    }
    format!("SET {}", sets.join(", "))
}
