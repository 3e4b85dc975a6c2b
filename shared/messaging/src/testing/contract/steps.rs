//! Steps: accepting, claiming and advancing.

use super::Table;
use super::fixtures::{
    DAY, accepted, at, claim, claimed, conversation, decided, id, message, phone, step, stored,
};
use crate::conversation::step::{LostResponse, Progress, ProviderMessage, StepState};
use crate::conversation::{Contact, Conversation};
use crate::ports::{
    AcceptOutcome, BookingEnd, CancelOutcome, ConfirmationChange, OptOutChange, ProviderReport,
    StoredInbound, WriteOutcome,
};
use crate::reply::ReplyMeaning;
use crate::values::provider::Provider;
use crate::values::verdict::Verdict;

/// Stores a conversation, reads it back, and accepts it again.
pub async fn load_returns_exactly_what_accept_stored(table: impl Table) {
    assert_eq!(table.load(&id(1), at(0)).await, Ok(None));
    let conversation = accepted(&table).await;
    assert_eq!(stored(&table, 1).await, conversation);
    assert_eq!(table.accept(&conversation, None).await, Ok(AcceptOutcome::Existing(Box::new(conversation))));
}

/// Accepts two contents under one id.
pub async fn accept_keeps_the_first_content_of_an_event(table: impl Table) {
    let first = accepted(&table).await;
    let mut other = conversation(1);
    other.plan.as_mut().unwrap().content_hash = "other".to_owned();
    assert_eq!(table.accept(&other, None).await, Ok(AcceptOutcome::Existing(Box::new(first.clone()))));
    assert_eq!(stored(&table, 1).await, first);
}

/// Reads a conversation around its expiry: 90 days after everything about it is over, which is 6 hours after the
/// deadline at the latest.
pub async fn an_expired_conversation_is_absent(table: impl Table) {
    let first = accepted(&table).await;
    let expiry = DAY + 90 * DAY + 6 * 3600;
    assert!(table.load(&id(1), at(expiry - 1)).await.unwrap().is_some());
    assert_eq!(table.load(&id(1), at(expiry)).await, Ok(None));
    assert_eq!(table.cancel(&id(1), at(expiry)).await, Ok(CancelOutcome::Absent));
    assert_eq!(claim(&table, &step(&first), &claimed("a"), expiry).await, WriteOutcome::Overtaken);
    let mut again = first;
    again.plan.as_mut().unwrap().accepted_at = at(expiry);
    assert_eq!(table.accept(&again, None).await, Ok(AcceptOutcome::Stored));
}

/// Marks an absent conversation, and then a stored one twice.
pub async fn mark_started_keeps_the_first_time_and_creates_no_item(table: impl Table) {
    table.mark_started(&id(1), at(0)).await.unwrap();
    assert_eq!(table.load(&id(1), at(0)).await, Ok(None));
    accepted(&table).await;
    table.mark_started(&id(1), at(3)).await.unwrap();
    table.mark_started(&id(1), at(4)).await.unwrap();
    assert_eq!(stored(&table, 1).await.life.started_at, Some(at(3)));
}

/// Cancels an absent conversation, and then a stored one twice.
pub async fn cancel_keeps_the_first_time_and_creates_no_item(table: impl Table) {
    assert_eq!(table.cancel(&id(1), at(0)).await, Ok(CancelOutcome::Absent));
    assert_eq!(table.load(&id(1), at(0)).await, Ok(None));
    accepted(&table).await;
    assert_eq!(table.cancel(&id(1), at(3)).await, Ok(CancelOutcome::Cancelled));
    assert_eq!(table.cancel(&id(1), at(4)).await, Ok(CancelOutcome::AlreadyCancelled));
    assert_eq!(stored(&table, 1).await.life.cancelled_at, Some(at(3)));
}

/// Claims a step as two invocations. The first one may repeat its claim, because its answer may have been lost.
pub async fn a_step_is_claimed_by_one_invocation(table: impl Table) {
    let first = accepted(&table).await;
    let next = claimed("a");
    assert_eq!(claim(&table, &step(&first), &next, 1).await, WriteOutcome::Done);
    assert_eq!(step(&stored(&table, 1).await).progress, next);
    assert_eq!(claim(&table, &step(&first), &next, 1).await, WriteOutcome::Done, "its answer was lost");
    assert_eq!(claim(&table, &step(&first), &claimed("b"), 1).await, WriteOutcome::Overtaken);
    assert_eq!(step(&stored(&table, 1).await).progress, next);
}

async fn opt_out(table: &impl Table) {
    let contact = Contact::default();
    let message = message("SMstop");
    let inbound = StoredInbound {
        confirmation: ConfirmationChange::None,
        message: &message,
        meaning: ReplyMeaning::OptOut,
        contact: &contact,
        opt_out: OptOutChange::OptOut,
        consent: None,
        conversations: Vec::new(),
        is_reply: false,
    };
    assert_eq!(table.store(&inbound).await, Ok(crate::ports::StoreOutcome::Stored));
}

async fn reply(table: &impl Table, conversation: &Conversation) {
    let contact = Contact::default();
    let message = message("SMreply");
    let inbound = StoredInbound {
        confirmation: ConfirmationChange::None,
        message: &message,
        meaning: ReplyMeaning::Reply,
        contact: &contact,
        opt_out: OptOutChange::None,
        consent: None,
        conversations: vec![conversation],
        is_reply: true,
    };
    assert_eq!(table.store(&inbound).await, Ok(crate::ports::StoreOutcome::Stored));
}

/// Claims after a cancellation, a rescheduling, a supersession, a reply and an opt-out, each with a conversation of its
/// own.
pub async fn a_claim_is_rejected_after_an_end_a_reply_or_an_opt_out(table: impl Table) {
    for (n, what) in (1..).zip(["cancelled", "rescheduled", "superseded", "replied", "opted out"]) {
        let opened = conversation(n);
        table.accept(&opened, None).await.unwrap();
        match what {
            "cancelled" => assert_eq!(table.cancel(&id(n), at(1)).await, Ok(CancelOutcome::Cancelled)),
            "rescheduled" => {
                table.end_booking(&id(n), &BookingEnd::Rescheduled { by: None }, at(1)).await.unwrap();
            }
            "superseded" => {
                table.end_booking(&id(n), &BookingEnd::Superseded { by: None }, at(1)).await.unwrap();
            }
            "replied" => reply(&table, &opened).await,
            _ => opt_out(&table).await,
        }
        let before = stored(&table, n).await;
        for next in [claimed("a"), decided(Verdict::Shadowed)] {
            let (conversation, contact, step) = (id(n), phone(), step(&opened));
            let request = crate::ports::ClaimRequest {
                conversation: &conversation,
                contact: &contact,
                step: &step,
                next: &next,
                now: at(1),
            };
            assert_eq!(table.claim(&request).await, Ok(WriteOutcome::Overtaken), "{what}");
        }
        assert_eq!(stored(&table, n).await, before, "{what}");
    }
}

/// Claims a step that is sent even after a reply.
pub async fn a_reply_rejects_claims_of_unless_replied_steps_only(table: impl Table) {
    let first = accepted(&table).await;
    reply(&table, &first).await;
    let mut always = step(&first);
    always.unless_replied = false;
    assert_eq!(claim(&table, &always, &claimed("a"), 1).await, WriteOutcome::Done);
}

/// Claims a step whose stored progress differs from the one that was read.
pub async fn a_claim_is_rejected_when_the_step_has_changed(table: impl Table) {
    let first = accepted(&table).await;
    let read = step(&first);
    let next = Progress { deferrals: 1, ..Progress::default() };
    let written = table.advance(&first, &read, &next, &ProviderReport::default(), at(0)).await;
    assert_eq!(written, Ok(WriteOutcome::Done));
    assert_eq!(claim(&table, &read, &claimed("a"), 1).await, WriteOutcome::Overtaken);
    let mut wrong = step(&stored(&table, 1).await);
    wrong.progress.attempt = 1;
    assert_eq!(claim(&table, &wrong, &claimed("a"), 1).await, WriteOutcome::Overtaken);
    assert_eq!(claim(&table, &step(&stored(&table, 1).await), &claimed("a"), 1).await, WriteOutcome::Done);
}

/// Stores `Shadowed` by a claim, so that the same conditions apply.
pub async fn shadowed_is_stored_by_a_claim(table: impl Table) {
    let first = accepted(&table).await;
    let next = decided(Verdict::Shadowed);
    assert_eq!(claim(&table, &step(&first), &next, 1).await, WriteOutcome::Done);
    assert_eq!(step(&stored(&table, 1).await).progress, next);
}

/// Stores every kind of progress twice, each in a conversation of its own.
pub async fn advance_stores_every_progress_and_is_idempotent(table: impl Table) {
    let StepState::Claimed(claim) = claimed("a").state else { return };
    let lost = LostResponse { claim, since: at(61) };
    let unknown = Progress { state: StepState::Unknown(lost), attempt: 1, ..Progress::default() };
    let deferred = Progress { state: StepState::Planned, attempt: 1, deferrals: 1, ..Progress::default() };
    for (n, next) in (1..).zip([unknown, deferred].into_iter().chain(Verdict::ALL.map(decided))) {
        let opened = conversation(n);
        table.accept(&opened, None).await.unwrap();
        let read = step(&opened);
        table.advance(&opened, &read, &claimed("a"), &ProviderReport::default(), at(1)).await.unwrap();
        let read = stored(&table, n).await;
        for _ in 0..2 {
            let written = table.advance(&read, &step(&read), &next, &ProviderReport::default(), at(2)).await;
            assert_eq!(written, Ok(WriteOutcome::Done), "{next:?}");
            assert_eq!(step(&stored(&table, n).await).progress, next);
        }
    }
}

/// Stores the result of a claim, also after the claim has become `Unknown`. A decided step keeps its decision.
pub async fn a_late_response_is_stored_only_for_its_own_claim(table: impl Table) {
    let first = accepted(&table).await;
    assert_eq!(claim(&table, &step(&first), &claimed("a"), 1).await, WriteOutcome::Done);
    let read = stored(&table, 1).await;
    let StepState::Claimed(held) = claimed("a").state else { return };
    let aged =
        Progress { state: StepState::Unknown(LostResponse { claim: held, since: at(61) }), ..claimed("a") };
    let none = ProviderReport::default();
    assert_eq!(table.advance(&read, &step(&read), &aged, &none, at(61)).await, Ok(WriteOutcome::Done));
    let mut foreign = step(&read);
    foreign.progress = claimed("b");
    let sent = decided(Verdict::Sent);
    assert_eq!(table.advance(&read, &foreign, &sent, &none, at(62)).await, Ok(WriteOutcome::Overtaken));
    assert_eq!(table.advance(&read, &step(&read), &sent, &none, at(62)).await, Ok(WriteOutcome::Done));
    let late = decided(Verdict::RejectedByProvider);
    assert_eq!(table.advance(&read, &step(&read), &late, &none, at(63)).await, Ok(WriteOutcome::Overtaken));
    assert_eq!(step(&stored(&table, 1).await).progress, sent);
}

/// Stores the provider's message id, sender and opt-out with a step, and not if the step is overtaken.
pub async fn a_provider_report_is_stored_atomically_with_the_step(table: impl Table) {
    let first = accepted(&table).await;
    claim(&table, &step(&first), &claimed("a"), 1).await;
    let read = stored(&table, 1).await;
    let from = Some("+12025550100".to_owned());
    let message = ProviderMessage { provider: "twilio".to_owned(), id: "SM1".to_owned(), from: from.clone() };
    let report = ProviderReport { message: Some(message), opted_out: true };
    let next = decided(Verdict::Sent);
    let mut elsewhere = step(&read);
    elsewhere.progress = claimed("other");
    let written = table.advance(&read, &elsewhere, &next, &report, at(2)).await;
    assert_eq!(written, Ok(WriteOutcome::Overtaken));
    assert_eq!(table.conversation_of(Provider::Twilio, "SM1").await, Ok(None));
    assert_eq!(table.contact(&phone()).await, Ok(Contact::default()));
    for later in [2, 9] {
        let written = table.advance(&read, &step(&read), &next, &report, at(later)).await;
        assert_eq!(written, Ok(WriteOutcome::Done));
    }
    assert_eq!(table.conversation_of(Provider::Twilio, "SM1").await, Ok(Some(id(1))));
    assert_eq!(step(&stored(&table, 1).await).sent_from, from);
    let contact = table.contact(&phone()).await.unwrap();
    assert_eq!((contact.opted_out_at, contact.opted_out_by.as_deref()), (Some(at(2)), Some("provider")));
}
