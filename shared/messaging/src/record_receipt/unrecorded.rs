//! Finds attempts that a provider may have taken and whose message is unknown. Each of them may own a
//! message that carries none of our ids.

use chrono::{DateTime, TimeDelta, Utc};

use crate::conversation::receipt::AttemptId;
use crate::conversation::step::StepState;
use crate::conversation::{Conversation, Step};
use crate::ports::{Inbox, Unavailable};
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;

/// Returns the unrecorded attempts to a phone by a provider whose claim is at most `within` away from
/// `about`, with their conversations.
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
    // No step is claimed after its deadline, so a step that was claimed in that span is still open before it.
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

/// Returns the time of the claim under which a provider may have taken a step's text; `None` if it
/// certainly has not, or if its message is known.
fn claimed_at(step: &Step) -> Option<DateTime<Utc>> {
    match &step.progress.state {
        StepState::Claimed(claim) => Some(claim.at),
        StepState::Unknown(lost) => Some(lost.claim.at),
        StepState::Decided(decision) => decision.claimed_at(),
        StepState::Planned => None,
    }
}
