use futures_util::FutureExt;

use super::*;
use crate::conversation::step::{Claim, Decision, LostResponse, Progress};
use crate::testing::memory::{World, at, conversation};

fn id() -> ConversationId {
    ConversationId::new("sms-1").unwrap()
}

fn name() -> StepName {
    StepName::new("text").unwrap()
}

fn world_with(state: StepState) -> World {
    let mut conversation = conversation("sms-1", &["text"]);
    conversation.plan.as_mut().unwrap().steps[0].progress =
        Progress { state, attempt: 1, ..Progress::default() };
    World::with(&conversation)
}

fn decided(verdict: Verdict) -> StepState {
    StepState::Decided(Decision { verdict, because: Because::default(), at: at(0) })
}

fn unknown() -> StepState {
    StepState::Unknown(LostResponse { claim: Claim { id: "a".to_owned(), at: at(0) }, since: at(10) })
}

fn resolver(world: &World) -> Resolver<'_, World, World> {
    let now = world.state().now;
    Resolver { conversations: world, executions: world, now }
}

fn resolved(world: &World, finding: OperatorFinding) -> Result<ResolveOutcome, ResolveError> {
    resolver(world).resolve(&id(), &name(), finding).now_or_never().unwrap()
}

fn retried(world: &World) -> Result<ResolveOutcome, ResolveError> {
    resolver(world).retry(&id(), &name()).now_or_never().unwrap()
}

#[test]
fn an_operator_settles_a_text_whose_outcome_is_unknown() {
    for state in [unknown(), decided(Verdict::HeldUnknownOutcome)] {
        let world = world_with(state.clone());
        assert_eq!(resolved(&world, OperatorFinding::Sent), Ok(ResolveOutcome::Sent));
        assert_eq!(world.run(&id(), &name()), Some(Verdict::Sent));
        assert_eq!(world.state().delivered, 0);

        let world = world_with(state);
        assert_eq!(resolved(&world, OperatorFinding::NotSent), Ok(ResolveOutcome::RunsAgain(1)));
        assert!(world.state().executions.contains_key("sms-1.text.r1"));
        assert_eq!(world.run(&id(), &name()), Some(Verdict::Sent));
        let state = world.state();
        assert_eq!((state.delivered, state.attempts.clone()), (1, vec![2]));
    }
}

#[test]
fn a_step_whose_outcome_is_known_is_not_settled() {
    assert_eq!(resolved(&world_with(StepState::Planned), OperatorFinding::NotSent), Err(ResolveError::Waits));
    let sent = world_with(decided(Verdict::Sent));
    assert_eq!(resolved(&sent, OperatorFinding::NotSent), Err(ResolveError::Ended(Verdict::Sent)));
    let cancelled = world_with(decided(Verdict::SkippedCancelled));
    assert_eq!(
        resolved(&cancelled, OperatorFinding::Sent),
        Err(ResolveError::Ended(Verdict::SkippedCancelled))
    );
    let claimed = world_with(StepState::Claimed(Claim { id: "a".to_owned(), at: at(0) }));
    assert_eq!(resolved(&claimed, OperatorFinding::NotSent), Err(ResolveError::BeingSent));
    claimed.pass(60);
    assert_eq!(resolved(&claimed, OperatorFinding::NotSent), Ok(ResolveOutcome::RunsAgain(1)));
}

#[test]
fn repeating_the_call_starts_an_execution_that_failed_to_start() {
    let world = world_with(unknown());
    // load, advance, start_again
    world.state().faults.script.insert(2, crate::testing::memory::Fault::Before);
    assert!(matches!(resolved(&world, OperatorFinding::NotSent), Err(ResolveError::Unavailable(_))));
    assert_eq!(resolved(&world, OperatorFinding::NotSent), Ok(ResolveOutcome::RunsAgain(1)));
    assert_eq!(world.state().executions.len(), 1);
}

/// The number belongs to an execution that was started for a receipt which then could not plan the step.
#[test]
fn an_execution_number_that_is_taken_is_skipped() {
    let world = world_with(decided(Verdict::RejectedByProvider));
    world.state().executions.insert("sms-1.text.r1".to_owned(), "2026-11-20T12:00:00Z".to_owned());
    assert_eq!(retried(&world), Ok(ResolveOutcome::RunsAgain(2)));
    assert!(world.state().executions.contains_key("sms-1.text.r2"));
    assert_eq!(world.run(&id(), &name()), Some(Verdict::Sent));
}

#[test]
fn only_a_text_that_has_certainly_not_left_is_tried_again() {
    for verdict in Verdict::ALL {
        let expected = match verdict {
            Verdict::Sent | Verdict::HeldUnknownOutcome => Err(ResolveError::MayHaveLeft(verdict)),
            _ => Ok(ResolveOutcome::RunsAgain(1)),
        };
        assert_eq!(retried(&world_with(decided(verdict))), expected, "{verdict}");
    }
    assert_eq!(retried(&world_with(unknown())), Err(ResolveError::BeingSent));
    assert_eq!(retried(&world_with(StepState::Planned)), Ok(ResolveOutcome::RunsAgain(1)));
}

#[test]
fn a_step_that_runs_again_passes_the_usual_checks() {
    let world = world_with(decided(Verdict::RejectedByProvider));
    retried(&world).unwrap();
    world.state().contact().opted_out_at = Some(at(1));
    assert_eq!(world.run(&id(), &name()), Some(Verdict::SkippedOptedOut));
    assert!(world.state().attempts.is_empty());
}
