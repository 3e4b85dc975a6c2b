//! The writes of conversations, each with the condition that keeps a promise.
//!
//! ```text
//! accept   Put V (absent or expired)          Put pointer P/V   [Update V of the predecessor]
//! bury     Update V (a tombstone, still)      Put pointer P/V   [Update V of the predecessor]
//! claim    Update V (live, not cancelled, not superseded, no reply, step exactly where it was read)
//!          Update P/C (not opted out)         Check O (no opt-out of an erased person)
//!          [Check P/K (consent, where the step needs it)]
//!          [Check P/C, Check O of the number's older spelling, where it has one]
//! advance  Update V (step where it was read, or same claim)     [Put M] [Update P/C, Put P/K#]
//! cancel   Update V (live)
//! end      Update V (any, or none: a tombstone)
//! ```

mod bookings;
mod progress;

use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::consent::{Act, ConsentChange};
use messaging::conversation::receipt::AttemptId;
use messaging::conversation::step::{Progress, StepState};
use messaging::conversation::{Conversation, Plan, Step};
use messaging::ports::{ClaimRequest, ProviderReport, Unavailable};
use messaging::values::ids::ConversationId;
use messaging::values::verdict::Verdict;

use bookings::supersede;
pub(super) use bookings::{bury, end_booking};
use progress::{is_where_read, set_progress};

use super::builder::{Update, Write, check, put, upsert};
use super::expression::{Path, absent, any, at_most, exists, greater};
use super::item::{AttemptItem, ConversationItem, LastTextItem, PointerItem, Worklist, expiry};
use super::keys::Key;
use super::{consents, facts, older_spelling, opt_outs};

/// Stores a conversation where no live one is stored, and the phone's pointer to it.
pub(super) fn accept(
    conversation: &Conversation,
    supersedes: Option<&ConversationId>,
    retention: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Vec<Write>, Unavailable> {
    let plan = plan_of(conversation)?;
    let expires_at = expiry(plan.last_deadline(), retention);
    let item = ConversationItem::new(conversation, expires_at);
    let open = facts::open(&conversation.id, &item)
        .require(any([absent("pk"), at_most("expires_at", now.timestamp())]));
    let mut writes = vec![open, pointer(&conversation.id, plan, expires_at)?];
    if let Some(predecessor) = supersedes {
        writes.push(supersede(predecessor, &conversation.id, retention, now).into());
    }
    Ok(writes)
}

fn pointer(id: &ConversationId, plan: &Plan, expires_at: i64) -> Result<Write, Unavailable> {
    let contact = plan.contact.as_ref().ok_or_else(|| impossible("a pointer without a contact"))?;
    let item = PointerItem { expires_at, open_until: plan.last_deadline().timestamp() };
    Ok(put(Key::pointer(contact, id), &item))
}

/// Stores that every execution has been started; the first time stays.
pub(super) fn mark_started(id: &ConversationId, at: DateTime<Utc>) -> Update {
    facts::change(id).require(exists("pk")).set_once("started_at", at)
}

/// Cancels a live conversation; the time of the first cancellation stays.
pub(super) fn cancel(id: &ConversationId, at: DateTime<Utc>) -> Update {
    facts::change(id).require(greater("expires_at", at.timestamp())).set_once("cancelled_at", at)
}

/// Claims a planned step, or records what would have been sent, with everything that must still hold at
/// that instant.
pub(super) fn claim(request: &ClaimRequest<'_>, retention: TimeDelta) -> Vec<Write> {
    let mut conversation = facts::change(request.conversation)
        .require(greater("expires_at", request.now.timestamp()))
        .require(absent("cancelled_at"))
        .require(absent("superseded_at"));
    if request.step.unless_replied {
        conversation = conversation.require(absent("replied_at"));
    }
    let conversation = conversation.require(is_where_read(request.step));
    let mut writes = vec![
        set_progress(conversation, request.step, request.next).into(),
        claim_of_contact(request, retention),
        check(Key::suppression(request.contact)).require(absent("opted_out_at")),
    ];
    writes.extend(older_spelling::not_opted_out(request.contact));
    writes.extend(consents::agreement_check(request.contact, request.step));
    writes
}

/// Requires that the contact has not opted out. A claim also stores which text the contact is sent last.
fn claim_of_contact(request: &ClaimRequest<'_>, retention: TimeDelta) -> Write {
    let key = Key::contact(request.contact);
    let not_opted_out = absent("opted_out_at");
    let StepState::Claimed(_) = request.next.state else { return check(key).require(not_opted_out) };
    let last_text =
        LastTextItem { conversation: request.conversation, step: &request.step.name, at: request.now };
    upsert(key)
        .require(not_opted_out)
        .set("expires_at", expiry(request.step.deadline.max(request.now), retention))
        .set("last_out", &last_text)
        .into()
}

/// The arguments of [`advance`].
pub(super) struct Advance<'a> {
    pub(super) conversation: &'a Conversation,
    pub(super) step: &'a Step,
    pub(super) next: &'a Progress,
    pub(super) report: &'a ProviderReport,
    pub(super) retention: TimeDelta,
    pub(super) now: DateTime<Utc>,
}

/// Moves a step on, and stores what a provider reported.
pub(super) fn advance(advance: &Advance<'_>) -> Result<Vec<Write>, Unavailable> {
    let &Advance { conversation, step, next, report, retention, now } = advance;
    let plan = plan_of(conversation)?;
    let mut writes = vec![advanced(plan, advance).into()];
    if let Some(message) = &report.message {
        let attempt = AttemptId {
            conversation: conversation.id.clone(),
            step: step.name.clone(),
            attempt: next.attempt,
        };
        let item = AttemptItem { expires_at: expiry(plan.last_deadline().max(now), retention), attempt };
        writes.push(put(Key::message(&message.provider, &message.id), &item));
    }
    if let (true, Some(contact)) = (report.opted_out, &plan.contact) {
        writes.push(opt_outs::opt_out(contact, "provider", now).into());
        let change = ConsentChange::global(Act::OptedOut, "provider", now);
        writes.push(consents::put_change(contact, &change));
    }
    Ok(writes)
}

fn advanced(plan: &Plan, advance: &Advance<'_>) -> Update {
    let &Advance { conversation, step, next, report, now, .. } = advance;
    let update = facts::change(&conversation.id).require(is_where_read(step));
    let mut update = set_progress(update, step, next);
    if let Some(from) = report.message.as_ref().and_then(|message| message.from.as_ref()) {
        update = update.set(Path::step(&step.name).at("sent_from"), from);
    }
    if next.verdict() == Some(Verdict::HeldUnknownOutcome) {
        update = update.put_on(Worklist::Held, now);
    } else if is_only_held(plan, step) {
        update = update.take_off_worklist();
    }
    update
}

/// Returns whether a step is held for an operator, and is the only one of its conversation that is.
fn is_only_held(plan: &Plan, step: &Step) -> bool {
    let is_held = |step: &&Step| step.progress.verdict() == Some(Verdict::HeldUnknownOutcome);
    is_held(&step) && plan.steps.iter().filter(is_held).count() == 1
}

fn plan_of(conversation: &Conversation) -> Result<&Plan, Unavailable> {
    conversation.plan.as_ref().ok_or_else(|| impossible("a conversation without a plan"))
}

/// The error for a write that nothing may ask for.
fn impossible(what: &'static str) -> Unavailable {
    Unavailable { operation: "dynamodb:TransactWriteItems", reason: format!("{what} cannot be stored") }
}
