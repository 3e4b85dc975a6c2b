//! The life of one step: a total function from where it stands and what happens to where it goes.
//!
//! ```text
//!            visit: something stands in the way            (verdict)
//!  Planned ───────────────────────────────────────────────► Decided
//!   ▲   │ visit: nothing does                                ▲  ▲
//!   │   ▼                    accepted, rejected              │  │
//!   │  Claimed ──────────────────────────────────────────────┘  │
//!   │   │   │ time-out; or another invocation's claim, 60 s old │
//!   └───┘   ▼                          evidence; or 72 minutes  │
//!  not sent Unknown ────────────────────────────────────────────┘
//! ```
//!
//! There is no way from Unknown back to Claimed: an ambiguous send is never repeated. What is shown not
//! to have been delivered is planned again ([`Evidence`]) and runs under an execution of its own.

mod event;
mod evidence;
mod outcome;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::journeys::budgets::Reservation;
use crate::values::clock::{ceil_to_second, to_rfc3339};
use crate::values::provider::Provider;
use crate::values::verdict::{Because, Verdict};

pub use event::{Effect, StepEvent};
pub use evidence::Evidence;
pub use outcome::{NotSentReason, ProviderMessage, Refusal, SendOutcome, Switch, TriedProvider};

/// A claim younger than this may still be at the provider; an older one belongs to an invocation
/// that is gone (Lambda's own limit is 30 s).
pub const CLAIM_LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// The times after a lost answer at which evidence is looked for, before an operator must decide.
pub const EVIDENCE_WAITS: [TimeDelta; 3] =
    [TimeDelta::minutes(2), TimeDelta::minutes(12), TimeDelta::minutes(72)];

/// The progress of a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// The state of the step.
    pub state: StepState,
    /// The number of claims so far, which is the number of the last attempt.
    pub attempt: u32,
    /// The number of times that a provider's failure or a pause has put the step off.
    pub deferrals: u32,
    /// The providers that have turned it away since it was last put off, in order.
    pub tried: Vec<TriedProvider>,
    /// The number of times that the step was planned again after it had ended, which is the number of its
    /// last further execution.
    pub reruns: u32,
    /// The slot of its sender's rate limit that the step waits for.
    pub slot: Option<DateTime<Utc>>,
    /// The amount that the last attempt has reserved, or cost.
    pub reserved: Option<Reservation>,
}

/// The state of a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum StepState {
    /// No invocation holds the step.
    #[default]
    Planned,
    /// An invocation holds it and may be talking to the provider.
    Claimed(Claim),
    /// The provider may or may not have taken it.
    Unknown(LostResponse),
    /// It has ended.
    Decided(Decision),
}

/// An invocation's right to send a step once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The id of the claim, derived from the invocation.
    pub id: String,
    /// The time of the claim.
    pub at: DateTime<Utc>,
}

/// An answer that was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostResponse {
    /// The claim under which the provider was called.
    pub claim: Claim,
    /// The time at which the answer was found to be lost.
    pub since: DateTime<Utc>,
}

/// The end of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The verdict that names the execution's terminal state.
    pub verdict: Verdict,
    /// The facts behind the verdict, for display.
    pub because: Because,
    /// The time of the decision.
    pub at: DateTime<Utc>,
}

/// The fact that holds the time of the claim of a step whose outcome stayed unknown.
const CLAIMED_AT: &str = "claimed_at";

impl Decision {
    /// Returns the time of the claim under which a provider may have taken the text; `None` unless the
    /// outcome stayed unknown. Stored items hold this time as a fact only, so it is read back here and
    /// nowhere else.
    #[must_use]
    pub fn claimed_at(&self) -> Option<DateTime<Utc>> {
        if self.verdict != Verdict::HeldUnknownOutcome {
            return None;
        }
        self.because.get(CLAIMED_AT)?.as_str()?.parse().ok()
    }
}

impl Progress {
    /// Returns the verdict, if the step has ended.
    #[must_use]
    pub const fn verdict(&self) -> Option<Verdict> {
        match &self.state {
            StepState::Decided(decision) => Some(decision.verdict),
            _ => None,
        }
    }

    /// Returns whether the step was sent, as far as a text that follows it is concerned: a lost answer counts
    /// as sent, because the customer may have it. A step that is still put off does not count: a text
    /// that asks about another one makes no sense before it.
    #[must_use]
    pub const fn counts_as_sent(&self) -> bool {
        match &self.state {
            StepState::Planned => false,
            StepState::Claimed(_) | StepState::Unknown(_) => true,
            StepState::Decided(decision) => {
                matches!(decision.verdict, Verdict::Sent | Verdict::HeldUnknownOutcome)
            }
        }
    }

    /// Returns the next progress of the step after an event, and the effect to carry out once it is stored.
    #[must_use]
    pub fn on(&self, event: StepEvent, now: DateTime<Utc>) -> (Self, Effect) {
        match (&self.state, event) {
            (_, StepEvent::Attested { attempt, evidence }) => self.attested(attempt, evidence, now),
            (StepState::Decided(_), StepEvent::Answered { .. }) => (self.clone(), Effect::Nothing),
            (StepState::Decided(_), _) => (self.clone(), Effect::Answer),
            (StepState::Planned, StepEvent::Blocked(verdict, because)) => self.decided(verdict, because, now),
            (StepState::Planned, StepEvent::Visited { due, .. }) if now < due => {
                (self.clone(), Effect::Wait(due, Because::fact("early", true)))
            }
            (StepState::Planned, StepEvent::Visited { invocation, switch, deadline, .. }) => {
                self.visited(invocation, switch, deadline, now)
            }
            (StepState::Planned, StepEvent::Postponed(until, because)) => {
                (self.clone(), Effect::Wait(until, because))
            }
            (StepState::Planned, StepEvent::Paced(slot, because)) => {
                (Self { slot: Some(slot), ..self.clone() }, Effect::Wait(slot, because))
            }
            (StepState::Claimed(claim), StepEvent::OverBudget { invocation, because })
                if claim.id == invocation =>
            {
                self.decided(Verdict::BlockedBudget, because.and("attempt", self.attempt), now)
            }
            (_, StepEvent::OverBudget { .. }) => (self.clone(), Effect::Nothing),
            (StepState::Planned, StepEvent::Answered { .. }) => (self.clone(), Effect::Nothing),
            (
                StepState::Claimed(claim),
                StepEvent::Visited { .. }
                | StepEvent::Blocked(..)
                | StepEvent::Postponed(..)
                | StepEvent::Paced(..),
            ) => self.found_claimed(claim, now),
            (
                StepState::Unknown(lost),
                StepEvent::Visited { .. }
                | StepEvent::Blocked(..)
                | StepEvent::Postponed(..)
                | StepEvent::Paced(..),
            ) => self.await_evidence(lost, now),
            (
                StepState::Claimed(claim) | StepState::Unknown(LostResponse { claim, .. }),
                StepEvent::Answered { invocation, outcome, deadline, provider, further },
            ) => {
                if claim.id == invocation {
                    self.answered(claim, outcome, deadline, (provider, further), now)
                } else {
                    (self.clone(), Effect::Nothing)
                }
            }
        }
    }

    fn visited(
        &self,
        invocation: String,
        switch: Switch,
        deadline: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> (Self, Effect) {
        match switch {
            Switch::On => {
                let state = StepState::Claimed(Claim { id: invocation, at: now });
                let next =
                    Self { state, attempt: self.attempt + 1, slot: None, reserved: None, ..self.clone() };
                (next, Effect::CallProvider)
            }
            Switch::Shadow => self.decided(Verdict::Shadowed, Because::fact("switch", "shadow"), now),
            Switch::Paused => self.deferred(Because::fact("switch", "paused"), deadline, now),
            Switch::Unreadable => self.deferred(Because::fact("switch", "unreadable"), deadline, now),
        }
    }

    fn found_claimed(&self, claim: &Claim, now: DateTime<Utc>) -> (Self, Effect) {
        if now - claim.at < CLAIM_LIFETIME {
            return (self.clone(), Effect::TryAgainSoon);
        }
        let lost = LostResponse { claim: claim.clone(), since: now };
        let because = Because::fact("unknown", "the invocation that called the provider did not come back");
        let wait = evidence_wait(&lost, now, because);
        (Self { state: StepState::Unknown(lost), ..self.clone() }, wait)
    }

    fn await_evidence(&self, lost: &LostResponse, now: DateTime<Utc>) -> (Self, Effect) {
        let because = Because::fact("unknown", "no evidence yet");
        match evidence_wait(lost, now, because) {
            Effect::Nothing => self.decided(
                Verdict::HeldUnknownOutcome,
                Because::fact("unknown_since", to_rfc3339(lost.since))
                    .and(CLAIMED_AT, to_rfc3339(lost.claim.at))
                    .and("attempt", self.attempt)
                    .explained(format!(
                        "The provider's answer to attempt {} was lost at {} and no receipt came within 72 minutes, so the text may or may not have been delivered; it is not sent again by itself.",
                        self.attempt,
                        to_rfc3339(lost.since)
                    )),
                now,
            ),
            wait => (self.clone(), wait),
        }
    }

    fn answered(
        &self,
        claim: &Claim,
        outcome: SendOutcome,
        deadline: DateTime<Utc>,
        (provider, further): (Provider, bool),
        now: DateTime<Utc>,
    ) -> (Self, Effect) {
        match outcome {
            SendOutcome::Accepted { message } => self.decided(
                Verdict::Sent,
                Because::fact("provider", message.provider)
                    .and("provider_message_id", message.id)
                    .and("attempt", self.attempt),
                now,
            ),
            SendOutcome::Rejected { refusal: Refusal::OptedOut, because } => {
                self.decided(Verdict::SkippedOptedOut, because.and("attempt", self.attempt), now)
            }
            SendOutcome::Rejected { refusal: Refusal::Provider, because } if further => {
                self.turned_away(provider, false, because)
            }
            // One of the others may take it later.
            SendOutcome::Rejected { refusal: Refusal::Provider, because }
                if self.tried.iter().any(|tried| tried.may_take_it_later) =>
            {
                self.deferred(because, deadline, now)
            }
            SendOutcome::Rejected { because, .. } => {
                let because = because.and("attempt", self.attempt);
                self.decided(Verdict::RejectedByProvider, self.with_tried(because), now)
            }
            SendOutcome::NotSent { because, .. } if further => self.turned_away(provider, true, because),
            SendOutcome::NotSent { because, .. } => self.deferred(because, deadline, now),
            SendOutcome::Unknown { because } => {
                let lost = LostResponse { claim: claim.clone(), since: now };
                let wait = evidence_wait(&lost, now, because);
                (Self { state: StepState::Unknown(lost), ..self.clone() }, wait)
            }
        }
    }

    /// Planned for the next provider: the claim is over, and the next one is checked like the first.
    fn turned_away(&self, provider: Provider, may_take_it_later: bool, because: Because) -> (Self, Effect) {
        let mut next = Self { state: StepState::Planned, ..self.clone() };
        next.tried.push(TriedProvider { provider, may_take_it_later, because });
        (next, Effect::TryNextProvider)
    }

    /// The facts, with those about the providers that were asked before.
    fn with_tried(&self, because: Because) -> Because {
        if self.tried.is_empty() {
            return because;
        }
        let before = self.tried.iter().map(|tried| tried.because.facts().clone());
        because.and("asked_before", before.collect::<Vec<_>>())
    }

    /// Puts the step off: 60, 120, 240 s, then every 15 minutes, with one last try at the deadline.
    fn deferred(&self, because: Because, deadline: DateTime<Utc>, now: DateTime<Utc>) -> (Self, Effect) {
        if now >= deadline {
            return self.decided(Verdict::ExpiredTooLate, because.and("deadline", to_rfc3339(deadline)), now);
        }
        let pause = match self.deferrals {
            0 => TimeDelta::seconds(60),
            1 => TimeDelta::seconds(120),
            2 => TimeDelta::seconds(240),
            _ => TimeDelta::minutes(15),
        };
        let due = ceil_to_second(now + pause).min(deadline);
        let next = Self {
            state: StepState::Planned,
            deferrals: self.deferrals.saturating_add(1),
            tried: Vec::new(),
            ..self.clone()
        };
        let because = because.and("attempt", self.attempt).and("deferrals", self.deferrals + 1);
        (next, Effect::Wait(due, self.with_tried(because)))
    }

    fn decided(&self, verdict: Verdict, because: Because, now: DateTime<Utc>) -> (Self, Effect) {
        let state = StepState::Decided(Decision { verdict, because, at: now });
        (Self { state, ..self.clone() }, Effect::Answer)
    }
}

/// Returns the wait until evidence for a lost answer is looked for again; `Nothing` after the last wait.
fn evidence_wait(lost: &LostResponse, now: DateTime<Utc>, because: Because) -> Effect {
    let since = ceil_to_second(lost.since);
    EVIDENCE_WAITS.iter().map(|wait| since + *wait).find(|due| *due > now).map_or(Effect::Nothing, |due| {
        Effect::Wait(due, because.and("unknown_since", to_rfc3339(lost.since)))
    })
}

#[cfg(test)]
mod tests;
