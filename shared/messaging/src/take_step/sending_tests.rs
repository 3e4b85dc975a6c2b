//! Visits under spending limits and rate limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::join_all;

use crate::conversation::Conversation;
use crate::conversation::delivery::DeliveryStatus;
use crate::conversation::receipt::{AttemptId, Receipt};
use crate::conversation::step::{NotSentReason, Refusal, SendOutcome, StepState};
use crate::journeys::Config;
use crate::ports::CurrentJourneys;
use crate::record_receipt::record;
use crate::take_step::{VisitOutcome, visit};
use crate::testing::memory::{FAULTS, Fact, Fault, World, at, conversation};
use crate::values::dollars::Dollars;
use crate::values::ids::{ConversationId, StepName};
use crate::values::provider::Provider;
use crate::values::verdict::{Because, Verdict};

fn text() -> StepName {
    StepName::new("text").unwrap()
}

fn world(rules: &str, conversations: &[Conversation]) -> World {
    let world = World::new();
    let toml = format!("{rules}\n[sources]\n[journeys]\n[texts]\n");
    let journeys = Arc::new(Config::from_toml(&toml).unwrap());
    world.state().journeys = Some(CurrentJourneys { version: "1".to_owned(), journeys });
    for conversation in conversations {
        world.state().store.put(conversation, at(0));
    }
    world
}

fn many(count: usize) -> Vec<Conversation> {
    (0..count).map(|n| conversation(&format!("sms-{n}"), &["text"])).collect()
}

/// Returns the highest spending counter.
fn spent(world: &World) -> u64 {
    world.state().spent.values().flat_map(BTreeMap::values).copied().max().unwrap_or_default()
}

const ONE_TEXT: &str = "[limits]\nday = 0.10";

#[test]
fn a_text_beyond_a_spending_limit_is_not_sent_and_the_limit_is_named() {
    let conversations = many(3);
    let world = world("[limits]\nday = 0.20", &conversations);
    let verdicts: Vec<_> =
        conversations.iter().map(|conversation| world.run(&conversation.id, &text()).unwrap()).collect();
    assert_eq!(verdicts, [Verdict::Sent, Verdict::Sent, Verdict::BlockedBudget]);
    assert_eq!(world.state().delivered, 2);
    let Some(Ok(VisitOutcome::Decided(_, because))) = world.visit(&conversations[2].id, &text(), "again")
    else {
        panic!("decided")
    };
    assert_eq!(because.get("limit").unwrap(), "limits.day");
    let explanation = because.get("explanation").unwrap().as_str().unwrap();
    assert!(explanation.contains("limits.day of $0.20") && explanation.contains("afterword retry"));
}

#[test]
fn the_reservation_is_given_back_unless_the_text_may_have_been_sent() {
    let because = Because::fact("code", 1).explained("It was refused.");
    for (outcome, kept) in [
        (SendOutcome::not_sent(NotSentReason::TurnedAway, because.clone()), 0),
        (SendOutcome::Rejected { refusal: Refusal::Text, because: because.clone() }, 0),
        (SendOutcome::Unknown { because }, 100_000),
    ] {
        let conversations = many(1);
        let world = world(ONE_TEXT, &conversations);
        world.state().outcomes.push_back(outcome.clone());
        world.visit(&conversations[0].id, &text(), "a").unwrap().unwrap();
        assert_eq!(spent(&world), kept, "{outcome:?}");
        let stored = world.state().store.live(&conversations[0].id, at(0)).cloned().unwrap();
        let reserved = stored.step(&text()).unwrap().progress.reserved.clone();
        assert_eq!(reserved.map_or(0, |reservation| reservation.micro_usd), kept, "{outcome:?}");
    }
}

/// Each fault at each call: no text exceeds the limit, and every sent text is counted.
#[test]
fn no_fault_lets_a_text_exceed_the_spending_limit() {
    let conversations = many(2);
    let calls = {
        let world = world(ONE_TEXT, &conversations);
        for conversation in &conversations {
            world.run(&conversation.id, &text());
        }
        world.state().calls.len()
    };
    for call in 0..calls {
        for fault in FAULTS {
            let world = world(ONE_TEXT, &conversations);
            world.state().faults.script.insert(call, fault);
            for conversation in &conversations {
                world.run(&conversation.id, &text());
            }
            let state = world.state();
            let what = format!("{fault:?} at {call}: {:?}", state.calls);
            assert!(state.delivered <= 1, "{what}");
            let counted = state.spent.values().flat_map(BTreeMap::values).copied().max().unwrap_or_default();
            assert!(counted >= 100_000 * u64::try_from(state.delivered).unwrap(), "{what}");
            assert!(counted <= 100_000, "{what}");
        }
    }
}

#[test]
fn a_text_is_postponed_when_its_limits_cannot_be_checked() {
    let conversations = many(1);
    let world = world(ONE_TEXT, &conversations);
    let call = ["load", "switch", "claim"].len();
    world.state().faults.script.insert(call, Fault::Before);
    let visit = world.visit(&conversations[0].id, &text(), "a");
    assert!(matches!(visit, Some(Ok(VisitOutcome::Wait(..)))), "{visit:?}");
    assert_eq!(world.state().delivered, 0);
    assert_eq!(world.run(&conversations[0].id, &text()), Some(Verdict::Sent));
}

/// 1,000 texts are due at once, under a rate limit of 20 per second, and visited as the state machine would.
#[test]
fn texts_at_a_rate_limit_of_20_leave_20_per_second() {
    let conversations = many(1000);
    let world = world("[pacing]\ntwilio = 20", &conversations);
    let mut agenda: BTreeMap<_, Vec<usize>> = BTreeMap::from([(at(0), (0..1000).collect())]);
    while let Some((now, due)) = agenda.pop_first() {
        world.state().now = now;
        for n in due {
            match world.visit(&conversations[n].id, &text(), &format!("{n}-{now}")).unwrap().unwrap() {
                VisitOutcome::Wait(until, because) => {
                    assert_eq!(because.get("rule").unwrap(), "pacing");
                    assert!(until > now);
                    agenda.entry(until).or_default().push(n);
                }
                VisitOutcome::Decided(verdict, _) => assert_eq!(verdict, Verdict::Sent),
                VisitOutcome::MissingTarget(_) => panic!("missing target"),
            }
        }
    }
    let mut left: BTreeMap<i64, usize> = BTreeMap::new();
    for recorded in &world.state().facts {
        if matches!(recorded.fact, Fact::Delivered { .. }) {
            assert_eq!(recorded.at.timestamp_subsec_nanos(), 0);
            *left.entry((recorded.at - at(0)).num_seconds()).or_default() += 1;
        }
    }
    assert_eq!(left.values().sum::<usize>(), 1000);
    assert!(left.values().all(|texts| *texts == 20), "{left:?}");
    assert_eq!(left.keys().max(), Some(&49));
}

#[test]
fn a_slot_is_acquired_once_and_a_missed_slot_is_replaced() {
    let conversations = many(2);
    let world = world("[pacing]\ntwilio = 1", &conversations);
    world.visit(&conversations[0].id, &text(), "a").unwrap().unwrap();
    for again in ["b", "c"] {
        let Some(Ok(VisitOutcome::Wait(until, _))) = world.visit(&conversations[1].id, &text(), again) else {
            panic!("it waits")
        };
        assert_eq!(until, at(1));
    }
    // No visit came for an hour, so the slot has passed.
    world.pass(3600);
    world.visit(&conversations[1].id, &text(), "d").unwrap().unwrap();
    assert_eq!(world.state().delivered, 2);
    let taken = world.state().calls.iter().filter(|call| **call == "acquire_slot").count();
    assert_eq!(taken, 3);
    let stored = world.state().store.live(&conversations[1].id, at(0)).cloned().unwrap();
    let progress = stored.step(&text()).unwrap().progress.clone();
    assert!(matches!(progress.state, StepState::Decided(_)));
    assert_eq!(progress.slot, None);
}

/// 1,000 concurrent visits, each of which yields to the others before every call.
#[test]
fn the_spending_limit_admits_exactly_100_of_1000_concurrent_visits() {
    let conversations = many(1000);
    let world = world("[limits]\nday = 10", &conversations);
    world.state().interleaved = true;
    let name = text();
    let visits = conversations.iter().map(|conversation| visit(&world, &conversation.id, &name, "a"));
    let mut all = Box::pin(join_all(visits));
    let mut visited = None;
    while visited.is_none() {
        visited = (&mut all).now_or_never();
    }
    let ended = |expected| {
        let is = |visit: &Result<VisitOutcome, _>| matches!(visit, Ok(VisitOutcome::Decided(verdict, _)) if *verdict == expected);
        visited.iter().flatten().filter(|visit| is(visit)).count()
    };
    assert_eq!((ended(Verdict::Sent), ended(Verdict::BlockedBudget)), (100, 900));
    assert_eq!(world.state().delivered, 100);
    assert_eq!(spent(&world), 10_000_000);
}

fn priced(micro_usd: u64) -> Receipt {
    Receipt {
        provider: Provider::Sns,
        message_id: "sms-0.text.1".to_owned(),
        about: Some(about(1)),
        status: Some(DeliveryStatus::Delivered),
        said: "SUCCESS".to_owned(),
        code: None,
        retryable: false,
        opted_out: false,
        from: None,
        to: None,
        accepted_at: None,
        price: Some(Dollars::from_micro(micro_usd)),
        at: at(3),
    }
}

fn about(attempt: u32) -> AttemptId {
    AttemptId { conversation: ConversationId::new("sms-0").unwrap(), step: text(), attempt }
}

/// Each fault at each call of recording a price, with repeated deliveries: the counters never fall below the
/// price, and without faults they equal it.
#[test]
fn no_fault_makes_the_counters_fall_below_a_reported_price() {
    for price in [0, 60_000, 100_000, 140_000] {
        let sent = || {
            let conversations = many(1);
            let world = world("[limits]\nday = 1", &conversations);
            world.run(&conversations[0].id, &text());
            world
        };
        let calm = sent();
        let before = calm.state().calls.len();
        for _ in 0..2 {
            record(&calm, &calm, &priced(price), &calm).now_or_never().unwrap().unwrap();
            assert_eq!(spent(&calm), price);
        }
        let calls = calm.state().calls.len();
        for call in before..calls {
            for fault in FAULTS {
                let world = sent();
                world.state().faults.script.insert(call, fault);
                for _ in 0..3 {
                    let _died = record(&world, &world, &priced(price), &world).now_or_never();
                }
                assert!(spent(&world) >= price, "{fault:?} at {call}: {} of {price}", spent(&world));
                let known = world.state().store.live(&about(1).conversation, at(0)).cloned().unwrap();
                let known = known.step(&text()).unwrap().price_of(1);
                assert_eq!(known, Some(Dollars::from_micro(price)), "{fault:?} at {call}");
            }
        }
    }
}

/// The receipt, with its price, arrives before the invocation has recorded the provider's answer.
#[test]
fn a_visit_settles_a_price_that_was_reported_before_its_record() {
    let conversations = many(1);
    let world = world("[limits]\nday = 1", &conversations);
    world.state().interleaved = true;
    let (id, name) = (about(1).conversation, text());
    let mut visit = Box::pin(visit(&world, &id, &name, "a"));
    while world.state().attempts.is_empty() {
        assert!((&mut visit).now_or_never().is_none());
    }
    world.state().interleaved = false;
    record(&world, &world, &priced(60_000), &world).now_or_never().unwrap().unwrap();
    assert_eq!(spent(&world), 100_000, "the reservation is not stored yet");
    let visited = visit.now_or_never().unwrap().unwrap();
    assert!(matches!(visited, VisitOutcome::Decided(Verdict::Sent, _)), "{visited:?}");
    assert_eq!(spent(&world), 60_000);
    // A later report finds the reservation.
    record(&world, &world, &priced(70_000), &world).now_or_never().unwrap().unwrap();
    assert_eq!(spent(&world), 70_000);
}
