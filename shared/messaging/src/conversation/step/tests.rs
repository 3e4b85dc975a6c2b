use proptest::prelude::*;

use super::*;

const DUE: i64 = 0;
const DEADLINE: i64 = 24 * 3600;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn progress(state: StepState) -> Progress {
    Progress { state, attempt: 1, ..Progress::default() }
}

fn claim(id: &str, since: i64) -> Claim {
    Claim { id: id.to_owned(), at: at(since) }
}

fn visited(invocation: &str, switch: Switch) -> StepEvent {
    StepEvent::Visited { invocation: invocation.to_owned(), switch, due: at(DUE), deadline: at(DEADLINE) }
}

fn answered(invocation: &str, outcome: SendOutcome) -> StepEvent {
    StepEvent::Answered {
        invocation: invocation.to_owned(),
        outcome,
        deadline: at(DEADLINE),
        provider: Provider::Twilio,
        further: false,
    }
}

fn accepted() -> SendOutcome {
    let message = ProviderMessage { provider: "twilio".to_owned(), id: "SM1".to_owned(), from: None };
    SendOutcome::Accepted { message }
}

fn because() -> Because {
    Because::fact("reason", "test")
}

fn outcomes() -> [(&'static str, SendOutcome); 5] {
    [
        ("accepted", accepted()),
        ("rejected", SendOutcome::Rejected { refusal: Refusal::Text, because: because() }),
        ("opted out", SendOutcome::Rejected { refusal: Refusal::OptedOut, because: because() }),
        ("not sent", SendOutcome::not_sent(NotSentReason::TurnedAway, because())),
        ("unknown", SendOutcome::Unknown { because: because() }),
    ]
}

/// One line: where the step stands and what is to be done, instants as seconds after the due time.
fn told((next, effect): &(Progress, Effect)) -> String {
    let seconds = |instant: DateTime<Utc>| instant.timestamp() - at(0).timestamp();
    let state = match &next.state {
        StepState::Planned => "planned".to_owned(),
        StepState::Claimed(claim) => format!("claimed by {} at {}", claim.id, seconds(claim.at)),
        StepState::Unknown(lost) => format!("unknown under {} since {}", lost.claim.id, seconds(lost.since)),
        StepState::Decided(decision) => format!("{} at {}", decision.verdict, seconds(decision.at)),
    };
    let effect = match effect {
        Effect::Wait(until, _) => format!("wait until {}", seconds(*until)),
        other => format!("{other:?}"),
    };
    format!("{state}, attempt {}, deferrals {} -> {effect}", next.attempt, next.deferrals)
}

/// Every state meets every event; the table is the whole life of a step.
#[test]
fn the_life_of_a_step() {
    let decided = Decision { verdict: Verdict::Sent, because: because(), at: at(5) };
    let lost = |since| LostResponse { claim: claim("a", since - 60), since: at(since) };
    let states = [
        ("planned", Progress::default()),
        ("claimed just now", progress(StepState::Claimed(claim("a", 941)))),
        ("claimed 60 s ago", progress(StepState::Claimed(claim("a", 940)))),
        ("unknown since now", progress(StepState::Unknown(lost(1000)))),
        ("unknown for 72 minutes", progress(StepState::Unknown(lost(1000 - 72 * 60)))),
        ("decided", progress(StepState::Decided(decided))),
    ];
    let mut events = vec![
        ("visited", visited("b", Switch::On)),
        ("visited by the claim's holder", visited("a", Switch::On)),
        ("visited in shadow mode", visited("b", Switch::Shadow)),
        ("visited while paused", visited("b", Switch::Paused)),
        ("visited, switch unreadable", visited("b", Switch::Unreadable)),
        ("obstructed", StepEvent::Blocked(Verdict::SkippedCancelled, because())),
        ("answered to another: accepted", answered("c", accepted())),
    ];
    let answers = outcomes();
    events.extend(answers.iter().map(|(name, outcome)| (*name, answered("a", outcome.clone()))));
    let mut table = String::new();
    for (state, before) in &states {
        table.push_str(&format!("{state}\n"));
        for (event, happening) in &events {
            let after = told(&before.on(happening.clone(), at(1000)));
            table.push_str(&format!("  {event}: {after}\n"));
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn nothing_is_claimed_before_it_is_due() {
    let early = at(-1);
    for switch in [Switch::On, Switch::Shadow, Switch::Paused, Switch::Unreadable] {
        let (next, effect) = Progress::default().on(visited("a", switch), early);
        assert_eq!(next, Progress::default());
        assert!(matches!(effect, Effect::Wait(until, _) if until == at(DUE)));
    }
}

/// The instants at which a step is tried when every try is turned away.
fn tries(turn_away: impl Fn(&Progress, DateTime<Utc>) -> (Progress, Effect)) -> (Vec<i64>, Progress) {
    let (mut now, mut progress, mut tries) = (at(DUE), Progress::default(), Vec::new());
    loop {
        tries.push(now.timestamp() - at(DUE).timestamp());
        let effect;
        (progress, effect) = turn_away(&progress, now);
        match effect {
            Effect::Wait(until, _) => now = until,
            _ => return (tries, progress),
        }
    }
}

fn expected_tries() -> Vec<i64> {
    let mut expected = vec![0, 60, 180, 420];
    while let Some(next) = expected.last().map(|last| last + 900).filter(|next| *next < DEADLINE) {
        expected.push(next);
    }
    expected.push(DEADLINE);
    expected
}

#[test]
fn a_provider_that_turns_away_is_tried_until_the_deadline() {
    let (tries, last) = tries(|progress, now| {
        let (claimed, effect) = progress.on(visited("a", Switch::On), now);
        assert_eq!(effect, Effect::CallProvider);
        claimed.on(answered("a", SendOutcome::not_sent(NotSentReason::TurnedAway, because())), now)
    });
    assert_eq!(tries, expected_tries());
    assert_eq!(last.verdict(), Some(Verdict::ExpiredTooLate));
    assert_eq!(usize::try_from(last.attempt).unwrap(), tries.len());
}

#[test]
fn a_paused_service_is_looked_at_until_the_deadline() {
    for switch in [Switch::Paused, Switch::Unreadable] {
        let (tries, last) = tries(|progress, now| progress.on(visited("a", switch), now));
        assert_eq!(tries, expected_tries());
        assert_eq!((last.verdict(), last.attempt), (Some(Verdict::ExpiredTooLate), 0));
    }
}

#[test]
fn a_provider_that_is_back_at_the_deadline_still_gets_the_text() {
    let (next, effect) = Progress::default().on(visited("a", Switch::On), at(DEADLINE));
    assert_eq!(effect, Effect::CallProvider);
    assert_eq!(next.on(answered("a", accepted()), at(DEADLINE + 9)).0.verdict(), Some(Verdict::Sent));
}

#[test]
fn evidence_is_awaited_2_12_and_72_minutes_whatever_the_deadline() {
    for (start, fraction) in [(at(0), 0), (at(DEADLINE + 7), 0), (at(0), 250)] {
        let since = start + TimeDelta::milliseconds(fraction);
        let claimed = progress(StepState::Claimed(Claim { id: "a".to_owned(), at: since }));
        let unknown = SendOutcome::Unknown { because: because() };
        let (mut progress, mut effect) = claimed.on(answered("a", unknown), since);
        let mut waits = Vec::new();
        while let Effect::Wait(until, _) = effect {
            waits.push((until - ceil_to_second(since)).num_seconds());
            // A visit in between (a repeated task) changes nothing and waits for the same instant.
            let early = progress.on(visited("b", Switch::On), until - TimeDelta::seconds(1));
            assert!(matches!(early.1, Effect::Wait(again, _) if again == until));
            (progress, effect) = progress.on(visited("b", Switch::On), until);
        }
        assert_eq!(waits, [120, 720, 4320]);
        assert_eq!(progress.verdict(), Some(Verdict::HeldUnknownOutcome));
    }
}

#[test]
fn a_late_answer_settles_its_own_claim_only() {
    let lost = LostResponse { claim: claim("a", 0), since: at(60) };
    let unknown = progress(StepState::Unknown(lost));
    assert_eq!(unknown.on(answered("a", accepted()), at(70)).0.verdict(), Some(Verdict::Sent));
    assert_eq!(unknown.on(answered("b", accepted()), at(70)), (unknown.clone(), Effect::Nothing));
}

#[test]
fn only_what_may_have_arrived_counts_as_sent() {
    let decided = |verdict| progress(StepState::Decided(Decision { verdict, because: because(), at: at(0) }));
    for verdict in Verdict::ALL {
        let counts = matches!(verdict, Verdict::Sent | Verdict::HeldUnknownOutcome);
        assert_eq!(decided(verdict).counts_as_sent(), counts, "{verdict}");
    }
    assert!(!Progress::default().counts_as_sent());
    assert!(progress(StepState::Claimed(claim("a", 0))).counts_as_sent());
}

fn any_event() -> impl Strategy<Value = StepEvent> {
    let invocation = prop_oneof![Just("a"), Just("b"), Just("c")];
    let switch = prop_oneof![4 => Just(Switch::On), 1 => Just(Switch::Paused), 1 => Just(Switch::Unreadable), 1 => Just(Switch::Shadow)];
    prop_oneof![
        6 => (invocation.clone(), switch).prop_map(|(invocation, switch)| visited(invocation, switch)),
        1 => proptest::sample::select(Verdict::ALL.to_vec())
            .prop_map(|verdict| StepEvent::Blocked(verdict, because())),
        4 => (invocation, 0..5_usize).prop_map(|(invocation, which)| {
            let [(_, a), (_, b), (_, c), (_, d), (_, e)] = outcomes();
            let outcome = [a, b, c, d, e][which].clone();
            answered(invocation, outcome)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever happens in whatever order: a provider is called from Planned only and once per claim,
    /// a decision stays, and what is unknown is planned again only because the provider itself has
    /// said of that very claim that it sent nothing.
    #[test]
    fn no_sequence_of_events_repeats_an_ambiguous_send(
        events in proptest::collection::vec((any_event(), 0..2000_i64), 0..40),
    ) {
        let (mut progress, mut now, mut calls) = (Progress::default(), at(0), 0);
        for (event, pause) in events {
            now += TimeDelta::seconds(pause);
            let is_not_sent = matches!(
                &event,
                StepEvent::Answered { outcome: SendOutcome::NotSent { .. }, .. }
            );
            let (next, effect) = progress.on(event, now);
            if effect == Effect::CallProvider {
                calls += 1;
                prop_assert_eq!(&progress.state, &StepState::Planned);
                prop_assert!(matches!(next.state, StepState::Claimed(_)));
                prop_assert_eq!(next.attempt, calls);
            }
            match &progress.state {
                StepState::Decided(_) => prop_assert_eq!(&next, &progress),
                StepState::Unknown(_) => match &next.state {
                    StepState::Claimed(_) => prop_assert!(false, "claimed again"),
                    StepState::Planned => prop_assert!(is_not_sent),
                    _ => {}
                },
                StepState::Claimed(_) => prop_assert!(next.state != StepState::Planned || is_not_sent),
                StepState::Planned => {}
            }
            if let Effect::Wait(until, _) = &effect {
                prop_assert!(*until >= now, "a wait into the past");
                prop_assert_eq!(until.timestamp_subsec_nanos(), 0);
            }
            prop_assert_eq!(next.attempt, calls);
            progress = next;
        }
    }
}
