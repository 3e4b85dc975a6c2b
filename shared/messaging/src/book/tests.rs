//! Reports about chains of bookings, in every order and repeated.

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
    /// It was made and replaces the one before it, unless it is the first.
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

/// Returns the expected answer to the first delivery of a report after the reports in `before`.
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

/// Runs every started execution to its end and returns the verdicts of all steps.
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

/// Returns the replacement of each booking, and whether the booking was cancelled.
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
    for index in 0..of.len() {
        let mut rest = of.to_vec();
        let first = rest.remove(index);
        all.extend(permutations(&rest).into_iter().map(|tail| [vec![first], tail].concat()));
    }
    all
}

/// Delivers the reports in every order, each once and then all again.
fn in_every_order(reports: &[Report], bookings: usize, last: Verdict) {
    let last_cancelled = last == Verdict::SkippedCancelled;
    for order in permutations(reports) {
        let world = World::new();
        for (index, report) in order.iter().enumerate() {
            let answer = deliver(&world, *report).unwrap().unwrap();
            assert_eq!(answer, expected(*report, &order[..index]), "{report:?} in {order:?}");
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
fn a_single_booking_ends_the_same_in_every_order() {
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

/// The end of the old booking may never be reported, because the new booking names it.
#[test]
fn a_chain_settles_without_reports_about_the_ends_of_its_bookings() {
    in_every_order(&[Report::Created(0), Report::Created(1), Report::Created(2)], 3, Verdict::Sent);
}

/// Executions run between the reports: an end that is stored before a claim prevents it.
#[test]
fn no_text_of_a_booking_is_claimed_after_its_end_is_stored() {
    let reports = [Report::Created(0), Report::Moved(0), Report::Created(1), Report::Cancelled(1)];
    for order in permutations(&reports) {
        for run_after in 0..order.len() {
            let world = World::new();
            let mut ended_unsent = Vec::new();
            for (index, report) in order.iter().enumerate() {
                deliver(&world, *report).unwrap().unwrap();
                if index == run_after {
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
fn the_next_delivery_repairs_a_fault_at_any_call() {
    let reports = [Report::Created(0), Report::Created(1)];
    for call in 0..12 {
        for fault in FAULTS {
            let world = World::new();
            world.state().faults.script.insert(call, fault);
            for report in reports {
                // Booking systems deliver a report until it is answered.
                let answered = (0..3).any(|_| matches!(deliver(&world, report), Some(Ok(_))));
                assert!(answered, "{fault:?} at {call}");
            }
            world.state().faults.script.clear();
            assert_eq!(fates(&world, 2), [(Some(id(1)), false), (None, false)], "{fault:?} at {call}");
            for (name, verdict) in ends(&world, 2) {
                let expected =
                    if name.starts_with("calendly-0") { Verdict::SkippedSuperseded } else { Verdict::Sent };
                assert_eq!(verdict, expected, "{name}: {fault:?} at {call}");
            }
            assert_eq!(world.state().delivered, STEPS.len(), "{fault:?} at {call}");
        }
    }
}

#[test]
fn the_next_delivery_repairs_a_fault_while_a_tombstone_gets_its_plan() {
    for call in 0..4 {
        for fault in FAULTS {
            let world = World::new();
            deliver(&world, Report::Cancelled(0)).unwrap().unwrap();
            let calls = world.state().calls.len();
            world.state().faults.script.insert(calls + call, fault);
            assert!((0..3).any(|_| matches!(deliver(&world, Report::Created(0)), Some(Ok(_)))));
            world.state().faults.script.clear();
            assert!(ends(&world, 1).values().all(|verdict| *verdict == Verdict::SkippedCancelled));
            assert!(world.state().executions.is_empty(), "nothing starts");
        }
    }
}

#[test]
fn a_repeat_with_other_content_is_a_duplicate_that_differs() {
    let world = World::new();
    deliver(&world, Report::Created(0)).unwrap().unwrap();
    let mut other = conversation(id(0).as_str(), &STEPS);
    other.plan.as_mut().unwrap().content_hash = "other".to_owned();
    let answer = book(&world, &world, &other, None, Clock::now(&world)).now_or_never();
    assert_eq!(answer, Some(Ok(BookingOutcome::Duplicate { differs: true })));
}
