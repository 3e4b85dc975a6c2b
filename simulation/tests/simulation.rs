//! A share of the schedules at every `make test`, and the proof that a violations rule would be noticed.
#![expect(clippy::panic, reason = "tests")]

use chrono::TimeDelta;
use messaging::testing::memory::Mutation;
use simulation::Scenario;
use simulation::explore::{history, random, seeded, shrink, singles};
use simulation::invariants::violations;
use simulation::simulator::{Faults, Simulator};

#[test]
fn seeded_schedules_keep_every_invariant() {
    let summary = random(&Simulator::open(), 1..=600).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(summary.schedules, 600);
    for verdict in [
        "Sent",
        "HeldUnknownOutcome",
        "SkippedCustomerReplied",
        "SkippedOptedOut",
        "SkippedSuperseded",
        "BlockedBudget",
    ] {
        assert!(summary.ends.contains_key(verdict), "no schedule came to {verdict}: {summary}");
    }
    assert!(summary.faults.values().all(|met| *met > 0) && summary.faults.len() == 8, "{summary}");
}

#[test]
fn every_single_fault_of_the_main_journeys_keeps_every_invariant() {
    let simulator = Simulator::open();
    for (name, scenario) in Scenario::main_journeys() {
        let summary = singles(&simulator, name, &scenario).unwrap_or_else(|failure| panic!("{failure}"));
        assert!(summary.schedules > 80, "{name}: {summary}");
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    for seed in 1..40 {
        let schedule = seeded(seed, None);
        let told = || history(&Simulator::open().play(&schedule));
        assert_eq!(told(), told(), "seed {seed}");
    }
}

/// Breaks a rule and looks for a schedule that shows it; what it breaks is told in these words.
fn is_noticed(mutation: Mutation, words: &str) {
    let simulator = Simulator::open();
    for seed in 1..4000 {
        let schedule = seeded(seed, Some(mutation));
        let run = simulator.play(&schedule);
        let found = violations(&schedule.scenario, &run);
        if !found.iter().any(|what| what.contains(words)) {
            continue;
        }
        let failure = shrink(&simulator, format!("seed {seed}"), &schedule, &run);
        assert!(!failure.violations.is_empty(), "cutting down keeps the failure");
        assert!(failure.schedule.scenario.deliveries.len() <= schedule.scenario.deliveries.len());
        if let Faults::Script(script) = &failure.schedule.faults {
            assert!(script.len() <= run.injected.len());
        }
        return;
    }
    panic!("{mutation:?} was not noticed");
}

#[test]
fn a_claim_without_its_condition_is_noticed() {
    is_noticed(Mutation::NoClaimCondition, "claimed again");
    is_noticed(Mutation::NoClaimCondition, "claimed after");
}

#[test]
fn a_missing_duplicate_check_is_noticed() {
    is_noticed(Mutation::NoDuplicateCheck, "stored twice");
    is_noticed(Mutation::NoDuplicateCheck, "delivered twice");
}

#[test]
fn a_missing_reply_check_is_noticed() {
    is_noticed(Mutation::NoReplyCheck, "claimed after a reply");
}

#[test]
fn a_missing_opt_out_check_is_noticed() {
    is_noticed(Mutation::NoOptOutCheck, "claimed after an opt-out");
}

#[test]
fn a_missing_tombstone_is_noticed() {
    is_noticed(Mutation::NoTombstone, "claimed after it was");
}

#[test]
fn a_lost_answer_taken_for_not_sent_is_noticed() {
    is_noticed(Mutation::NoEvidenceWait, "claimed again though it may have been sent");
}

#[test]
fn advertising_without_an_agreement_is_noticed() {
    is_noticed(Mutation::NoConsentCheck, "claimed after its consent was missing");
}

#[test]
fn advertising_by_night_is_noticed() {
    is_noticed(Mutation::NoQuietHours, "claimed after its day was over");
}

/// Advertising in schedules is sent, stopped for want of an agreement, and kept until the morning.
#[test]
fn schedules_hold_advertising_of_every_fate() {
    let simulator = Simulator::open();
    let mut fates = [0; 3];
    for seed in 1..=400 {
        let schedule = seeded(seed, None);
        let run = simulator.play(&schedule);
        for machine in run.machines.iter().filter(|machine| machine.conversation.starts_with("messages-")) {
            let lasted = machine.execution.stopped.map(|end| end - machine.execution.started);
            match machine.end() {
                "Sent" if lasted >= Some(TimeDelta::hours(1)) => fates[0] += 1,
                "Sent" => fates[1] += 1,
                "SkippedOptedOut" => fates[2] += 1,
                _ => {}
            }
        }
    }
    assert!(fates.iter().all(|fate| *fate >= 5), "{fates:?}");
}

#[test]
fn money_without_a_limit_is_noticed() {
    is_noticed(Mutation::NoMoneyLimit, "were spent in a day");
}

#[test]
fn a_place_given_twice_is_noticed() {
    is_noticed(Mutation::NoPacing, "was given to 2 texts");
}

#[test]
fn a_client_that_repeats_is_noticed() {
    is_noticed(Mutation::ClientRetries, "delivered twice");
}
