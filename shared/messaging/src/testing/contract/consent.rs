//! Consent: changes, and claims that depend on it.

use super::Table;
use super::fixtures::{at, claimed, conversation, decided, id, message, phone, step};
use crate::change_consent::{ConsentOutcome, change_consent};
use crate::conversation::consent::{Act, Agreement, ConsentChange};
use crate::conversation::inbound_message::InboundMessage;
use crate::conversation::step::Progress;
use crate::conversation::{Contact, Conversation, Step};
use crate::ports::{
    ClaimRequest, ConfirmationChange, OptOutChange, StoreOutcome, StoredInbound, WriteOutcome,
};
use crate::reply::ReplyMeaning;
use crate::values::channel::Category;
use crate::values::ids::Scope;
use crate::values::verdict::Verdict;

fn change(act: Act, scope: &str, seconds: i64) -> ConsentChange {
    let agreement =
        Agreement { at: at(seconds), source: "web-form".to_owned(), text_version: Some("v3".to_owned()) };
    ConsentChange { act, scope: Scope::new(scope).unwrap(), agreement }
}

fn conversation_with(n: u32, category: Category, program: Option<&str>) -> Conversation {
    let mut conversation = conversation(n);
    let step = &mut conversation.plan.as_mut().unwrap().steps[0];
    step.category = category;
    step.policy.program = program.map(|program| Scope::new(program).unwrap());
    conversation
}

async fn claims(table: &impl Table, n: u32, step: &Step, next: &Progress) -> WriteOutcome {
    let (conversation, contact) = (id(n), phone());
    let request = ClaimRequest { conversation: &conversation, contact: &contact, step, next, now: at(1) };
    table.claim(&request).await.unwrap()
}

async fn opened(table: &impl Table, n: u32, category: Category, program: Option<&str>) -> Step {
    let opened = conversation_with(n, category, program);
    table.accept(&opened, None).await.unwrap();
    step(&opened)
}

/// Claims advertising without consent, with consent to its program, with consent to all, and after a withdrawal.
pub async fn advertising_is_claimed_only_with_consent(table: impl Table) {
    let offer = opened(&table, 1, Category::Promotional, Some("offers")).await;
    for next in [claimed("a"), decided(Verdict::Shadowed)] {
        assert_eq!(claims(&table, 1, &offer, &next).await, WriteOutcome::Overtaken);
    }
    for (n, (program, scope)) in (2..).zip([("offers", "offers"), ("news", "promotional")]) {
        let offer = opened(&table, n, Category::Promotional, Some(program)).await;
        change_consent(&table, &phone(), &change(Act::Given, scope, 0)).await.unwrap();
        assert_eq!(claims(&table, n, &offer, &claimed("a")).await, WriteOutcome::Done, "{scope}");
        table.change(&phone(), &change(Act::Withdrawn, scope, 1)).await.unwrap();
        let again = opened(&table, n + 10, Category::Promotional, Some(program)).await;
        assert_eq!(claims(&table, n + 10, &again, &claimed("a")).await, WriteOutcome::Overtaken, "{scope}");
    }
    let order = opened(&table, 30, Category::Transactional, None).await;
    assert_eq!(claims(&table, 30, &order, &claimed("a")).await, WriteOutcome::Done);
}

/// Withdraws consent to one program and gives it again. Other programs are not affected.
pub async fn a_withdrawal_rejects_claims_of_its_program(table: impl Table) {
    change_consent(&table, &phone(), &change(Act::Withdrawn, "reminders", 0)).await.unwrap();
    let reminder = opened(&table, 1, Category::Transactional, Some("reminders")).await;
    assert_eq!(claims(&table, 1, &reminder, &claimed("a")).await, WriteOutcome::Overtaken);
    let other = opened(&table, 2, Category::Transactional, Some("orders")).await;
    assert_eq!(claims(&table, 2, &other, &claimed("a")).await, WriteOutcome::Done);
    change_consent(&table, &phone(), &change(Act::Given, "reminders", 1)).await.unwrap();
    assert_eq!(claims(&table, 1, &reminder, &claimed("a")).await, WriteOutcome::Done);
}

async fn store_message(
    table: &impl Table,
    message: &InboundMessage,
    contact: &Contact,
    (meaning, opt_out): (ReplyMeaning, OptOutChange),
    consent: ConsentChange,
) {
    let consent = Some(consent);
    let stored = StoredInbound {
        confirmation: ConfirmationChange::None,
        message,
        meaning,
        contact,
        opt_out,
        consent,
        conversations: Vec::new(),
        is_reply: false,
    };
    assert_eq!(table.store(&stored).await, Ok(StoreOutcome::Stored));
}

/// Changes consent by form and by reply, and reads all changes back in order.
pub async fn consent_history_keeps_every_change_with_its_source(table: impl Table) {
    let given = change(Act::Given, "offers", 0);
    assert_eq!(change_consent(&table, &phone(), &given).await, Ok(ConsentOutcome::Stored));
    assert_eq!(change_consent(&table, &phone(), &given).await, Ok(ConsentOutcome::Already));
    let withdrawn = change(Act::Withdrawn, "offers", 1);
    assert_eq!(change_consent(&table, &phone(), &withdrawn).await, Ok(ConsentOutcome::Stored));
    let (mut stop, mut start) = (message("SM1"), message("SM2"));
    (stop.at, start.at) = (at(2), at(3));
    let stopped = ConsentChange::global(Act::OptedOut, "reply", stop.at);
    let stopping = (ReplyMeaning::OptOut, OptOutChange::OptOut);
    store_message(&table, &stop, &Contact::default(), stopping, stopped.clone()).await;
    let contact = table.contact(&phone()).await.unwrap();
    let started = ConsentChange::started(start.at);
    store_message(&table, &start, &contact, (ReplyMeaning::OptIn, OptOutChange::OptIn), started.clone())
        .await;
    let consent = table.consent(&phone()).await.unwrap();
    assert_eq!(consent.given.get(&Scope::promotional()), Some(&started.agreement));
    assert_eq!(consent.withdrawn.get(&given.scope), Some(&withdrawn.agreement));
    assert_eq!(table.history(&phone()).await, Ok(vec![given, withdrawn, stopped, started]));
}
