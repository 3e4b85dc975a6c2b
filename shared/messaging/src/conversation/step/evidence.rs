//! Evidence about an attempt from a source other than the provider's answer: a receipt, the provider's own
//! records, an operator.

use chrono::{DateTime, Utc};

use super::{Effect, Progress, StepState};
use crate::values::verdict::{Because, Verdict};

/// The evidence about an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// The provider has taken it.
    Taken(Because),
    /// It was not delivered and never will be.
    NotDelivered,
    /// An operator wants what was certainly not sent to be tried again.
    TryAgain,
}

impl Progress {
    /// Returns the progress after evidence. It counts for the attempt that it is about and for no other; an attempt
    /// that is at a provider at this moment cannot be shown to have failed. While a step waits for its next
    /// attempt, each earlier one may turn out to have been taken, and then there is no next.
    pub(super) fn attested(&self, attempt: u32, evidence: Evidence, now: DateTime<Utc>) -> (Self, Effect) {
        let was_earlier = (1..self.attempt).contains(&attempt);
        if attempt != self.attempt && !was_earlier {
            return (self.clone(), Effect::Nothing);
        }
        match (evidence, &self.state) {
            (Evidence::Taken(because), StepState::Planned) if was_earlier => {
                self.decided(Verdict::Sent, because, now)
            }
            _ if was_earlier => (self.clone(), Effect::Nothing),
            (Evidence::Taken(because), StepState::Claimed(_) | StepState::Unknown(_)) => {
                self.decided(Verdict::Sent, because, now)
            }
            // The provider (or an operator) had said that it was not taken, and it was all the same.
            (Evidence::Taken(because), StepState::Planned) if attempt > 0 => {
                self.decided(Verdict::Sent, because, now)
            }
            (Evidence::Taken(because), StepState::Decided(decision))
                if decision.verdict == Verdict::HeldUnknownOutcome =>
            {
                self.decided(Verdict::Sent, because, now)
            }
            (Evidence::NotDelivered, StepState::Unknown(_)) => self.again(),
            (Evidence::NotDelivered, StepState::Decided(decision))
                if matches!(decision.verdict, Verdict::Sent | Verdict::HeldUnknownOutcome) =>
            {
                self.again()
            }
            (Evidence::TryAgain, StepState::Decided(decision)) if decision.verdict.is_provably_not_sent() => {
                self.again()
            }
            (Evidence::TryAgain, StepState::Planned) => self.again(),
            _ => (self.clone(), Effect::Nothing),
        }
    }

    /// Plans the step again, under an execution of its own.
    fn again(&self) -> (Self, Effect) {
        let reruns = self.reruns.saturating_add(1);
        let next = Self {
            state: StepState::Planned,
            attempt: self.attempt,
            deferrals: self.deferrals,
            tried: Vec::new(),
            reruns,
            slot: None,
            reserved: None,
        };
        (next, Effect::StartAgain(reruns))
    }
}
