use futures_util::FutureExt;

use super::*;
use crate::accept::EventOutcome;
use crate::conversation::Conversation;
use crate::conversation::step::{Claim, Progress, StepState};
use crate::ports::QuarantinedEvent;
use crate::take_step::VisitOutcome;
use crate::testing::memory::{FAULTS, Fault, World, at, conversation, phone};
use crate::text::template::PersonName;
use crate::values::ids::{SourceName, StepName};
use crate::values::verdict::Verdict;

const ID: &str = "sms-1";

fn event() -> Conversation {
    let mut event = conversation(ID, &["text", "follow_up"]);
    event.plan.as_mut().unwrap().name = Some(PersonName::new("Zoe"));
    event
}

fn text() -> StepName {
    StepName::new("text").unwrap()
}

/// Returns a world with an accepted event and its body in quarantine.
fn world() -> World {
    let world = World::new();
    world.deliver(&event());
    let body = format!(r#"{{"phone":"{}"}}"#, phone().as_e164()).into_bytes();
    let quarantined = QuarantinedEvent {
        id: "calendly-0".to_owned(),
        source: SourceName::fixed("calendly"),
        reason: "differs".to_owned(),
        details: vec!["/payload".to_owned()],
        received_at: at(0),
        body,
    };
    world.state().store.quarantine.insert(quarantined.id.clone(), quarantined);
    world
}

/// Forgets the person. Returns `None` if the invocation died.
fn forgets(world: &World) -> Option<Result<ForgetReport, Unavailable>> {
    forget(world, &phone(), world).now_or_never()
}

fn assert_forgotten(world: &World) {
    let state = world.state();
    for conversation in state.store.conversations.values() {
        let plan = conversation.plan.as_ref().unwrap();
        assert_eq!((&plan.contact, &plan.name, plan.content_hash.as_str()), (&None, &None, ""));
        assert!(plan.steps.iter().all(|step| step.text.expose().is_empty()));
        assert!(conversation.is_erased());
    }
    assert!(state.store.quarantine.values().all(|event| event.body.is_empty() && event.details.is_empty()));
}

#[test]
fn waiting_steps_of_a_forgotten_person_end_without_a_text_and_with_a_reason() {
    let world = world();
    let forgotten = forgets(&world).unwrap().unwrap();
    assert_eq!((forgotten.conversations, forgotten.quarantined, forgotten.opted_out), (1, 1, false));
    assert_forgotten(&world);
    let Some(Ok(VisitOutcome::Decided(verdict, because))) = world.visit(&event().id, &text(), "a") else {
        panic!("not decided")
    };
    assert_eq!(verdict, Verdict::SkippedCancelled);
    assert!(because.get("erased_at").is_some_and(serde_json::Value::is_string));
    let state = world.state();
    assert_eq!((state.delivered, state.attempts.len()), (0, 0));
    assert!(state.store.contacts.is_empty());
}

#[test]
fn a_repeat_for_a_forgotten_person_is_a_duplicate_whatever_its_content() {
    let world = world();
    forgets(&world);
    let before = world.state().store.conversations.clone();
    let mut other = event();
    other.plan.as_mut().unwrap().content_hash = "other".to_owned();
    for repeat in [event(), other] {
        assert_eq!(world.deliver(&repeat), Some(Ok(EventOutcome::Duplicate { due: at(0) })));
    }
    assert_eq!(world.state().store.conversations, before);
}

#[test]
fn an_opt_out_stays_in_force_after_the_person_is_forgotten() {
    let world = world();
    world.state().contact().opted_out_at = Some(at(0));
    assert!(forgets(&world).unwrap().unwrap().opted_out);
    let next = conversation("sms-2", &["text"]);
    world.deliver(&next);
    assert_eq!(world.run(&next.id, &text()), Some(Verdict::SkippedOptedOut));
    assert_eq!(world.state().delivered, 0);
}

#[test]
fn a_claimed_step_of_a_person_erased_concurrently_calls_no_provider() {
    let mut claimed = event();
    let state = StepState::Claimed(Claim { id: "a".to_owned(), at: at(0) });
    claimed.plan.as_mut().unwrap().steps[0].progress = Progress { state, attempt: 1, ..Progress::default() };
    let world = World::with(&claimed);
    assert_eq!(forgets(&world).unwrap().unwrap().sending, [claimed.id.clone()]);
    assert!(matches!(world.visit(&claimed.id, &text(), "a"), Some(Ok(VisitOutcome::Wait(..)))));
    assert_eq!(world.run(&claimed.id, &text()), Some(Verdict::SkippedCancelled));
    assert!(world.state().attempts.is_empty());
}

/// Each pair of faults at any two calls: forgetting once more finishes.
#[test]
fn after_any_fault_a_second_run_finishes_forgetting() {
    for first in 0..6 {
        for second in first + 1..12 {
            for (a, b) in FAULTS.iter().flat_map(|a| FAULTS.iter().map(move |b| (*a, *b))) {
                let world = world();
                world.state().contact().opted_out_at = Some(at(0));
                let begun = world.state().calls.len();
                world.state().faults.script.extend([(begun + first, a), (begun + second, b)]);
                let done = (0..4).any(|_| matches!(forgets(&world), Some(Ok(_))));
                assert!(done, "{a:?} at {first}, {b:?} at {second}");
                assert_forgotten(&world);
                assert!(world.state().contact().opted_out_at.is_some());
                world.state().faults.script.clear();
                assert_eq!(world.run(&event().id, &text()), Some(Verdict::SkippedCancelled));
            }
        }
    }
}

#[test]
fn a_contact_that_changes_concurrently_is_read_again() {
    let world = world();
    // After the traces are read, before the contact is erased.
    let call = world.state().calls.len() + 2;
    world.state().schedule_event(call, crate::testing::memory::ScheduledEvent::OptedOut);
    assert!(forgets(&world).unwrap().unwrap().opted_out);
    assert!(world.state().contact().opted_out_at.is_some());
    let down = World::new();
    down.state().faults.generator = Some(Box::new(|_| Some(Fault::Before)));
    assert!(forgets(&down).unwrap().is_err());
}
