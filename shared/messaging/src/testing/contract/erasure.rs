//! Erasure of a person's data.

use chrono::TimeDelta;

use super::Table;
use super::fixtures::{
    accepted, at, claim, claimed, conversation, decided, id, message, phone, step, stored,
};
use super::inbox::inbound;
use crate::conversation::Contact;
use crate::journeys::code_limits::limits_of;
use crate::journeys::otp_settings::OtpSettings;
use crate::ports::{
    AcceptOutcome, ErasedConversation, OptOutChange, ProviderReport, QuarantinedEvent, StoreOutcome,
    WriteOutcome,
};
use crate::text::template::PersonName;
use crate::text::whatsapp_template::{ContentSid, WhatsappTemplate};
use crate::values::ids::SourceName;
use crate::values::one_time_code::{CodeHash, CodeSlot, OneTimeCode, StoredCode};
use crate::values::phone::PhoneNumber;
use crate::values::secret::SecretText;
use crate::values::verdict::Verdict;

const ERASED: ErasedConversation = ErasedConversation::Erased { sending: false };

/// Erases a conversation during a send, whose result is still stored.
pub async fn an_erased_conversation_keeps_ids_times_and_verdicts(table: impl Table) {
    let mut first = conversation(1);
    let plan = first.plan.as_mut().unwrap();
    plan.name = Some(PersonName::new("Zoe"));
    let sid = ContentSid::try_from(format!("HX{}", "0".repeat(32))).unwrap();
    let variables = [("1".to_owned(), "Zoe".to_owned())].into();
    plan.steps[0].content = Some(WhatsappTemplate { sid, variables });
    plan.steps[0].cost_micro_usd = Some(8_300);
    table.accept(&first, None).await.unwrap();
    let sent = decided(Verdict::Sent);
    let claim_of_it = claimed("a");
    assert_eq!(claim(&table, &step(&first), &claim_of_it, 1).await, WriteOutcome::Done);
    let mut taken = first.clone();
    taken.plan.as_mut().unwrap().steps[0].progress = claim_of_it;
    assert_eq!(
        table.erase_conversation(&phone(), &id(1), at(3)).await,
        Ok(ErasedConversation::Erased { sending: true })
    );
    // The answer to the claim arrives after it.
    let report = ProviderReport::default();
    assert_eq!(table.advance(&taken, &step(&taken), &sent, &report, at(4)).await, Ok(WriteOutcome::Done));
    let left = stored(&table, 1).await;
    let mut expected = first;
    expected.life.erased_at = Some(at(3));
    expected.life.cancelled_at = Some(at(3));
    let plan = expected.plan.as_mut().unwrap();
    (plan.contact, plan.name, plan.content_hash) = (None, None, String::new());
    (plan.steps[0].text, plan.steps[0].content) = (crate::text::template::MessageText::new(""), None);
    plan.steps[0].progress = sent;
    assert_eq!(left, expected);
    assert_eq!(table.traces(&phone()).await.unwrap().conversations, []);
    let again = table.erase_conversation(&phone(), &id(1), at(9)).await;
    assert_eq!(again, Ok(ErasedConversation::NotTheirs));
    assert_eq!(stored(&table, 1).await, expected);
}

/// Erases a conversation by the number of another person, without effect, and by its own.
pub async fn an_erased_conversation_is_neither_claimed_nor_accepted_again(table: impl Table) {
    let first = accepted(&table).await;
    let other = PhoneNumber::parse_e164("+12025550144").unwrap();
    let not_theirs = table.erase_conversation(&other, &id(1), at(1)).await;
    assert_eq!(not_theirs, Ok(ErasedConversation::NotTheirs));
    assert_eq!(stored(&table, 1).await, first);
    assert_eq!(table.traces(&phone()).await.unwrap().conversations, [id(1)]);
    assert_eq!(table.erase_conversation(&phone(), &id(1), at(1)).await, Ok(ERASED));
    assert_eq!(claim(&table, &step(&first), &claimed("a"), 1).await, WriteOutcome::Overtaken);
    let Ok(AcceptOutcome::Existing(existing)) = table.accept(&first, None).await else {
        panic!("stored again")
    };
    assert!(existing.is_erased());
    assert_eq!(table.open_conversations(&phone(), at(1)).await, Ok((Contact::default(), Vec::new())));
}

/// Erases a contact who has opted out: claims stay rejected until the customer writes START.
pub async fn an_opt_out_outlives_erasure_until_the_customer_opts_in(table: impl Table) {
    let (stop, more, start) = (message("SM1"), message("SM2"), message("SM3"));
    table.store(&inbound(&stop, &Contact::default(), OptOutChange::OptOut)).await.unwrap();
    let opted_out = table.contact(&phone()).await.unwrap();
    assert_eq!(table.erase_contact(&phone(), &opted_out).await, Ok(WriteOutcome::Done));
    assert_eq!(table.contact(&phone()).await.as_ref(), Ok(&opted_out), "without the number");
    let next = accepted(&table).await;
    for progress in [claimed("a"), decided(Verdict::Shadowed)] {
        assert_eq!(claim(&table, &step(&next), &progress, 1).await, WriteOutcome::Overtaken);
    }
    // The customer writes again. The contact that is read must equal the stored one.
    let (known, _) = table.open_conversations(&phone(), at(1)).await.unwrap();
    assert_eq!(known, opted_out);
    let heard = table.store(&inbound(&more, &known, OptOutChange::None)).await;
    assert_eq!(heard, Ok(StoreOutcome::Stored));
    assert_eq!(claim(&table, &step(&next), &claimed("a"), 1).await, WriteOutcome::Overtaken);
    let lifted = table.store(&inbound(&start, &known, OptOutChange::OptIn)).await;
    assert_eq!(lifted, Ok(StoreOutcome::Stored));
    assert_eq!(claim(&table, &step(&next), &claimed("a"), 1).await, WriteOutcome::Done);
}

/// Erases a contact that has opted out since it was read.
pub async fn a_concurrent_opt_out_overtakes_the_erasure_of_a_contact(table: impl Table) {
    let nothing = Contact::default();
    assert_eq!(table.erase_contact(&phone(), &nothing).await, Ok(WriteOutcome::Done), "nothing is known");
    table.store(&inbound(&message("SM1"), &nothing, OptOutChange::OptOut)).await.unwrap();
    assert_eq!(table.erase_contact(&phone(), &nothing).await, Ok(WriteOutcome::Overtaken));
    assert!(table.contact(&phone()).await.unwrap().opted_out_at.is_some());
}

/// Erases an event in quarantine and delivers it again.
pub async fn an_erased_quarantined_event_stays_erased(table: impl Table) {
    let event = QuarantinedEvent {
        id: "calendly-0".to_owned(),
        source: SourceName::new("calendly").unwrap(),
        reason: "malformed".to_owned(),
        details: vec!["/payload: expected an object".to_owned()],
        received_at: at(0),
        body: b"{".to_vec(),
    };
    table.keep(&event).await.unwrap();
    assert_eq!(table.quarantined_events().await, Ok(vec![event.clone()]));
    table.erase_quarantined(&event.id, at(1)).await.unwrap();
    table.erase_quarantined(&event.id, at(2)).await.unwrap();
    table.keep(&event).await.unwrap();
    let left = table.quarantined_events().await.unwrap();
    assert!(left.iter().all(|event| event.body.is_empty() && event.details.is_empty()));
}

/// Erases one of two contacts with codes and counts of codes.
pub async fn erasing_a_contact_deletes_its_one_time_codes(table: impl Table) {
    let other = PhoneNumber::parse_e164("+12025550144").unwrap();
    let code = |phone: &PhoneNumber, purpose: &str| {
        let slot = CodeSlot::new(phone.clone(), purpose);
        let key = SecretText::new("k").unwrap();
        let hash = CodeHash::of(&key, &slot, "id", &OneTimeCode::new("123456").unwrap());
        StoredCode { slot, id: "id".to_owned(), hash, issued_at: at(0), valid_until: at(600) }
    };
    let settings = OtpSettings { per_phone_hour: 1, per_phone_day: 1, ..OtpSettings::default() };
    let codes = [code(&phone(), "login"), code(&phone(), "reset"), code(&other, "login")];
    for code in &codes {
        assert_eq!(table.issue_code(code, TimeDelta::seconds(30)).await, Ok(WriteOutcome::Done));
    }
    for phone in [phone(), other.clone()] {
        for limit in &limits_of(&phone, &settings, at(0))[..2] {
            assert_eq!(table.count_code(limit).await, Ok(true));
            assert_eq!(table.count_code(limit).await, Ok(false));
        }
    }
    assert_eq!(table.erase_contact(&phone(), &Contact::default()).await, Ok(WriteOutcome::Done));
    for (code, left) in codes.iter().zip([false, false, true]) {
        assert_eq!(table.last_code_at(&code.slot).await, Ok(left.then(|| at(0))));
        assert_eq!(table.try_code(&code.slot, 5, at(1)).await.unwrap().is_some(), left);
    }
    for (phone, left) in [(phone(), false), (other, true)] {
        for limit in &limits_of(&phone, &settings, at(0))[..2] {
            assert_eq!(table.count_code(limit).await, Ok(!left), "{limit:?}");
        }
    }
}
