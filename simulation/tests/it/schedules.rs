//! The shipped code keeps every invariant.

use chrono::TimeDelta;
use simulation::Scenario;
use simulation::explore::{history, random, seeded, single_faults};
use simulation::simulator::Simulator;

#[test]
fn seeded_schedules_keep_every_invariant() {
    let summary = random(&Simulator::new(), 1..=600).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(summary.schedules, 600);
    for verdict in [
        "Sent",
        "HeldUnknownOutcome",
        "SkippedCustomerReplied",
        "SkippedOptedOut",
        "SkippedSuperseded",
        "BlockedBudget",
    ] {
        assert!(summary.ends.contains_key(verdict), "no schedule ended as {verdict}: {summary}");
    }
    assert!(summary.faults.values().all(|count| *count > 0) && summary.faults.len() == 8, "{summary}");
}

#[test]
fn every_single_fault_of_the_main_journeys_keeps_every_invariant() {
    let simulator = Simulator::new();
    for (name, scenario) in Scenario::main_journeys() {
        let summary =
            single_faults(&simulator, name, &scenario).unwrap_or_else(|failure| panic!("{failure}"));
        assert!(summary.schedules > 80, "{name}: {summary}");
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    for seed in 1..40 {
        let schedule = seeded(seed);
        let play = || history(&Simulator::new().play(&schedule));
        assert_eq!(play(), play(), "seed {seed}");
    }
}

#[test]
fn seeded_schedules_send_advertising_hold_it_overnight_and_stop_it_without_consent() {
    let simulator = Simulator::new();
    let (mut sent, mut held_overnight, mut stopped) = (0, 0, 0);
    for seed in 1..=400 {
        let run = simulator.play(&seeded(seed));
        for machine in run.machines.iter().filter(|machine| machine.conversation.starts_with("messages-")) {
            let duration = machine.execution.stopped.map(|end| end - machine.execution.started);
            match machine.end() {
                "Sent" if duration >= Some(TimeDelta::hours(1)) => held_overnight += 1,
                "Sent" => sent += 1,
                "SkippedOptedOut" => stopped += 1,
                _ => {}
            }
        }
    }
    assert!(sent >= 5 && held_overnight >= 5 && stopped >= 5, "{sent} {held_overnight} {stopped}");
}
