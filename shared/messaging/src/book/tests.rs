//! Every order and repetition of what a booking system reports about chains of bookings.

use std::collections::BTreeMap;

use futures_util::FutureExt;

use super::*;
use crate::testing::memory::{FAULTS, World, conversation};
use crate::values::clock::Clock;
use crate::values::ids::{StepName, execution_name};
use crate::values::verdict::Verdict;

/// One report of a booking system about the booking `n` of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Report {
    /// It was made; in place of the one before it, unless it is the first.
    Created(usize),
    /// It was moved to the next one.
    Moved(usize),
    /// It was cancelled.
    Cancelled(usize),
}

const STEPS: [&str; 3] = ["confirmation", "follow_up", "reminder"];

fn id(n: usize) -> ConversationId {
    ConversationId::new(format!("calendly-{n}")).unwrap()
}

fn deliver(world: &World, report: Report) -> Option<Result<BookingOutcome, Unavailable>> {
    let now = Clock::now(world);
    match report {
        Report::Created(n) => {
            let predecessor = (n > 0).then(|| id(n - 1));
            let made = conversation(id(n).as_str(), &STEPS);
            book(world, world, &made, predecessor.as_ref(), now).now_or_never()
        }
        Report::Moved(n) => {
            let ending = BookingEnd::Rescheduled { by: Some(id(n + 1)) };
            end_booking(world, &id(n), &ending, false, now).now_or_never()
        }
        Report::Cancelled(n) => end_booking(world, &id(n), &BookingEnd::Cancelled, false, now).now_or_never(),
    }
}

/// What the contract answers to the first delivery of a report, given what came before it.
fn expected(report: Report, before: &[Report]) -> BookingOutcome {
    let superseded = |n| before.contains(&Report::Moved(n)) || before.contains(&Report::Created(n + 1));
    match report {
        Report::Moved(_) => BookingOutcome::Rescheduled,
        Report::Created(n) if n > 0 || superseded(n) => BookingOutcome::Rescheduled,
        Report::Cancelled(n) if superseded(n) => BookingOutcome::Rescheduled,
        Report::Cancelled(_) => BookingOutcome::Cancelled,
        Report::Created(n) if before.contains(&Report::Cancelled(n)) => BookingOutcome::Cancelled,
        Report::Created(_) => BookingOutcome::Accepted,
    }
}

/// Lets every execution that was started come to its end; the verdicts of all steps.
fn ends(world: &World, bookings: usize) -> BTreeMap<String, Verdict> {
    let mut ends = BTreeMap::new();
    for n in 0..bookings {
        for step in STEPS {
            let step = StepName::new(step).unwrap();
            let name = execution_name(&id(n), &step);
            if world.state().executions.contains_key(&name) {
                world.run(&id(n), &step);
            }
            let stored = world.state().store.conversations.get(&id(n)).cloned().unwrap();
            ends.insert(name, stored.step(&step).unwrap().progress.verdict().unwrap());
        }
    }
    ends
}

/// Who took each booking's place, and whether it was cancelled.
fn fates(world: &World, bookings: usize) -> Vec<(Option<ConversationId>, bool)> {
    let state = world.state();
    let fate = |n| {
        let life = &state.store.conversations[&id(n)].life;
        (life.superseded.as_ref().and_then(|superseded| superseded.by.clone()), life.cancelled_at.is_some())
    };
    (0..bookings).map(fate).collect()
}

fn permutations(of: &[Report]) -> Vec<Vec<Report>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for place in 0..of.len() {
        let mut rest = of.to_vec();
        let first = rest.remove(place);
        all.extend(permutations(&rest).into_iter().map(|tail| [vec![first], tail].concat()));
    }
    all
}

/// Delivers the reports in every order, each once and then all once more.
fn in_every_order(reports: &[Report], bookings: usize, last: Verdict) {
    let last_cancelled = last == Verdict::SkippedCancelled;
    for order in permutations(reports) {
        let world = World::new();
        for (place, report) in order.iter().enumerate() {
            let answer = deliver(&world, *report).unwrap().unwrap();
            assert_eq!(answer, expected(*report, &order[..place]), "{report:?} in {order:?}");
        }
        for report in &order {
            let answer = deliver(&world, *report).unwrap().unwrap();
            assert_eq!(answer, BookingOutcome::Duplicate { differs: false }, "again {report:?} in {order:?}");
        }
        for n in 0..bookings {
            let successor = (n + 1 < bookings).then(|| id(n + 1));
            let fate = (successor, n + 1 == bookings && last_cancelled);
            assert_eq!(fates(&world, bookings)[n], fate, "booking {n} in {order:?}");
        }
        for (name, verdict) in ends(&world, bookings) {
            let is_last = name.starts_with(id(bookings - 1).as_str());
            let expected = if is_last { last } else { Verdict::SkippedSuperseded };
            assert_eq!(verdict, expected, "{name} in {order:?}");
        }
        let texts = if last == Verdict::Sent { STEPS.len() } else { 0 };
        assert_eq!(world.state().delivered, texts, "{order:?}");
    }
}

#[test]
fn a_booking_alone_ends_the_same_in_every_order() {
    in_every_order(&[Report::Created(0)], 1, Verdict::Sent);
    in_every_order(&[Report::Created(0), Report::Cancelled(0)], 1, Verdict::SkippedCancelled);
}

#[test]
fn a_chain_of_two_ends_the_same_in_every_order() {
    let moved = [Report::Created(0), Report::Moved(0), Report::Created(1)];
    in_every_order(&moved, 2, Verdict::Sent);
    in_every_order(&[&moved[..], &[Report::Cancelled(1)]].concat(), 2, Verdict::SkippedCancelled);
}

#[test]
fn a_chain_of_three_ends_the_same_in_every_order() {
    let moved =
        [Report::Created(0), Report::Moved(0), Report::Created(1), Report::Moved(1), Report::Created(2)];
    in_every_order(&moved, 3, Verdict::Sent);
    in_every_order(&[&moved[..], &[Report::Cancelled(2)]].concat(), 3, Verdict::SkippedCancelled);
}

/// The end of the old booking may never be reported: the new one says enough.
#[test]
fn a_chain_settles_without_the_reports_of_its_ends() {
    in_every_order(&[Report::Created(0), Report::Created(1), Report::Created(2)], 3, Verdict::Sent);
}

/// Executions run between the reports: what is stored before a claim stops it, whatever comes later.
#[test]
fn no_text_of_a_booking_is_claimed_after_its_end_is_stored() {
    let reports = [Report::Created(0), Report::Moved(0), Report::Created(1), Report::Cancelled(1)];
    for order in permutations(&reports) {
        for run_after in 0..order.len() {
            let world = World::new();
            let mut ended_unsent = Vec::new();
            for (place, report) in order.iter().enumerate() {
                deliver(&world, *report).unwrap().unwrap();
                if place == run_after {
                    let started: Vec<String> = world.state().executions.keys().cloned().collect();
                    for name in started {
                        let (conversation, step) = name.split_once('.').unwrap();
                        let conversation = ConversationId::new(conversation).unwrap();
                        let life = world.state().store.conversations[&conversation].life.clone();
                        let sent = world.run(&conversation, &StepName::new(step).unwrap());
                        if life.superseded.is_some() || life.cancelled_at.is_some() {
                            ended_unsent.push((name, sent));
                        }
                    }
                }
            }
            for (name, verdict) in ended_unsent {
                assert_ne!(verdict, Some(Verdict::Sent), "{name} in {order:?}, run after {run_after}");
            }
        }
    }
}

#[test]
fn a_fault_anywhere_is_mended_by_the_next_delivery() {
    let reports = [Report::Created(0), Report::Created(1)];
    for place in 0..12 {
        for fault in FAULTS {
            let world = World::new();
            world.state().faults.script.insert(place, fault);
            for report in reports {
                // Delivered until it is answered, as booking systems do.
                let answered = (0..3).any(|_| matches!(deliver(&world, report), Some(Ok(_))));
                assert!(answered, "{fault:?} at {place}");
            }
            world.state().faults.script.clear();
            assert_eq!(fates(&world, 2), [(Some(id(1)), false), (None, false)], "{fault:?} at {place}");
            for (name, verdict) in ends(&world, 2) {
                let expected =
                    if name.starts_with("calendly-0") { Verdict::SkippedSuperseded } else { Verdict::Sent };
                assert_eq!(verdict, expected, "{name}: {fault:?} at {place}");
            }
            assert_eq!(world.state().delivered, STEPS.len(), "{fault:?} at {place}");
        }
    }
}

#[test]
fn a_fault_while_burying_is_mended_by_the_next_delivery() {
    for place in 0..4 {
        for fault in FAULTS {
            let world = World::new();
            deliver(&world, Report::Cancelled(0)).unwrap().unwrap();
            let calls = world.state().calls.len();
            world.state().faults.script.insert(calls + place, fault);
            assert!((0..3).any(|_| matches!(deliver(&world, Report::Created(0)), Some(Ok(_)))));
            world.state().faults.script.clear();
            assert!(ends(&world, 1).values().all(|verdict| *verdict == Verdict::SkippedCancelled));
            assert!(world.state().executions.is_empty(), "nothing starts");
        }
    }
}

#[test]
fn a_repeat_with_other_content_is_a_duplicate_that_says_so() {
    let world = World::new();
    deliver(&world, Report::Created(0)).unwrap().unwrap();
    let mut other = conversation(id(0).as_str(), &STEPS);
    other.plan.as_mut().unwrap().content_hash = "other".to_owned();
    let answer = book(&world, &world, &other, None, Clock::now(&world)).now_or_never();
    assert_eq!(answer, Some(Ok(BookingOutcome::Duplicate { differs: true })));
}
