//! Inbound messages, and events in quarantine.

use super::Table;
use super::fixtures::{DAY, accepted, at, conversation, message, phone, stored};
use crate::conversation::inbound_message::InboundMessage;
use crate::conversation::{Confirmation, Contact, Reply};
use crate::ports::{ConfirmationChange, OptOutChange, QuarantinedEvent, StoreOutcome, StoredInbound};
use crate::reply::ReplyMeaning;
use crate::values::phone::PhoneNumber;

pub(super) fn inbound<'a>(
    message: &'a InboundMessage,
    contact: &'a Contact,
    opt_out: OptOutChange,
) -> StoredInbound<'a> {
    let conversations = Vec::new();
    let meaning = if opt_out == OptOutChange::OptIn { ReplyMeaning::OptIn } else { ReplyMeaning::OptOut };
    StoredInbound {
        message,
        meaning,
        contact,
        opt_out,
        confirmation: ConfirmationChange::None,
        consent: None,
        conversations,
        is_reply: false,
    }
}

/// Looks for open conversations before and at the deadline, with one of another phone in the table.
pub async fn open_conversations_are_those_of_the_phone_before_their_deadline(table: impl Table) {
    let first = accepted(&table).await;
    let mut elsewhere = conversation(2);
    elsewhere.plan.as_mut().unwrap().contact = PhoneNumber::parse_e164("+12025550144").ok();
    table.accept(&elsewhere, None).await.unwrap();
    let open = table.open_conversations(&phone(), at(DAY - 1)).await;
    assert_eq!(open, Ok((Contact::default(), vec![first])));
    assert_eq!(table.open_conversations(&phone(), at(DAY)).await, Ok((Contact::default(), Vec::new())));
}

/// Stores an opt-out and delivers the same message again.
pub async fn an_inbound_message_is_stored_once(table: impl Table) {
    let (message, nothing) = (message("SM1"), Contact::default());
    let stored = table.store(&inbound(&message, &nothing, OptOutChange::OptOut)).await;
    assert_eq!(stored, Ok(StoreOutcome::Stored));
    let contact = table.contact(&phone()).await.unwrap();
    assert_eq!((contact.opted_out_at, contact.opted_out_by.as_deref()), (Some(message.at), Some("SM1")));
    let again = table.store(&inbound(&message, &contact, OptOutChange::None)).await;
    assert_eq!(again, Ok(StoreOutcome::Duplicate));
}

/// Stores messages that were read with another opt-out than the stored one.
pub async fn a_concurrent_opt_out_overtakes_an_inbound_message(table: impl Table) {
    let nothing = Contact::default();
    let (stop, other, start) = (message("SM1"), message("SM2"), message("SM3"));
    table.store(&inbound(&stop, &nothing, OptOutChange::OptOut)).await.unwrap();
    for change in [OptOutChange::None, OptOutChange::OptOut] {
        let overtaken = table.store(&inbound(&other, &nothing, change)).await;
        assert_eq!(overtaken, Ok(StoreOutcome::Overtaken), "{change:?}");
    }
    let opted_out = table.contact(&phone()).await.unwrap();
    let started = table.store(&inbound(&start, &opted_out, OptOutChange::OptIn)).await;
    assert_eq!(started, Ok(StoreOutcome::Stored));
    assert_eq!(table.contact(&phone()).await.unwrap().opted_out_at, None);
    let late = table.store(&inbound(&other, &opted_out, OptOutChange::None)).await;
    assert_eq!(late, Ok(StoreOutcome::Overtaken));
}

/// Takes and gives back the confirmation of an opt-out as two invocations.
pub async fn an_opt_out_confirmation_is_taken_by_one_invocation(table: impl Table) {
    let stop = message("SM1");
    let nothing = Contact::default();
    let change =
        |confirmation| StoredInbound { confirmation, ..inbound(&stop, &nothing, OptOutChange::OptOut) };
    assert_eq!(table.take_confirmation(&phone(), "a").await, Ok(false), "no message is stored");
    table.give_back_confirmation(&phone(), "a").await.unwrap();
    assert_eq!(table.contact(&phone()).await.unwrap().confirmation, Confirmation::None);

    table.store(&change(ConfirmationChange::Due)).await.unwrap();
    assert_eq!(table.contact(&phone()).await.unwrap().confirmation, Confirmation::Due);
    assert_eq!(table.take_confirmation(&phone(), "a").await, Ok(true));
    let taken = Confirmation::Taken("a".to_owned());
    assert_eq!(table.contact(&phone()).await.unwrap().confirmation, taken);
    assert_eq!(table.take_confirmation(&phone(), "b").await, Ok(false));
    assert_eq!(table.take_confirmation(&phone(), "a").await, Ok(true), "the first answer may have been lost");
    table.give_back_confirmation(&phone(), "b").await.unwrap();
    assert_eq!(table.contact(&phone()).await.unwrap().confirmation, taken, "another invocation has taken it");
    table.give_back_confirmation(&phone(), "a").await.unwrap();
    assert_eq!(table.take_confirmation(&phone(), "b").await, Ok(true), "it was not sent");

    // Opting in ends the opt-out and with it the confirmation.
    let (start, opted_out) = (message("SM2"), table.contact(&phone()).await.unwrap());
    let ended = StoredInbound {
        confirmation: ConfirmationChange::Over,
        ..inbound(&start, &opted_out, OptOutChange::OptIn)
    };
    table.store(&ended).await.unwrap();
    table.give_back_confirmation(&phone(), "b").await.unwrap();
    assert_eq!(table.contact(&phone()).await.unwrap().confirmation, Confirmation::None);
}

/// Stores two replies and a reaction for one of two conversations.
pub async fn a_reply_is_stored_in_the_named_conversations_only(table: impl Table) {
    let first = accepted(&table).await;
    table.accept(&conversation(2), None).await.unwrap();
    let nothing = Contact::default();
    for (message, is_reply) in [(message("SM1"), false), (message("SM2"), true), (message("SM3"), true)] {
        let meaning = if is_reply { ReplyMeaning::Reply } else { ReplyMeaning::Reaction };
        let inbound = StoredInbound {
            confirmation: ConfirmationChange::None,
            message: &message,
            meaning,
            contact: &nothing,
            opt_out: OptOutChange::None,
            consent: None,
            conversations: vec![&first],
            is_reply,
        };
        assert_eq!(table.store(&inbound).await, Ok(StoreOutcome::Stored));
    }
    let life = stored(&table, 1).await.life;
    let reply = |meaning| Reply { at: at(5), meaning };
    assert_eq!(life.replied_at, Some(at(5)));
    assert_eq!(
        life.replies,
        [reply(ReplyMeaning::Reaction), reply(ReplyMeaning::Reply), reply(ReplyMeaning::Reply)]
    );
    assert_eq!(stored(&table, 2).await, conversation(2));
}

/// Moves the same event to quarantine twice.
pub async fn quarantining_an_event_again_succeeds(table: impl Table) {
    let event = QuarantinedEvent {
        id: "calendly-0".to_owned(),
        source: crate::values::ids::SourceName::new("calendly").unwrap(),
        reason: "malformed".to_owned(),
        details: vec!["/payload: expected an object".to_owned()],
        received_at: at(0),
        body: b"{".to_vec(),
    };
    assert_eq!(table.keep(&event).await, Ok(()));
    assert_eq!(table.keep(&event).await, Ok(()));
}
