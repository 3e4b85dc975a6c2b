//! The proof that the invariants are not vacuous: each rule of the ports is broken once, and a seeded schedule must
//! violate the invariant that depends on it.
//!
//! An interceptor breaks a rule through the data of the table: it hides what the rule reads before a call of a port,
//! and puts it back afterwards.

use std::collections::BTreeMap;

use chrono::DateTime;
use messaging::conversation::consent::{Consent, ConsentChange};
use messaging::conversation::step::{Progress, StepState};
use messaging::conversation::{Conversation, Life, Step};
use messaging::testing::memory::{Fault, Interceptor, Moment, State};
use messaging::values::ids::{ConversationId, StepName};
use simulation::explore::{seeded, shrink};
use simulation::invariants::violations;
use simulation::simulator::{Faults, Simulator};

/// Asserts that a seeded schedule shows the broken rule by a violation with these words, and shrinks it.
fn assert_noticed(rule: fn() -> Interceptor, words: &str) {
    let simulator = Simulator::with_broken_rule(rule);
    for seed in 1..4000 {
        let schedule = seeded(seed);
        let run = simulator.play(&schedule);
        if !violations(&schedule.scenario, &run).iter().any(|violation| violation.contains(words)) {
            continue;
        }
        let failure = shrink(&simulator, format!("seed {seed}"), &schedule, &run);
        assert!(!failure.violations.is_empty(), "the shrunk schedule has no violation");
        assert!(failure.schedule.scenario.deliveries.len() <= schedule.scenario.deliveries.len());
        if let Faults::Script(script) = &failure.schedule.faults {
            assert!(script.len() <= run.injected.len());
        }
        return;
    }
    panic!("no schedule shows a violation with the words {words:?}");
}

/// Returns an interceptor that hides data before these operations and restores it after each of them.
fn hide<T: Send + 'static>(
    operations: &'static [&'static str],
    mut hide: impl FnMut(&mut State) -> T + Send + 'static,
    mut restore: impl FnMut(&mut State, T) + Send + 'static,
) -> Interceptor {
    let mut hidden = None;
    Box::new(move |moment, operation, state| {
        if !operations.contains(&operation) {
            return;
        }
        match moment {
            Moment::Before => hidden = Some(hide(state)),
            Moment::After => {
                if let Some(hidden) = hidden.take() {
                    restore(state, hidden);
                }
            }
        }
    })
}

/// Returns an interceptor that changes the state after these operations.
fn after(
    operations: &'static [&'static str],
    mut change: impl FnMut(&mut State) + Send + 'static,
) -> Interceptor {
    Box::new(move |moment, operation, state| {
        if moment == Moment::After && operations.contains(&operation) {
            change(state);
        }
    })
}

fn steps(state: &mut State) -> impl Iterator<Item = (ConversationId, &mut Step)> {
    state.store.conversations.values_mut().flat_map(|Conversation { id, plan, .. }| {
        plan.iter_mut().flat_map(|plan| &mut plan.steps).map(|step| (id.clone(), step))
    })
}

type Lives = BTreeMap<ConversationId, Life>;

fn lives(state: &State) -> Lives {
    let conversations = state.store.conversations.values();
    conversations.map(|conversation| (conversation.id.clone(), conversation.life.clone())).collect()
}

fn restore_lives(state: &mut State, mut lives: Lives) {
    for conversation in state.store.conversations.values_mut() {
        if let Some(life) = lives.remove(&conversation.id) {
            conversation.life = life;
        }
    }
}

/// Gives every contact the consent to all advertising.
fn grant_consent(state: &mut State) {
    let plans = state.store.conversations.values().filter_map(|conversation| conversation.plan.as_ref());
    let phones: Vec<_> = plans.filter_map(|plan| plan.contact.clone()).collect();
    for phone in phones {
        let consent = state.store.consents.entry(phone).or_default();
        *consent = Consent::default();
        consent.apply(&ConsentChange::started(DateTime::UNIX_EPOCH));
    }
}

/// A claim is stored although the conversation has ended, the customer has replied or opted out, or consent is missing.
fn unconditional_claims() -> Interceptor {
    let ignore_ends = |state: &mut State| {
        let hidden = (lives(state), state.store.contacts.clone(), state.store.consents.clone());
        for conversation in state.store.conversations.values_mut() {
            let Life { cancelled_at, superseded, replied_at, .. } = &mut conversation.life;
            (*cancelled_at, *superseded, *replied_at) = (None, None, None);
        }
        state.store.contacts.clear();
        grant_consent(state);
        hidden
    };
    hide(&["claim"], ignore_ends, |state, (lives, contacts, consents)| {
        restore_lives(state, lives);
        (state.store.contacts, state.store.consents) = (contacts, consents);
    })
}

#[test]
fn a_claim_after_an_end_is_noticed() {
    assert_noticed(unconditional_claims, "claimed after");
}

/// A claim does not compare the step with the one that was read: it finds the step as it was last planned.
fn claims_of_stale_steps() -> Interceptor {
    let mut planned: BTreeMap<(ConversationId, StepName), Progress> = BTreeMap::new();
    let mut hidden: BTreeMap<(ConversationId, StepName), (Progress, Progress)> = BTreeMap::new();
    Box::new(move |moment, operation, state| match (operation, moment) {
        ("load", Moment::After) => {
            for (id, step) in steps(state) {
                if step.progress.state == StepState::Planned {
                    planned.insert((id, step.name.clone()), step.progress.clone());
                }
            }
        }
        ("claim", Moment::Before) => {
            for (id, step) in steps(state) {
                let key = (id, step.name.clone());
                if let Some(stale) = planned.get(&key) {
                    let stored = std::mem::replace(&mut step.progress, stale.clone());
                    hidden.insert(key, (stale.clone(), stored));
                }
            }
        }
        ("claim", Moment::After) => {
            for (id, step) in steps(state) {
                if let Some((stale, stored)) = hidden.remove(&(id, step.name.clone()))
                    && step.progress == stale
                {
                    step.progress = stored;
                }
            }
        }
        _ => {}
    })
}

#[test]
fn a_second_claim_of_a_step_is_noticed() {
    assert_noticed(claims_of_stale_steps, "claimed again");
}

/// An event is stored although it is stored already, and an execution starts although it has run.
fn no_duplicate_check() -> Interceptor {
    let mut accept = hide(
        &["accept"],
        |state| std::mem::take(&mut state.store.conversations),
        |state, hidden| {
            for (id, conversation) in hidden {
                let stored = state.store.conversations.entry(id).or_insert_with(|| conversation.clone());
                if stored.plan.is_none() {
                    stored.plan = conversation.plan;
                }
            }
        },
    );
    let mut start = hide(
        &["start"],
        |state| std::mem::take(&mut state.executions),
        |state, hidden| {
            for (name, due) in hidden {
                state.executions.entry(name).or_insert(due);
            }
        },
    );
    Box::new(move |moment, operation, state| {
        accept(moment, operation, state);
        start(moment, operation, state);
    })
}

#[test]
fn a_missing_duplicate_check_is_noticed() {
    assert_noticed(no_duplicate_check, "stored twice");
    assert_noticed(no_duplicate_check, "delivered twice");
}

/// A reply stops no step.
fn no_reply_check() -> Interceptor {
    let forget_replies = |state: &mut State| {
        let lives = lives(state);
        for conversation in state.store.conversations.values_mut() {
            conversation.life.replied_at = None;
        }
        lives
    };
    hide(&["load", "claim"], forget_replies, restore_lives)
}

#[test]
fn a_missing_reply_check_is_noticed() {
    assert_noticed(no_reply_check, "claimed after a reply");
}

/// An opt-out stops no step.
fn no_opt_out_check() -> Interceptor {
    hide(
        &["contact", "claim"],
        |state| std::mem::take(&mut state.store.contacts),
        |state, hidden| state.store.contacts = hidden,
    )
}

#[test]
fn a_missing_opt_out_check_is_noticed() {
    assert_noticed(no_opt_out_check, "claimed after an opt-out");
}

/// The end of a booking that has not arrived is not stored.
fn no_tombstones() -> Interceptor {
    after(&["end_booking", "accept", "bury"], |state| {
        state.store.conversations.retain(|_, conversation| conversation.plan.is_some());
    })
}

#[test]
fn a_missing_tombstone_is_noticed() {
    assert_noticed(no_tombstones, "claimed after it was");
}

/// A step whose outcome is unknown counts as not sent.
fn no_evidence_wait() -> Interceptor {
    after(&["advance"], |state| {
        for (_, step) in steps(state) {
            if matches!(step.progress.state, StepState::Unknown(_)) {
                step.progress.state = StepState::Planned;
            }
        }
    })
}

#[test]
fn an_unknown_outcome_that_counts_as_not_sent_is_noticed() {
    assert_noticed(no_evidence_wait, "claimed again though it may have been sent");
}

/// Advertising needs no consent.
fn no_consent_check() -> Interceptor {
    let grant = |state: &mut State| {
        let consents = state.store.consents.clone();
        grant_consent(state);
        consents
    };
    hide(&["consent", "claim"], grant, |state, hidden| state.store.consents = hidden)
}

#[test]
fn advertising_without_consent_is_noticed() {
    assert_noticed(no_consent_check, "claimed after its consent was missing");
}

/// Advertising is sent at any hour.
fn no_quiet_hours() -> Interceptor {
    hide(
        &["load"],
        |state| steps(state).map(|(_, step)| step.policy.hours.take()).collect::<Vec<_>>(),
        |state, hidden| {
            for ((_, step), hours) in steps(state).zip(hidden) {
                step.policy.hours = hours;
            }
        },
    )
}

#[test]
fn advertising_in_quiet_hours_is_noticed() {
    assert_noticed(no_quiet_hours, "claimed after its day was over");
}

/// Spending is not counted.
fn no_spending_limit() -> Interceptor {
    Box::new(|moment, operation, state| {
        if moment == Moment::Before && operation == "reserve" {
            state.spent.clear();
        }
    })
}

#[test]
fn spending_above_the_limit_is_noticed() {
    assert_noticed(no_spending_limit, "were spent in a day");
}

/// A slot of a rate limiter stays free after it was acquired.
fn no_rate_limit() -> Interceptor {
    hide(
        &["acquire_slot", "try_acquire_now"],
        |state| state.rate_limiters.clone(),
        |state, hidden| state.rate_limiters = hidden,
    )
}

#[test]
fn a_slot_that_is_acquired_twice_is_noticed() {
    assert_noticed(no_rate_limit, "was acquired by 2 texts");
}

/// The provider's client repeats a call whose response was lost.
fn repeating_client() -> Interceptor {
    after(&["send"], |state| {
        let call = state.calls.len() - 1;
        if state.faults.injected.get(&call) == Some(&Fault::LostAnswer) {
            let call_and_delivery = state.facts[state.facts.len() - 2..].to_vec();
            state.facts.extend(call_and_delivery);
        }
    })
}

#[test]
fn a_client_that_repeats_a_call_is_noticed() {
    assert_noticed(repeating_client, "delivered twice");
}
