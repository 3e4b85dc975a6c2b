//! Receipts: delivery statuses, attempts, prices, and the steps that they settle.

use super::Table;
use super::fixtures::{
    accepted, at, claim, claimed, conversation, decided, id, message, phone, step, stored,
};
use crate::conversation::Contact;
use crate::conversation::delivery::{AttemptPrice, Delivery, DeliveryStatus};
use crate::conversation::receipt::{AttemptId, Receipt};
use crate::conversation::step::{Effect, Evidence, Progress, ProviderMessage, StepEvent};
use crate::journeys::budgets::{Budget, Charge, Limits, Reservation, ReserveOutcome};
use crate::ports::{
    ConfirmationChange, OptOutChange, ProviderReport, StoreOutcome, StoredInbound, WriteOutcome,
};
use crate::record_receipt::settle_price;
use crate::reply::ReplyMeaning;
use crate::values::channel::Channel;
use crate::values::dollars::Dollars;
use crate::values::ids::{ConversationId, StepName};
use crate::values::provider::Provider;
use crate::values::verdict::{Because, Verdict};

fn delivery(attempt: u32, status: DeliveryStatus) -> Delivery {
    Delivery { attempt, status, code: None, at: at(9) }
}

fn text() -> StepName {
    StepName::new("text").unwrap()
}

/// Reports statuses of two attempts in an order that does not occur, and of steps that do not exist.
pub async fn a_delivery_status_never_regresses(table: impl Table) {
    use DeliveryStatus::{Delivered, Failed, Queued, Read, Sent, Undelivered, Unknown};
    let conversation = accepted(&table).await;
    for (attempt, status, expected) in [
        (1, Sent, WriteOutcome::Done),
        (1, Queued, WriteOutcome::Overtaken),
        (1, Sent, WriteOutcome::Overtaken),
        (1, Unknown, WriteOutcome::Done),
        (1, Delivered, WriteOutcome::Done),
        (1, Undelivered, WriteOutcome::Overtaken),
        (1, Read, WriteOutcome::Done),
        (2, Queued, WriteOutcome::Done),
        (1, Read, WriteOutcome::Overtaken),
        (2, Failed, WriteOutcome::Done),
        (2, Delivered, WriteOutcome::Overtaken),
        (2, Undelivered, WriteOutcome::Overtaken),
    ] {
        let delivery = delivery(attempt, status);
        let replaces = delivery.replaces(step(&stored(&table, 1).await).delivery.as_ref());
        assert_eq!(replaces, expected == WriteOutcome::Done, "{delivery:?}");
        assert_eq!(
            table.note_delivery(&conversation, &text(), &delivery).await,
            Ok(expected),
            "{delivery:?}"
        );
        let known = step(&stored(&table, 1).await).delivery;
        assert_eq!(
            known == Some(delivery.clone()),
            expected == WriteOutcome::Done || known == Some(delivery)
        );
    }
    let nothing = StepName::new("nothing").unwrap();
    let noted = table.note_delivery(&conversation, &nothing, &delivery(1, Sent)).await;
    assert_eq!(noted, Ok(WriteOutcome::Overtaken));
    let mut absent = conversation;
    absent.id = ConversationId::new("sms-absent").unwrap();
    assert_eq!(table.note_delivery(&absent, &text(), &delivery(1, Sent)).await, Ok(WriteOutcome::Overtaken));
    assert_eq!(table.load(&absent.id, at(0)).await, Ok(None));
}

/// Looks an attempt up by the provider's id. A receipt that belongs to no attempt leads nowhere.
pub async fn a_provider_message_id_leads_to_its_attempt(table: impl Table) {
    let first = accepted(&table).await;
    claim(&table, &step(&first), &claimed("a"), 1).await;
    let read = stored(&table, 1).await;
    let message = ProviderMessage { provider: "sns".to_owned(), id: "m-1".to_owned(), from: None };
    let report = ProviderReport { message: Some(message), opted_out: false };
    table.advance(&read, &step(&read), &decided(Verdict::Sent), &report, at(2)).await.unwrap();
    let expected = AttemptId { conversation: id(1), step: text(), attempt: 1 };
    assert_eq!(table.attempt_of(Provider::Sns, "m-1").await, Ok(Some(expected)));
    assert_eq!(table.attempt_of(Provider::Twilio, "m-1").await, Ok(None));
    let stray = Receipt {
        provider: Provider::Sns,
        message_id: "m-2".to_owned(),
        about: None,
        status: None,
        said: "LOST".to_owned(),
        code: None,
        retryable: false,
        opted_out: false,
        from: None,
        to: None,
        accepted_at: None,
        price: None,
        at: at(3),
    };
    for _ in 0..2 {
        table.keep_receipt(&stray, at(4)).await.unwrap();
    }
    assert_eq!(
        table.attempt_of(Provider::Sns, "m-2").await,
        Ok(None),
        "the receipt is stored and belongs to no attempt"
    );
}

/// Settles a held step by a receipt and by an operator at the same time: one of them is overtaken.
pub async fn a_concurrently_settled_verdict_is_kept(table: impl Table) {
    let first = accepted(&table).await;
    claim(&table, &step(&first), &claimed("a"), 1).await;
    let read = stored(&table, 1).await;
    let held = decided(Verdict::HeldUnknownOutcome);
    table.advance(&read, &step(&read), &held, &ProviderReport::default(), at(2)).await.unwrap();
    let read = stored(&table, 1).await;
    let attested = |evidence| {
        let event = StepEvent::Attested { attempt: 1, evidence };
        step(&read).progress.on(event, at(3))
    };
    let (sent, effect) = attested(Evidence::Taken(Because::default()));
    assert_eq!(effect, Effect::Answer);
    let (again, effect) = attested(Evidence::NotDelivered);
    assert_eq!(effect, Effect::StartAgain(1));
    let none = ProviderReport::default();
    assert_eq!(table.advance(&read, &step(&read), &sent, &none, at(3)).await, Ok(WriteOutcome::Done));
    assert_eq!(table.advance(&read, &step(&read), &again, &none, at(3)).await, Ok(WriteOutcome::Overtaken));
    assert_eq!(step(&stored(&table, 1).await).progress, sent);
}

/// Claims a step that runs again, first with its earlier progress and then with the current one.
pub async fn a_rerun_is_claimed_only_by_an_invocation_that_has_read_it(table: impl Table) {
    let first = accepted(&table).await;
    claim(&table, &step(&first), &claimed("a"), 1).await;
    let read = stored(&table, 1).await;
    let mut before = claimed("b");
    (before.state, before.attempt) = (crate::conversation::step::StepState::Planned, 1);
    table.advance(&read, &step(&read), &before, &ProviderReport::default(), at(2)).await.unwrap();
    let stale = stored(&table, 1).await;
    let (again, _) = before.on(StepEvent::Attested { attempt: 1, evidence: Evidence::TryAgain }, at(3));
    table.advance(&stale, &step(&stale), &again, &ProviderReport::default(), at(3)).await.unwrap();
    let mut next = claimed("c");
    next.attempt = 2;
    assert_eq!(
        claim(&table, &step(&stale), &next, 4).await,
        WriteOutcome::Overtaken,
        "it has read the earlier progress"
    );
    let fresh = stored(&table, 1).await;
    assert_eq!(step(&fresh).progress, again);
    next.reruns = 1;
    assert_eq!(claim(&table, &step(&fresh), &next, 4).await, WriteOutcome::Done);
}

/// Stores a message by SMS, which does not count, and one by WhatsApp.
pub async fn the_last_whatsapp_message_of_a_contact_is_stored(table: impl Table) {
    for (channel, expected) in [(Channel::Sms, None), (Channel::Whatsapp, Some(at(5)))] {
        let mut message = message(&format!("SM{channel:?}"));
        message.channel = channel;
        let contact = Contact::default();
        let inbound = StoredInbound {
            confirmation: ConfirmationChange::None,
            message: &message,
            meaning: ReplyMeaning::Reply,
            contact: &contact,
            opt_out: OptOutChange::None,
            consent: None,
            conversations: Vec::new(),
            is_reply: true,
        };
        assert_eq!(table.store(&inbound).await, Ok(StoreOutcome::Stored));
        assert_eq!(table.contact(&phone()).await.unwrap().last_whatsapp, expected);
    }
}

/// Stores prices for a step that was read before another price or a reservation was stored.
pub async fn prices_are_stored_only_while_the_step_is_unchanged(table: impl Table) {
    let price = |attempt, micro_usd| AttemptPrice { attempt, micro_usd };
    let conversation = accepted(&table).await;
    let first = step(&stored(&table, 1).await);
    let prices = [price(1, 8_830)];
    assert_eq!(table.note_prices(&conversation, &first, &prices).await, Ok(WriteOutcome::Done));
    assert_eq!(table.note_prices(&conversation, &first, &[price(1, 1)]).await, Ok(WriteOutcome::Overtaken));
    let second = step(&stored(&table, 1).await);
    assert_eq!(second.prices, prices);
    let both = [price(1, 8_830), price(2, 0)];
    assert_eq!(table.note_prices(&conversation, &second, &both).await, Ok(WriteOutcome::Done));
    // The reservation is stored concurrently.
    claim(&table, &step(&conversation), &claimed("a"), 1).await;
    let read = stored(&table, 1).await;
    let before = step(&read);
    assert_eq!(before.prices, both, "prices stay when the step changes");
    let reservation =
        Reservation { at: at(1), micro_usd: 8_300, budgets: vec![Budget::Month("2027-01".to_owned())] };
    let sent = Progress { reserved: Some(reservation), ..decided(Verdict::Sent) };
    table.advance(&read, &before, &sent, &ProviderReport::default(), at(2)).await.unwrap();
    assert_eq!(table.note_prices(&read, &before, &prices).await, Ok(WriteOutcome::Overtaken));
    let fresh = step(&stored(&table, 1).await);
    assert_eq!(table.note_prices(&read, &fresh, &prices).await, Ok(WriteOutcome::Done));
    let mut absent = read;
    absent.id = ConversationId::new("sms-absent").unwrap();
    assert_eq!(table.note_prices(&absent, &first, &prices).await, Ok(WriteOutcome::Overtaken));
    assert_eq!(table.load(&absent.id, at(0)).await, Ok(None));
}

/// Reports prices repeatedly and in any order: each difference counts once.
pub async fn a_reported_price_is_settled_once(table: impl Table) {
    let limits: Limits = toml::from_str("day = 1").unwrap();
    let to = phone();
    let charge = |cost| Charge { to: &to, cost: Dollars::from_micro(cost), now: at(0) };
    let spent = async || match table.reserve(&charge(1_000_000), &limits).await.unwrap() {
        ReserveOutcome::Exceeded(exceeded) => exceeded.spent.micro(),
        ReserveOutcome::Reserved(_) => panic!("something is reserved"),
    };
    accepted(&table).await;
    let ReserveOutcome::Reserved(reservation) = table.reserve(&charge(8_300), &limits).await.unwrap() else {
        panic!()
    };
    claim(&table, &step(&conversation(1)), &claimed("a"), 1).await;
    let read = stored(&table, 1).await;
    let sent = Progress { reserved: Some(reservation), ..decided(Verdict::Sent) };
    table.advance(&read, &step(&read), &sent, &ProviderReport::default(), at(2)).await.unwrap();
    let about = |attempt| AttemptId { conversation: id(1), step: text(), attempt };
    let stale = stored(&table, 1).await;
    for (attempt, micro, counted) in
        [(1, 5_000, 5_000), (1, 5_000, 5_000), (1, 8_830, 8_830), (1, 5_000, 8_830), (2, 90_000, 8_830)]
    {
        let read = stored(&table, 1).await;
        let price = Dollars::from_micro(micro);
        let settled = settle_price(&table, &read, &step(&read), &about(attempt), price).await;
        assert_eq!(settled, Ok(WriteOutcome::Done));
        assert_eq!(spent().await, counted, "{attempt}: {micro}");
        // A concurrent report is overtaken and takes back what it has added.
        let raced = settle_price(&table, &stale, &step(&stale), &about(1), Dollars::from_micro(20_000)).await;
        assert_eq!(raced, Ok(WriteOutcome::Overtaken));
        assert_eq!(spent().await, counted, "{attempt}: {micro}");
    }
    assert_eq!(step(&stored(&table, 1).await).price_of(1), Some(Dollars::from_micro(8_830)));
}
