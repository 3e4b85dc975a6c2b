//! The writes, each with the condition that keeps a promise.
//!
//! ```text
//! accept   Put V (absent or expired)          Put pointer P/V   [Update V of the predecessor]
//! bury     Update V (a tombstone, still)      Put pointer P/V   [Update V of the predecessor]
//! claim    Update V (live, not cancelled, not superseded, no reply, step exactly where it was read)
//!          Update P/C (not opted out)         Check O (no erased person's opt-out)
//!          [Check P/K (consent, where the step heeds it)]
//! advance  Update V (step where it was read, or same claim)     [Put M] [Update P/C]
//! cancel   Update V (live)
//! end      Update V (any, or none: a tombstone)
//! ```

mod bookings;
mod progress;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use messaging::conversation::consent::{Act, ConsentChange};
use messaging::conversation::step::{Progress, StepState};
use messaging::conversation::{Conversation, Plan, Step};
use messaging::ports::{ClaimRequest, ProviderReport, Unavailable};
use messaging::values::ids::ConversationId;
use messaging::values::phone::PhoneNumber;
use messaging::values::verdict::Verdict;

use bookings::superseded;
pub(crate) use bookings::{bury, end_booking};
use progress::{set_progress, stands_at};

use super::change::{Change, update_item};
use super::consents;
use super::expression::{Placeholders, number, text};
use super::item::{
    Item, VERSION, contact_key, conversation_item, conversation_key, expiry, message_key, suppression_key,
};

const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// Stores a conversation if there is none that lives, and the phone's pointer to it.
pub(crate) fn accept(
    table: &str,
    conversation: &Conversation,
    supersedes: Option<&ConversationId>,
    retention: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Vec<TransactWriteItem>, Unavailable> {
    let plan = conversation.plan.as_ref().ok_or_else(|| unbuildable("a conversation without a plan"))?;
    let expires_at = expiry(plan.last_deadline(), retention);
    let mut p = Placeholders::default();
    let condition = format!(
        "attribute_not_exists({}) OR {} <= {}",
        p.path("pk"),
        p.path("expires_at"),
        p.value("now", number(now.timestamp()))
    );
    let item = conversation_item(conversation, expires_at).map_err(|_| unbuildable("the item"))?;
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(condition)
        .set_expression_attribute_names(p.names())
        .set_expression_attribute_values(p.values())
        .return_values_on_condition_check_failure(ALL_OLD)
        .build()
        .map_err(|_| unbuildable("the put"))?;
    let mut items = vec![TransactWriteItem::builder().put(put).build()];
    items.push(pointer(table, conversation, plan, expires_at)?);
    if let Some(predecessor) = supersedes {
        items.push(superseded(table, predecessor, &conversation.id, retention, now)?);
    }
    Ok(items)
}

/// The phone's pointer to a conversation: attribution and erasure are one query.
fn pointer(
    table: &str,
    conversation: &Conversation,
    plan: &Plan,
    expires_at: i64,
) -> Result<TransactWriteItem, Unavailable> {
    let contact = plan.contact.as_ref().ok_or_else(|| unbuildable("a pointer to nobody"))?;
    let pointer = Item::from([
        ("pk".to_owned(), text(contact_key(contact).0)),
        ("sk".to_owned(), text(conversation_key(&conversation.id).0)),
        ("v".to_owned(), number(VERSION)),
        ("expires_at".to_owned(), number(expires_at)),
        ("open_until".to_owned(), number(plan.last_deadline().timestamp())),
    ]);
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(pointer))
        .build()
        .map_err(|_| unbuildable("the pointer"))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Notes that all executions run.
pub(super) fn mark_started(id: &ConversationId, at: DateTime<Utc>) -> Change {
    let mut p = Placeholders::default();
    let started = p.path("started_at");
    let update = format!("SET {started} = if_not_exists({started}, {})", p.value("at", instant(at)));
    let condition = format!("attribute_exists({})", p.path("pk"));
    Change { key: conversation_key(id), update, condition, placeholders: p }
}

/// Cancels a conversation that lives; the first cancellation's time stays.
pub(crate) fn cancel(
    client: &aws_sdk_dynamodb::Client,
    table: &str,
    id: &ConversationId,
    at: DateTime<Utc>,
) -> UpdateItemFluentBuilder {
    let mut p = Placeholders::default();
    let cancelled = p.path("cancelled_at");
    let update = format!("SET {cancelled} = if_not_exists({cancelled}, {})", p.value("at", instant(at)));
    let condition = format!("{} > {}", p.path("expires_at"), p.value("now", number(at.timestamp())));
    update_conversation(client, table, id, update, Some(condition), &p).return_values(ReturnValue::AllOld)
}

/// Claims a planned step (or records what would have been sent), with everything that must still
/// hold at that instant.
pub(crate) fn claim(
    table: &str,
    claiming: &ClaimRequest<'_>,
    retention: TimeDelta,
) -> Result<Vec<TransactWriteItem>, Unavailable> {
    let mut p = Placeholders::default();
    let mut conditions = vec![
        format!("{} > {}", p.path("expires_at"), p.value("now", number(claiming.now.timestamp()))),
        format!("attribute_not_exists({})", p.path("cancelled_at")),
        format!("attribute_not_exists({})", p.path("superseded_at")),
    ];
    if claiming.step.unless_replied {
        conditions.push(format!("attribute_not_exists({})", p.path("replied_at")));
    }
    conditions.push(stands_at(&mut p, claiming.step, &claiming.step.progress));
    let update = set_progress(&mut p, claiming.step, claiming.next)?;
    let conversation = transact_update(
        table,
        conversation_key(claiming.conversation),
        update,
        Some(conditions.join(" AND ")),
        &p,
    )?;
    let contact = if matches!(claiming.next.state, StepState::Claimed(_)) {
        let mut p = Placeholders::default();
        let condition = format!("attribute_not_exists({})", p.path("opted_out_at"));
        let last_out = Item::from([
            ("conversation".to_owned(), text(claiming.conversation.as_str())),
            ("step".to_owned(), text(claiming.step.name.as_str())),
            ("at".to_owned(), instant(claiming.now)),
        ]);
        let kept_until = expiry(claiming.step.deadline.max(claiming.now), retention);
        let update = format!(
            "SET {} = {}, {} = {}, {} = {}",
            p.path("v"),
            p.value("v", number(VERSION)),
            p.path("expires_at"),
            p.value("expires_at", number(kept_until)),
            p.path("last_out"),
            p.value("last_out", AttributeValue::M(last_out))
        );
        transact_update(table, contact_key(claiming.contact), update, Some(condition), &p)?
    } else {
        let mut p = Placeholders::default();
        let condition = format!("attribute_not_exists({})", p.path("opted_out_at"));
        let (pk, sk) = contact_key(claiming.contact);
        let check = ConditionCheck::builder()
            .table_name(table)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .condition_expression(condition)
            .set_expression_attribute_names(p.names())
            .build()
            .map_err(|_| unbuildable("the check"))?;
        TransactWriteItem::builder().condition_check(check).build()
    };
    let suppressed = not_suppressed(table, claiming.contact)?;
    let consent = consents::agreement_check(table, claiming.contact, claiming.step)?;
    Ok([conversation, contact, suppressed].into_iter().chain(consent).collect())
}

/// The condition that the phone is not one of an erased person's who had opted out.
fn not_suppressed(table: &str, phone: &PhoneNumber) -> Result<TransactWriteItem, Unavailable> {
    let mut p = Placeholders::default();
    let condition = format!("attribute_not_exists({})", p.path("opted_out_at"));
    let (pk, sk) = suppression_key(phone);
    let check = ConditionCheck::builder()
        .table_name(table)
        .key("pk", text(pk))
        .key("sk", text(sk))
        .condition_expression(condition)
        .set_expression_attribute_names(p.names())
        .build()
        .map_err(|_| unbuildable("the check"))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// Moves a step on and stores what a provider said.
pub(crate) fn advance(
    table: &str,
    conversation: &Conversation,
    step: &Step,
    next: &Progress,
    learned: &ProviderReport,
    retention: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Vec<TransactWriteItem>, Unavailable> {
    let plan = conversation.plan.as_ref().ok_or_else(|| unbuildable("a conversation without a plan"))?;
    let mut p = Placeholders::default();
    let condition = stands_at(&mut p, step, &step.progress);
    let mut update = set_progress(&mut p, step, next)?;
    if let Some(from) = learned.message.as_ref().and_then(|message| message.from.as_ref()) {
        let path = p.path(&format!("steps.{}.sent_from", step.name));
        update.push_str(&format!(", {path} = {}", p.value("sent_from", text(from))));
    }
    if next.verdict() == Some(Verdict::HeldUnknownOutcome) {
        update.push_str(&worklist(&mut p, "held", now));
    } else if is_last_held(plan, step) {
        update.push_str(&format!(" REMOVE {}, {}", p.path("worklist"), p.path("worklist_at")));
    }
    let mut items =
        vec![transact_update(table, conversation_key(&conversation.id), update, Some(condition), &p)?];
    if let Some(message) = &learned.message {
        let item = Item::from([
            ("pk".to_owned(), text(message_key(&message.provider, &message.id).0)),
            ("sk".to_owned(), text(message_key(&message.provider, &message.id).1)),
            ("v".to_owned(), number(VERSION)),
            ("expires_at".to_owned(), number(expiry(plan.last_deadline().max(now), retention))),
            ("conversation".to_owned(), text(conversation.id.as_str())),
            ("step".to_owned(), text(step.name.as_str())),
            ("attempt".to_owned(), number(next.attempt)),
        ]);
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .build()
            .map_err(|_| unbuildable("the message"))?;
        items.push(TransactWriteItem::builder().put(put).build());
    }
    if let (true, Some(contact)) = (learned.opted_out, &plan.contact) {
        let mut p = Placeholders::default();
        let opted_out = p.path("opted_out_at");
        let by = p.path("opted_out_by");
        let update = format!(
            "SET {} = {}, {opted_out} = if_not_exists({opted_out}, {}), {by} = if_not_exists({by}, {}){} REMOVE {}",
            p.path("v"),
            p.value("v", number(VERSION)),
            p.value("at", instant(now)),
            p.value("by", text("provider")),
            worklist(&mut p, "opted_out", now),
            p.path("expires_at")
        );
        items.push(transact_update(table, contact_key(contact), update, None, &p)?);
        let change = ConsentChange::global(Act::OptedOut, "provider", now);
        items.push(consents::kept(table, contact, &change)?);
    }
    Ok(items)
}

/// Whether a step is what an operator was asked about, and the only one of its conversation.
fn is_last_held(plan: &Plan, step: &Step) -> bool {
    let held = |step: &&Step| step.progress.verdict() == Some(Verdict::HeldUnknownOutcome);
    held(&step) && plan.steps.iter().filter(held).count() == 1
}

pub(crate) fn transact_update(
    table: &str,
    (pk, sk): (String, String),
    update: String,
    condition: Option<String>,
    p: &Placeholders,
) -> Result<TransactWriteItem, Unavailable> {
    let update = Update::builder()
        .table_name(table)
        .key("pk", text(pk))
        .key("sk", text(sk))
        .update_expression(update)
        .set_condition_expression(condition)
        .set_expression_attribute_names(p.names())
        .set_expression_attribute_values(p.values())
        .return_values_on_condition_check_failure(ALL_OLD)
        .build()
        .map_err(|_| unbuildable("the update"))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

fn update_conversation(
    client: &aws_sdk_dynamodb::Client,
    table: &str,
    id: &ConversationId,
    update: String,
    condition: Option<String>,
    p: &Placeholders,
) -> UpdateItemFluentBuilder {
    update_item(client, table, conversation_key(id), update, condition, p)
}

/// Puts an item on a list of the sparse index `worklist`, for operators.
pub(crate) fn worklist(p: &mut Placeholders, list: &str, at: DateTime<Utc>) -> String {
    format!(
        ", {} = {}, {} = {}",
        p.path("worklist"),
        p.value("worklist", text(list)),
        p.path("worklist_at"),
        p.value("worklist_at", instant(at))
    )
}

/// An instant as chrono's serde writes it, so that both ways of writing read the same.
pub(crate) fn instant(at: DateTime<Utc>) -> AttributeValue {
    text(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

pub(crate) fn unbuildable(what: &'static str) -> Unavailable {
    Unavailable { operation: "dynamodb:TransactWriteItems", reason: format!("{what} could not be built") }
}
