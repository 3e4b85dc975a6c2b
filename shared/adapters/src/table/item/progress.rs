//! The progress of a step, as it is stored.

use chrono::{DateTime, Utc};
use messaging::conversation::step::{Claim, Decision, LostResponse, Progress, StepState, TriedProvider};
use messaging::journeys::budgets::Reservation;
use messaging::values::ids::StepName;
use messaging::values::verdict::{Because, Verdict};
use serde::{Deserialize, Serialize};

use super::{Item, Unreadable, from_item, map};

/// The progress of a step. It is flat, so that conditions can name its attributes.
#[derive(Serialize, Deserialize)]
pub(crate) struct ProgressItem {
    state: StateName,
    attempt: u32,
    deferrals: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tried: Vec<TriedProvider>,
    #[serde(default, skip_serializing_if = "is_zero")]
    reruns: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slot: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reserved: Option<Reservation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_since: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<Because>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StateName {
    Planned,
    Claimed,
    Unknown,
    Decided,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Reads the progress of a step from a stored conversation.
pub(crate) fn progress_of(item: &Item, step: &StepName) -> Option<Progress> {
    let progress = map(map(map(item, "steps")?, step.as_str())?, "progress")?;
    let item: ProgressItem = from_item(progress.clone()).ok()?;
    Progress::try_from(item).ok()
}

impl From<&Progress> for ProgressItem {
    fn from(progress: &Progress) -> Self {
        let mut item = Self {
            state: StateName::Planned,
            attempt: progress.attempt,
            deferrals: progress.deferrals,
            tried: progress.tried.clone(),
            reruns: progress.reruns,
            slot: progress.slot,
            reserved: progress.reserved.clone(),
            claim_id: None,
            claimed_at: None,
            unknown_since: None,
            verdict: None,
            because: None,
            decided_at: None,
        };
        match &progress.state {
            StepState::Planned => {}
            StepState::Claimed(claim) => {
                item.state = StateName::Claimed;
                item.claim_id = Some(claim.id.clone());
                item.claimed_at = Some(claim.at);
            }
            StepState::Unknown(lost) => {
                item.state = StateName::Unknown;
                item.claim_id = Some(lost.claim.id.clone());
                item.claimed_at = Some(lost.claim.at);
                item.unknown_since = Some(lost.since);
            }
            StepState::Decided(decision) => {
                item.state = StateName::Decided;
                item.verdict = Some(decision.verdict);
                item.because = Some(decision.because.clone());
                item.decided_at = Some(decision.at);
            }
        }
        item
    }
}

impl TryFrom<ProgressItem> for Progress {
    type Error = Unreadable;
    fn try_from(item: ProgressItem) -> Result<Self, Unreadable> {
        let claim = |id: Option<String>, at: Option<DateTime<Utc>>| {
            Ok(Claim { id: id.ok_or(Unreadable)?, at: at.ok_or(Unreadable)? })
        };
        let state = match item.state {
            StateName::Planned => StepState::Planned,
            StateName::Claimed => StepState::Claimed(claim(item.claim_id, item.claimed_at)?),
            StateName::Unknown => StepState::Unknown(LostResponse {
                claim: claim(item.claim_id, item.claimed_at)?,
                since: item.unknown_since.ok_or(Unreadable)?,
            }),
            StateName::Decided => StepState::Decided(Decision {
                verdict: item.verdict.ok_or(Unreadable)?,
                because: item.because.unwrap_or_default(),
                at: item.decided_at.ok_or(Unreadable)?,
            }),
        };
        Ok(Self {
            state,
            attempt: item.attempt,
            deferrals: item.deferrals,
            tried: item.tried,
            reruns: item.reruns,
            slot: item.slot,
            reserved: item.reserved,
        })
    }
}
