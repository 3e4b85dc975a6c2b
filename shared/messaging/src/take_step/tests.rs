use proptest::prelude::*;

use super::*;
use crate::conversation::Conversation;
use crate::conversation::step::{Claim, NotSentReason, Refusal, SendOutcome, StepState, Switch};
use crate::testing::memory::{FAULTS, Fault, ScheduledEvent, World, at, conversation};
use crate::text::template::MessageText;
use crate::text::whatsapp_template::{ContentSid, WhatsappTemplate};
use crate::values::channel::Channel;
use crate::values::provider::Provider;
use crate::values::verdict::{Because, Verdict};

fn text() -> Conversation {
    conversation("sms-1", &["text"])
}

fn step() -> StepName {
    StepName::new("text").unwrap()
}

fn run(world: &World) -> Option<Verdict> {
    world.run(&text().id, &step())
}

/// Checks the invariants that hold after any fault.
fn check(world: &World, verdict: Option<Verdict>, what: &str) {
    let state = world.state();
    assert!(state.delivered <= 1, "{what}: delivered {} times ({:?})", state.delivered, state.calls);
    let mut attempts = state.attempts.clone();
    attempts.dedup();
    assert_eq!(attempts, state.attempts, "{what}: two calls under one claim ({:?})", state.calls);
    let verdict = verdict.unwrap_or_else(|| panic!("{what}: no verdict ({:?})", state.calls));
    match verdict {
        Verdict::Sent => assert_eq!(state.delivered, 1, "{what}"),
        Verdict::HeldUnknownOutcome => {}
        other => assert_eq!(state.delivered, 0, "{what}: {other}"),
    }
}

#[test]
fn a_normal_visit_loads_claims_sends_and_records() {
    let world = World::with(&text());
    assert_eq!(run(&world), Some(Verdict::Sent));
    assert_eq!(world.state().calls, ["load", "switch", "claim", "send", "advance"]);
    let again = world.visit(&text().id, &step(), "later").unwrap().unwrap();
    assert!(matches!(again, VisitOutcome::Decided(Verdict::Sent, _)));
    assert_eq!(world.state().calls.len(), 6, "a decided step is only read");
}

#[test]
fn a_missing_conversation_or_step_is_a_missing_target() {
    let world = World::with(&text());
    let other = ConversationId::new("sms-2").unwrap();
    let visit = |id, name: &str| world.visit(id, &StepName::new(name).unwrap(), "a").unwrap().unwrap();
    assert_eq!(visit(&other, "text"), VisitOutcome::MissingTarget(MissingTarget::ConversationNotFound));
    assert_eq!(visit(&text().id, "nothing"), VisitOutcome::MissingTarget(MissingTarget::StepNotFound));
}

#[test]
fn an_opt_out_is_decided_even_while_sending_is_paused() {
    for switch in [Switch::Paused, Switch::Unreadable] {
        let world = World::with(&text());
        world.state().switch = switch;
        world.state().contact().opted_out_at = Some(at(-1));
        assert_eq!(run(&world), Some(Verdict::SkippedOptedOut), "{switch:?}");
    }
}

#[test]
fn shadow_mode_decides_and_sends_nothing() {
    let world = World::with(&text());
    world.state().switch = Switch::Shadow;
    assert_eq!(run(&world), Some(Verdict::Shadowed));
    assert!(world.state().attempts.is_empty());
}

#[test]
fn shadow_mode_keeps_the_checks_of_a_claim() {
    let world = World::with(&text());
    world.state().switch = Switch::Shadow;
    world.state().schedule_event(2, ScheduledEvent::OptedOut);
    assert_eq!(run(&world), Some(Verdict::SkippedOptedOut));
}

#[test]
fn the_claim_of_another_invocation_is_awaited_and_then_unknown() {
    let mut conversation = text();
    let claim = Claim { id: "other".to_owned(), at: at(0) };
    conversation.plan.as_mut().unwrap().steps[0].progress =
        Progress { state: StepState::Claimed(claim), attempt: 1, ..Progress::default() };
    let world = World::with(&conversation);
    world.pass(59);
    let visit = |invocation: &str| world.visit(&text().id, &step(), invocation).unwrap();
    assert_eq!(visit("a"), Err(Transient::ClaimedElsewhere));
    world.pass(1);
    assert!(matches!(visit("b"), Ok(VisitOutcome::Wait(until, _)) if until == at(60 + 120)));
    assert_eq!(run(&world), Some(Verdict::HeldUnknownOutcome));
    assert!(world.state().attempts.is_empty());
}

#[test]
fn a_rejection_because_of_an_opt_out_is_stored_with_the_contact() {
    let world = World::with(&text());
    let because = Because::fact("code", 21610);
    world.state().outcomes.push_back(SendOutcome::Rejected { refusal: Refusal::OptedOut, because });
    assert_eq!(run(&world), Some(Verdict::SkippedOptedOut));
    assert!(world.state().contact().opted_out_at.is_some());
}

/// Every fault at every port call of a visit, and every pair of faults at two of them.
#[test]
fn no_fault_makes_a_text_leave_twice() {
    for first in 0..8 {
        for second in first..14 {
            for (a, b) in FAULTS.iter().flat_map(|a| FAULTS.iter().map(move |b| (*a, *b))) {
                let world = World::with(&text());
                world.state().faults.script.extend([(first, a), (second, b)]);
                let verdict = run(&world);
                check(&world, verdict, &format!("{first} {a:?}, {second} {b:?}"));
            }
        }
    }
}

/// The store stays unavailable after the provider has taken the text. The visit must not start over under
/// the claim that it has used.
#[test]
fn a_provider_whose_answer_cannot_be_recorded_is_not_called_again() {
    for outage in 1..12 {
        for fault in [Fault::Before, Fault::LostAnswer] {
            let world = World::with(&text());
            world.state().faults.script.extend((4..4 + outage).map(|call| (call, fault)));
            let verdict = run(&world);
            check(&world, verdict, &format!("{outage} times {fault:?}"));
        }
    }
}

/// Each stop before each port call: no text leaves that was stopped before its claim.
#[test]
fn no_step_is_claimed_after_a_stop_is_stored() {
    for (event, verdict) in [
        (ScheduledEvent::Cancelled, Verdict::SkippedCancelled),
        (ScheduledEvent::Superseded, Verdict::SkippedSuperseded),
        (ScheduledEvent::OptedOut, Verdict::SkippedOptedOut),
        (ScheduledEvent::Replied, Verdict::SkippedCustomerReplied),
    ] {
        for call in 0..6 {
            let mut conversation = text();
            conversation.plan.as_mut().unwrap().steps[0].unless_replied = true;
            let world = World::with(&conversation);
            world.state().schedule_event(call, event);
            let expected = if call <= 2 { verdict } else { Verdict::Sent };
            assert_eq!(run(&world), Some(expected), "{event:?} before call {call}");
            assert_eq!(world.state().delivered, usize::from(call > 2));
        }
    }
}

fn any_fault() -> impl Strategy<Value = Fault> {
    proptest::sample::select(FAULTS.to_vec())
}

fn any_event() -> impl Strategy<Value = ScheduledEvent> {
    use ScheduledEvent::{Cancelled, OptedOut, Replied, Superseded};
    proptest::sample::select(vec![Cancelled, OptedOut, Replied, Superseded])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_sequence_of_faults_ends_in_a_verdict_and_at_most_one_text(
        faults in proptest::collection::btree_map(0..40_usize, any_fault(), 0..12),
        scheduled_events in proptest::collection::btree_map(0..40_usize, any_event(), 0..2),
        turned_away in 0..4_usize,
    ) {
        let world = World::with(&text());
        {
            let mut state = world.state();
            state.faults.script = faults;
            state.scheduled_events = scheduled_events;
            let not_sent = SendOutcome::not_sent(NotSentReason::TurnedAway, Because::default());
            state.outcomes.extend((0..turned_away).map(|_| not_sent.clone()));
        }
        let verdict = run(&world);
        check(&world, verdict, "random faults");
    }
}

/// A conversation whose text goes by these providers, in this order.
fn carried_by(providers: &[Provider]) -> World {
    let mut conversation = text();
    conversation.plan.as_mut().unwrap().steps[0].providers = providers.to_vec();
    World::with(&conversation)
}

fn rejected(refusal: Refusal) -> SendOutcome {
    SendOutcome::Rejected { refusal, because: Because::fact("code", 1).explained("Refused.") }
}

fn turned_away() -> SendOutcome {
    SendOutcome::not_sent(NotSentReason::TurnedAway, Because::default())
}

const BOTH: [Provider; 2] = [Provider::Twilio, Provider::Sns];

#[test]
fn the_next_provider_is_tried_after_not_sent_and_after_a_rejection_on_the_providers_side() {
    for first in [turned_away(), rejected(Refusal::Provider)] {
        let world = carried_by(&BOTH);
        world.state().outcomes.push_back(first);
        let visit = world.visit(&text().id, &step(), "a").unwrap().unwrap();
        assert!(matches!(visit, VisitOutcome::Decided(Verdict::Sent, _)), "{visit:?}");
        assert_eq!(world.state().called_providers, BOTH);
        assert_eq!(world.state().attempts, [1, 2], "each under a claim of its own");
    }
}

#[test]
fn the_next_provider_is_never_tried_after_a_lost_answer_or_a_rejection_of_the_text() {
    let unknown = SendOutcome::Unknown { because: Because::default() };
    for (first, verdict) in [
        (unknown, Verdict::HeldUnknownOutcome),
        (rejected(Refusal::Text), Verdict::RejectedByProvider),
        (rejected(Refusal::OptedOut), Verdict::SkippedOptedOut),
    ] {
        let world = carried_by(&BOTH);
        world.state().outcomes.push_back(first);
        assert_eq!(run(&world), Some(verdict));
        assert_eq!(world.state().called_providers, [Provider::Twilio]);
    }
}

#[test]
fn after_the_last_provider_the_text_is_postponed_or_rejected() {
    let world = carried_by(&BOTH);
    world.state().outcomes.extend([turned_away(), rejected(Refusal::Provider)]);
    let visit = world.visit(&text().id, &step(), "a").unwrap().unwrap();
    assert!(
        matches!(visit, VisitOutcome::Wait(until, _) if until == at(60)),
        "the first may take it later: {visit:?}"
    );
    assert_eq!(run(&world), Some(Verdict::Sent));
    assert_eq!(world.state().called_providers, [Provider::Twilio, Provider::Sns, Provider::Twilio]);

    let world = carried_by(&BOTH);
    world.state().outcomes.extend([rejected(Refusal::Provider), rejected(Refusal::Provider)]);
    let Ok(VisitOutcome::Decided(verdict, because)) = world.visit(&text().id, &step(), "a").unwrap() else {
        panic!("decided")
    };
    assert_eq!(verdict, Verdict::RejectedByProvider);
    assert_eq!(because.get("asked_before").unwrap().as_array().unwrap().len(), 1);
}

#[test]
fn a_stop_between_two_providers_is_respected() {
    // load, switch, claim, send, advance; then the next round.
    for (event, verdict) in [
        (ScheduledEvent::Cancelled, Verdict::SkippedCancelled),
        (ScheduledEvent::OptedOut, Verdict::SkippedOptedOut),
    ] {
        let world = carried_by(&BOTH);
        world.state().outcomes.push_back(turned_away());
        world.state().schedule_event(5, event);
        assert_eq!(run(&world), Some(verdict));
        assert_eq!(world.state().called_providers, [Provider::Twilio]);
    }
}

/// Every fault at every call, with a second provider behind the first.
#[test]
fn no_fault_between_two_providers_makes_a_text_leave_twice() {
    for call in 0..16 {
        for second in call..16 {
            for (a, b) in FAULTS.iter().flat_map(|a| FAULTS.iter().map(move |b| (*a, *b))) {
                let world = carried_by(&BOTH);
                world.state().outcomes.push_back(turned_away());
                world.state().faults.script.extend([(call, a), (second, b)]);
                let verdict = run(&world);
                let what = format!("{call} {a:?}, {second} {b:?}");
                let state = world.state();
                assert!(state.delivered <= 1, "{what}: delivered {} times", state.delivered);
                let mut attempts = state.attempts.clone();
                attempts.dedup();
                assert_eq!(attempts, state.attempts, "{what}: two calls under one claim");
                assert!(verdict.is_some(), "{what}: no verdict ({:?})", state.calls);
            }
        }
    }
}

#[test]
fn whatsapp_takes_free_words_for_24_hours_after_the_customers_last_message() {
    let scene = |last: Option<i64>, template: bool, words: &str| {
        let mut conversation = text();
        let step = &mut conversation.plan.as_mut().unwrap().steps[0];
        step.channel = Channel::Whatsapp;
        step.text = MessageText::new(words);
        step.content = template.then(|| WhatsappTemplate {
            sid: ContentSid::try_from(format!("HX{}", "0".repeat(32))).unwrap(),
            variables: std::collections::BTreeMap::new(),
        });
        let world = World::with(&conversation);
        world.state().contact().last_whatsapp = last.map(at);
        world
    };
    let day = 24 * 3600;
    for (last, template, words, verdict) in [
        (Some(-day + 1), false, "free", Verdict::Sent),
        (Some(-day - 1), false, "free", Verdict::RejectedByProvider),
        (None, false, "free", Verdict::RejectedByProvider),
        (None, true, "", Verdict::Sent),
        (None, true, "free", Verdict::Sent),
        (Some(-1), true, "free", Verdict::Sent),
    ] {
        let world = scene(last, template, words);
        assert_eq!(run(&world), Some(verdict), "{last:?} {template} {words}");
        let by_template = world.state().template_calls.first().copied();
        let expected = (verdict == Verdict::Sent).then_some(template && (words.is_empty() || last.is_none()));
        assert_eq!(by_template, expected, "{last:?} {template} {words}");
    }
}
