//! Takes a step: the state machine's task when a text is due.
//!
//! A visit reads the conversation, claims the step, calls the provider and records its answer. It ends in
//! a verdict, in a wait, or in an error after which the state machine repeats it in a moment. It never
//! calls a provider without a claim of its own, and each claim leads to at most one call.

mod call_provider;
mod evidence;
mod outcome;
mod pace;
mod ports;
mod round;
mod send_attempt;
mod step_event;
mod visit;

use std::sync::Arc;

use crate::conversation::step::Progress;
use crate::ports::Conversations;
use crate::values::clock::Clock;
use crate::values::ids::{ConversationId, StepName};
use outcome::Round;
pub use outcome::{MissingTarget, Transient, VisitOutcome};
pub use ports::{VisitPorts, VisitStore};
use visit::Visit;

/// The number of rounds of one visit. A round starts over when the step changes between its reading and
/// its write, and for each further provider.
const MAX_ROUNDS: usize = 5;

/// Visits a step. `invocation` names the claim that this visit may make; it is unique to the visit.
///
/// # Errors
/// See [`Transient`].
pub async fn visit<P: VisitPorts>(
    ports: &P,
    id: &ConversationId,
    name: &StepName,
    invocation: &str,
) -> Result<VisitOutcome, Transient> {
    let mut store_error = None;
    for round in 0..MAX_ROUNDS {
        let Some(conversation) = ports.store().load(id, ports.clock().now()).await? else {
            return Ok(VisitOutcome::MissingTarget(MissingTarget::ConversationNotFound));
        };
        let Some(plan) = &conversation.plan else {
            return Ok(VisitOutcome::MissingTarget(MissingTarget::StepNotFound));
        };
        let Some(step) = plan.step(name) else {
            return Ok(VisitOutcome::MissingTarget(MissingTarget::StepNotFound));
        };
        let visit = Visit {
            ports,
            conversation: &conversation,
            plan,
            step,
            claim_id: claim_id(invocation, &step.progress),
            is_repeated: round > 0,
            rules: Arc::default(),
            now: ports.clock().now(),
        };
        match visit.round().await {
            Ok(Round::Ended(outcome)) => return Ok(outcome),
            Ok(Round::Overtaken | Round::NextProvider) => {}
            // The write may or may not have happened. One more reading shows which.
            Err(Transient::Unavailable(error)) if store_error.is_none() => store_error = Some(error),
            Err(transient) => return Err(transient),
        }
    }
    Err(store_error.map_or(Transient::Contended, Transient::Unavailable))
}

/// Returns the id of the claim that a round makes. It differs for each provider that the visit tries, so
/// that what is written about one attempt never fits another.
fn claim_id(invocation: &str, progress: &Progress) -> String {
    match progress.tried.len() {
        0 => invocation.to_owned(),
        tried => format!("{invocation}.{tried}"),
    }
}

#[cfg(test)]
mod sending_tests;
#[cfg(test)]
mod tests;
