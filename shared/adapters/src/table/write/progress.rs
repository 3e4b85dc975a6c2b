//! The progress of a step in its conversation: the condition that it is where it was read, and its next one.

use messaging::conversation::Step;
use messaging::conversation::step::{LostResponse, Progress, StepState};

use crate::table::builder::Update;
use crate::table::expression::{Condition, Path, absent, all, equals};
use crate::table::item::ProgressItem;

/// Requires that a step is where it was read. A claim is found by its id in either state that has one, so
/// that a response is recorded even when the claim has become Unknown since.
pub(super) fn is_where_read(step: &Step) -> Condition {
    match &step.progress.state {
        StepState::Planned => all([is_in_state(step, "planned"), is_rerun(step)]),
        // A verdict that was settled since is another one.
        StepState::Decided(decision) => {
            all([is_in_state(step, "decided"), equals(path(step).at("verdict"), decision.verdict.as_str())])
        }
        StepState::Claimed(claim) | StepState::Unknown(LostResponse { claim, .. }) => {
            equals(path(step).at("claim_id"), &claim.id)
        }
    }
}

fn is_in_state(step: &Step, state: &str) -> Condition {
    all([
        equals(path(step).at("state"), state),
        equals(path(step).at("attempt"), step.progress.attempt),
        equals(path(step).at("deferrals"), step.progress.deferrals),
    ])
}

/// Requires the number of times that the step was planned again, which is not stored while it is zero.
fn is_rerun(step: &Step) -> Condition {
    let reruns = path(step).at("reruns");
    match step.progress.reruns {
        0 => absent(reruns),
        times => equals(reruns, times),
    }
}

pub(super) fn set_progress(update: Update, step: &Step, next: &Progress) -> Update {
    update.set(path(step), ProgressItem::from(next))
}

fn path(step: &Step) -> Path {
    Path::step(&step.name).at("progress")
}
