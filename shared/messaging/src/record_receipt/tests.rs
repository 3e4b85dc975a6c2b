//! Receipts in any order, repeated, late, early and about unknown texts.

use crate::conversation::delivery::DeliveryStatus;
use crate::values::ids::{ConversationId, StepName};
use crate::values::provider::Provider;
use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::conversation::Conversation;
use crate::conversation::step::{Claim, Decision, LostResponse, Progress, StepState};
use crate::testing::memory::{Fault, World, at, conversation, phone};
use crate::values::verdict::{Because, Verdict};

fn step_name() -> StepName {
    StepName::new("text").unwrap()
}

fn about(attempt: u32) -> AttemptId {
    AttemptId { conversation: ConversationId::new("sms-1").unwrap(), step: step_name(), attempt }
}

fn receipt(status: DeliveryStatus) -> Receipt {
    Receipt {
        provider: Provider::Twilio,
        message_id: "SM1".to_owned(),
        about: Some(about(1)),
        status: Some(status),
        said: status.as_str().to_owned(),
        code: None,
        retryable: false,
        opted_out: false,
        from: Some("+15005550006".to_owned()),
        to: None,
        accepted_at: None,
        price: None,
        at: at(10),
    }
}

fn claimed(at_second: i64) -> Claim {
    Claim { id: "a".to_owned(), at: at(at_second) }
}

fn world_with(state: StepState) -> World {
    let mut conversation = conversation("sms-1", &["text"]);
    conversation.plan.as_mut().unwrap().steps[0].progress =
        Progress { state, attempt: 1, ..Progress::default() };
    World::with(&conversation)
}

fn decided(verdict: Verdict) -> StepState {
    let because = Because::fact("claimed_at", crate::values::clock::to_rfc3339(at(0)));
    StepState::Decided(Decision { verdict, because, at: at(5) })
}

fn stored(world: &World) -> Conversation {
    world.state().store.conversations[&about(1).conversation].clone()
}

fn verdict(world: &World) -> Option<Verdict> {
    stored(world).step(&step_name()).unwrap().progress.verdict()
}

fn delivery(world: &World) -> Option<DeliveryStatus> {
    stored(world).step(&step_name()).unwrap().delivery.as_ref().map(|delivery| delivery.status)
}

fn recorded(world: &World, receipt: &Receipt) -> ReceiptOutcome {
    record(world, world, receipt, world).now_or_never().unwrap().unwrap()
}

#[test]
fn a_receipt_settles_an_attempt_whose_answer_was_lost() {
    let lost = LostResponse { claim: claimed(0), since: at(10) };
    for state in
        [StepState::Claimed(claimed(0)), StepState::Unknown(lost), decided(Verdict::HeldUnknownOutcome)]
    {
        let world = world_with(state.clone());
        assert_eq!(
            recorded(&world, &receipt(DeliveryStatus::Delivered)),
            ReceiptOutcome::Settled,
            "{state:?}"
        );
        assert_eq!(
            (verdict(&world), delivery(&world)),
            (Some(Verdict::Sent), Some(DeliveryStatus::Delivered))
        );
        assert_eq!(recorded(&world, &receipt(DeliveryStatus::Delivered)), ReceiptOutcome::Known);
        let key = ("twilio".to_owned(), "SM1".to_owned());
        assert_eq!(world.state().store.messages[&key], about(1));
        assert_eq!(stored(&world).step(&step_name()).unwrap().sent_from.as_deref(), Some("+15005550006"));
    }
}

#[test]
fn a_receipt_counts_for_its_own_attempt() {
    let lost = StepState::Unknown(LostResponse { claim: claimed(0), since: at(10) });
    let world = world_with(lost.clone());
    let other = Receipt { about: Some(about(2)), ..receipt(DeliveryStatus::Delivered) };
    recorded(&world, &other);
    assert_eq!(stored(&world).step(&step_name()).unwrap().progress.state, lost);
}

#[test]
fn a_text_that_the_provider_turned_away_but_took_is_not_sent_again() {
    let world = world_with(StepState::Planned);
    assert_eq!(recorded(&world, &receipt(DeliveryStatus::Sent)), ReceiptOutcome::Settled);
    assert_eq!(verdict(&world), Some(Verdict::Sent));
    let failed = world_with(StepState::Planned);
    recorded(&failed, &receipt(DeliveryStatus::Failed));
    assert_eq!(verdict(&failed), None, "that it could not be sent is no contradiction");
}

#[test]
fn a_receipt_about_an_unknown_text_or_of_an_unknown_kind_is_kept() {
    let world = world_with(decided(Verdict::Sent));
    let other = ConversationId::new("sms-2").unwrap();
    let stray = Receipt {
        about: Some(AttemptId { conversation: other, ..about(1) }),
        ..receipt(DeliveryStatus::Delivered)
    };
    assert_eq!(recorded(&world, &stray), ReceiptOutcome::UnknownMessage);
    let nameless = Receipt { about: None, ..receipt(DeliveryStatus::Delivered) };
    assert_eq!(recorded(&world, &nameless), ReceiptOutcome::UnknownMessage);
    let strange = Receipt { status: None, said: "teleported".to_owned(), ..receipt(DeliveryStatus::Sent) };
    assert_eq!(recorded(&world, &strange), ReceiptOutcome::UnknownKind);
    assert_eq!(world.state().store.receipts.len(), 2);
    assert_eq!(delivery(&world), None);
}

/// SNS returns none of our ids: phone and time identify a lost answer if only one attempt fits.
#[test]
fn phone_and_time_settle_an_attempt_that_no_id_names() {
    let sns = |accepted_at| Receipt {
        provider: Provider::Sns,
        about: None,
        to: Some(phone()),
        accepted_at: Some(accepted_at),
        ..receipt(DeliveryStatus::Delivered)
    };
    let scene = |ids: &[&str]| {
        let world = World::new();
        for id in ids {
            let mut conversation = conversation(id, &["text"]);
            let step = &mut conversation.plan.as_mut().unwrap().steps[0];
            step.providers = vec![Provider::Sns];
            step.progress =
                Progress { state: decided(Verdict::HeldUnknownOutcome), attempt: 1, ..Progress::default() };
            world.state().store.put(&conversation, at(0));
        }
        world
    };
    let world = scene(&["sms-1"]);
    assert_eq!(recorded(&world, &sns(at(31))), ReceiptOutcome::UnknownMessage, "another time");
    assert_eq!(recorded(&world, &sns(at(2))), ReceiptOutcome::Settled);
    assert_eq!(verdict(&world), Some(Verdict::Sent));
    assert_eq!(
        recorded(&scene(&["sms-1", "sms-2"]), &sns(at(2))),
        ReceiptOutcome::UnknownMessage,
        "never a guess"
    );
}

#[test]
fn a_retryable_failure_is_tried_again_once_and_inside_the_deadline() {
    let failed = Receipt { retryable: true, ..receipt(DeliveryStatus::Undelivered) };
    let world = world_with(decided(Verdict::Sent));
    assert_eq!(recorded(&world, &failed), ReceiptOutcome::TriedAgain);
    assert_eq!(verdict(&world), None);
    let due = crate::values::clock::to_rfc3339(at(10) + super::RETRY_AFTER);
    assert_eq!(world.state().executions["sms-1.text.r1"], due);
    recorded(&world, &failed);
    assert_eq!(world.state().executions.len(), 1);
    // The second try fails in the same way.
    world.state().now = at(10 + 900);
    assert_eq!(world.run(&about(1).conversation, &step_name()), Some(Verdict::Sent));
    let again = Receipt { about: Some(about(2)), message_id: "SM2".to_owned(), ..failed.clone() };
    assert_eq!(recorded(&world, &again), ReceiptOutcome::Noted);
    assert_eq!(world.state().executions.len(), 1);

    let late = Receipt { at: at(24 * 3600), ..failed };
    let world = world_with(decided(Verdict::Sent));
    assert_eq!(recorded(&world, &late), ReceiptOutcome::Noted);
    assert!(world.state().executions.is_empty());
}

/// No step is ever planned without an execution that visits it afterwards.
#[test]
fn a_text_is_planned_anew_only_when_its_execution_waits() {
    let failed = Receipt { retryable: true, ..receipt(DeliveryStatus::Undelivered) };
    // load, start_again, advance
    for (call, fault) in [(1, Fault::Before), (1, Fault::LostAnswer), (2, Fault::Before)] {
        let world = world_with(decided(Verdict::Sent));
        world.state().faults.script.insert(call, fault);
        assert!(record(&world, &world, &failed, &world).now_or_never().unwrap().is_err());
        assert_eq!(verdict(&world), Some(Verdict::Sent), "{fault:?} at {call}");
        assert_eq!(recorded(&world, &failed), ReceiptOutcome::TriedAgain);
        assert_eq!(verdict(&world), None);
        assert_eq!(world.state().executions.keys().collect::<Vec<_>>(), ["sms-1.text.r1"]);
    }
}

#[test]
fn an_execution_started_before_its_step_is_planned_is_followed_by_the_next() {
    let failed = Receipt { retryable: true, ..receipt(DeliveryStatus::Undelivered) };
    let world = world_with(decided(Verdict::Sent));
    world.state().faults.script.insert(2, Fault::Before);
    assert!(record(&world, &world, &failed, &world).now_or_never().unwrap().is_err());
    // In the last minute before the visit, the step may be planned after it.
    let now = at(10 + 900 - 30);
    world.state().now = now;
    assert_eq!(recorded(&world, &failed), ReceiptOutcome::TriedAgain);
    let due = crate::values::clock::to_rfc3339(now + chrono::TimeDelta::seconds(60));
    let state = world.state();
    assert_eq!(state.executions["sms-1.text.r2"], due);
    assert_eq!(state.executions.len(), 2);
}

#[test]
fn an_opt_out_that_only_a_receipt_reports_is_stored() {
    let world = world_with(decided(Verdict::Sent));
    recorded(&world, &Receipt { opted_out: true, ..receipt(DeliveryStatus::Failed) });
    assert!(world.state().contact().opted_out_at.is_some());
}

/// The receipt arrives before the invocation has recorded the provider's answer.
#[test]
fn a_visit_returns_the_decision_of_a_receipt_that_arrived_before_its_record() {
    let world = World::with(&conversation("sms-1", &["text"]));
    // load, switch, claim, send; then the receipt; then advance.
    world.state().interleaved = true;
    let (id, name) = (about(1).conversation, step_name());
    let mut visit = Box::pin(crate::take_step::visit(&world, &id, &name, "a"));
    while world.state().attempts.is_empty() {
        assert!((&mut visit).now_or_never().is_none());
    }
    world.state().interleaved = false;
    assert_eq!(recorded(&world, &receipt(DeliveryStatus::Sent)), ReceiptOutcome::Settled);
    let visited = visit.now_or_never().unwrap().unwrap();
    assert!(matches!(visited, crate::take_step::VisitOutcome::Decided(Verdict::Sent, _)), "{visited:?}");
    assert_eq!(world.state().delivered, 1);
}

/// The next attempt waits when a receipt shows that the provider took an earlier one, so it is not made.
#[test]
fn an_earlier_attempt_that_the_provider_took_ends_the_wait() {
    let mut conversation = conversation("sms-1", &["text"]);
    let progress = Progress { state: StepState::Planned, attempt: 2, reruns: 1, ..Progress::default() };
    conversation.plan.as_mut().unwrap().steps[0].progress = progress;
    let world = World::with(&conversation);
    assert_eq!(
        recorded(&world, &receipt(DeliveryStatus::Failed)),
        ReceiptOutcome::Noted,
        "the failure is already known"
    );
    assert_eq!(verdict(&world), None);
    let world = World::with(&conversation);
    assert_eq!(recorded(&world, &receipt(DeliveryStatus::Delivered)), ReceiptOutcome::Settled);
    assert_eq!(verdict(&world), Some(Verdict::Sent));
}

#[test]
fn a_receipt_about_an_attempt_that_was_never_made_is_unknown() {
    let world = world_with(decided(Verdict::Sent));
    assert_eq!(recorded(&world, &receipt(DeliveryStatus::Read)), ReceiptOutcome::Noted);
    let other = Receipt { about: Some(about(9)), ..receipt(DeliveryStatus::Failed) };
    assert_eq!(recorded(&world, &other), ReceiptOutcome::UnknownMessage);
    let delivery = stored(&world).step(&step_name()).unwrap().delivery.clone();
    assert_eq!(delivery.unwrap().status, DeliveryStatus::Read);
}

fn any_status() -> impl Strategy<Value = DeliveryStatus> {
    proptest::sample::select(DeliveryStatus::ALL.to_vec())
}

proptest! {
    /// In any order and number of repeats: a status never goes back, a failure is final, only `read` follows
    /// an arrival, and no receipt has a settled text sent again.
    #[test]
    fn receipts_never_regress(statuses in proptest::collection::vec(any_status(), 1..12)) {
        let lost = LostResponse { claim: claimed(0), since: at(10) };
        let world = world_with(StepState::Unknown(lost));
        let mut reached = 0;
        for status in &statuses {
            recorded(&world, &receipt(*status));
            let known = delivery(&world).unwrap();
            prop_assert!(known.rank() >= reached);
            reached = known.rank();
        }
        let best = statuses.iter().map(|status| status.rank()).max().unwrap();
        if statuses.iter().all(|status| !status.is_failure()) {
            prop_assert_eq!(reached, best);
        }
        prop_assert_eq!(verdict(&world), Some(Verdict::Sent));
        prop_assert!(world.state().attempts.is_empty());
    }
}
