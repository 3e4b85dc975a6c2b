use super::*;
use crate::testing::memory::{FAULTS, Fault, World, at, conversation};
use crate::values::verdict::Verdict;

fn booking() -> Conversation {
    conversation("calendly-1", &["confirmation", "follow_up", "reminder"])
}

fn started(world: &World) -> usize {
    world.state().executions.len()
}

#[test]
fn an_event_is_stored_started_and_marked() {
    let world = World::new();
    assert_eq!(world.deliver(&booking()), Some(Ok(EventOutcome::New { due: at(0) })));
    assert_eq!(world.state().calls, ["accept", "start", "start", "start", "mark_started"]);
    assert_eq!(world.deliver(&booking()), Some(Ok(EventOutcome::Duplicate { due: at(0) })));
    assert_eq!(world.state().calls.len(), 6, "a duplicate of what runs costs one call");
}

#[test]
fn other_content_under_the_same_id_is_rejected_and_changes_nothing() {
    let world = World::new();
    world.deliver(&booking());
    let before = world.state().store.conversations.clone();
    let mut other = booking();
    other.plan.as_mut().unwrap().content_hash = "other".to_owned();
    assert_eq!(world.deliver(&other), Some(Ok(EventOutcome::KeyReused)));
    assert_eq!(world.state().store.conversations, before);
}

#[test]
fn a_duplicate_starts_with_the_stored_due_time() {
    let world = World::new();
    world.state().faults.script.insert(1, Fault::Before);
    assert!(world.deliver(&booking()).unwrap().is_err());
    world.pass(100);
    let mut later = booking();
    for step in &mut later.plan.as_mut().unwrap().steps {
        step.due = at(100);
    }
    assert_eq!(world.deliver(&later), Some(Ok(EventOutcome::Duplicate { due: at(0) })));
    let state = world.state();
    assert_eq!(state.executions.len(), 3);
    assert!(state.executions.values().all(|due| *due == crate::values::clock::to_rfc3339(at(0))));
}

/// Each pair of faults at any two port calls: the answer is a success only after everything is stored and
/// started, and the next delivery without a fault finishes the rest.
#[test]
fn after_any_fault_a_repeat_finishes_the_acceptance() {
    let event = booking();
    for first in 0..6 {
        for second in first + 1..9 {
            for (a, b) in FAULTS.iter().flat_map(|a| FAULTS.iter().map(move |b| (*a, *b))) {
                let world = World::new();
                world.state().faults.script.extend([(first, a), (second, b)]);
                let mut new = 0;
                for _ in 0..4 {
                    let answer = world.deliver(&event);
                    if let Some(Ok(accepted)) = &answer {
                        assert_eq!(started(&world), 3, "{first} {a:?}, {second} {b:?}: {answer:?}");
                        assert!(world.state().store.conversations[&event.id].life.started_at.is_some());
                        new += usize::from(matches!(accepted, EventOutcome::New { .. }));
                    }
                }
                assert!(new <= 1, "{first} {a:?}, {second} {b:?}");
                world.state().faults.script.clear();
                assert!(matches!(world.deliver(&event), Some(Ok(EventOutcome::Duplicate { .. }))));
                for step in &event.plan.as_ref().unwrap().steps {
                    assert_eq!(world.run(&event.id, &step.name), Some(Verdict::Sent));
                }
                assert_eq!(world.state().delivered, 3);
            }
        }
    }
}
