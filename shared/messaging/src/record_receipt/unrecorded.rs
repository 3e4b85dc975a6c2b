//! Attempts that may have been taken by a provider and whose message is not known: each may be the owner
//! of a message that names none of ours.

use chrono::{DateTime, TimeDelta, Utc};

use crate::conversation::receipt::AttemptId;
use crate::conversation::step::StepState;
use crate::conversation::{Conversation, Step};
use crate::ports::{Inbox, Unavailable};
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;
use crate::values::verdict::Verdict;

/// Those to this phone by this provider, with their conversations as they stand, whose claim is at most `within` away from `about`.
///
/// # Errors
/// When the table cannot be reached.
pub(crate) async fn unrecorded(
    inbox: &impl Inbox,
    phone: &PhoneNumber,
    provider: Provider,
    about: DateTime<Utc>,
    within: TimeDelta,
) -> Result<Vec<(Conversation, AttemptId)>, Unavailable> {
    // Nothing is claimed after its deadline: what was claimed in that span is open before it.
    let before = about - within - TimeDelta::seconds(1);
    let (_, conversations) = inbox.open_conversations(phone, before).await?;
    let mut found = Vec::new();
    for conversation in &conversations {
        for step in conversation.plan.iter().flat_map(|plan| &plan.steps) {
            let is_near = claimed_at(step).is_some_and(|at| (about - at).abs() <= within);
            if is_near && step.carrier() == provider {
                found.push((conversation.clone(), AttemptId::last_of(&conversation.id, step)));
            }
        }
    }
    Ok(found)
}

/// When the claim was made under which a provider may have taken a step's text; `None` where it certainly
/// has not, or where its message is known.
fn claimed_at(step: &Step) -> Option<DateTime<Utc>> {
    match &step.progress.state {
        StepState::Claimed(claim) => Some(claim.at),
        StepState::Unknown(lost) => Some(lost.claim.at),
        StepState::Decided(decision) if decision.verdict == Verdict::HeldUnknownOutcome => {
            decision.because.get("claimed_at")?.as_str()?.parse().ok()
        }
        StepState::Planned | StepState::Decided(_) => None,
    }
}
