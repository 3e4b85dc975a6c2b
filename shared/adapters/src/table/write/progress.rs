//! A step's progress in the conversation: the condition that it stands where it was read, and its next one.

use aws_sdk_dynamodb::types::AttributeValue;
use messaging::conversation::Step;
use messaging::conversation::step::{LostResponse, Progress, StepState};
use messaging::ports::Unavailable;

use super::unbuildable;
use crate::table::expression::{Placeholders, number, text};
use crate::table::item::{ProgressItem, to_item};

/// The condition that a step stands where it was read. A claim is found by its id in either state
/// that holds one, so that an answer is recorded even when the claim has aged into Unknown meanwhile.
pub(super) fn stands_at(p: &mut Placeholders, step: &Step, progress: &Progress) -> String {
    let at = |attribute: &str| format!("steps.{}.progress.{attribute}", step.name);
    match &progress.state {
        StepState::Planned => {
            format!("{} AND {}", is_state(p, &at, "planned", progress), is_rerun(p, &at, progress))
        }
        // A verdict that somebody has settled meanwhile is another one.
        StepState::Decided(decision) => format!(
            "{} AND {} = {}",
            is_state(p, &at, "decided", progress),
            p.path(&at("verdict")),
            p.value("from_verdict", text(decision.verdict.as_str()))
        ),
        StepState::Claimed(claim) | StepState::Unknown(LostResponse { claim, .. }) => {
            format!("{} = {}", p.path(&at("claim_id")), p.value("claim", text(&claim.id)))
        }
    }
}

fn is_state(p: &mut Placeholders, at: &impl Fn(&str) -> String, state: &str, progress: &Progress) -> String {
    format!(
        "{} = {} AND {} = {} AND {} = {}",
        p.path(&at("state")),
        p.value("from", text(state)),
        p.path(&at("attempt")),
        p.value("attempt", number(progress.attempt)),
        p.path(&at("deferrals")),
        p.value("deferrals", number(progress.deferrals)),
    )
}

/// The number of times the step was planned anew; not stored while there is none.
fn is_rerun(p: &mut Placeholders, at: &impl Fn(&str) -> String, progress: &Progress) -> String {
    let path = p.path(&at("reruns"));
    match progress.reruns {
        0 => format!("attribute_not_exists({path})"),
        reruns => format!("{path} = {}", p.value("reruns", number(reruns))),
    }
}

pub(super) fn set_progress(
    p: &mut Placeholders,
    step: &Step,
    next: &Progress,
) -> Result<String, Unavailable> {
    let item = to_item(&ProgressItem::from(next)).map_err(|_| unbuildable("the progress"))?;
    Ok(format!(
        "SET {} = {}",
        p.path(&format!("steps.{}.progress", step.name)),
        p.value("next", AttributeValue::M(item))
    ))
}
