//! What happens to a step, and what is to be done then.

use chrono::{DateTime, Utc};

use super::{Evidence, SendOutcome, Switch};
use crate::values::provider::Provider;
use crate::values::verdict::{Because, Verdict};

/// What happens to a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepEvent {
    /// The state machine calls, and nothing stands in the way but perhaps the switch.
    Visited {
        /// Names the claim that this visit may make.
        invocation: String,
        /// What the switch says.
        switch: Switch,
        /// When the step is due.
        due: DateTime<Utc>,
        /// Until when the step may be claimed.
        deadline: DateTime<Utc>,
    },
    /// The state machine calls, and this stands in the way.
    Blocked(Verdict, Because),
    /// The state machine calls, and may do so again at that instant: it is not the time now.
    Postponed(DateTime<Utc>, Because),
    /// The state machine calls, and the sender has a place at that instant.
    Paced(DateTime<Utc>, Because),
    /// A money limit forbids what that invocation has claimed; the provider was not called.
    OverBudget {
        /// Whose claim.
        invocation: String,
        /// Which limit.
        because: Because,
    },
    /// The provider's answer to the claim of that invocation.
    Answered {
        /// Whose claim.
        invocation: String,
        /// What it said.
        outcome: SendOutcome,
        /// Until when the step may be claimed.
        deadline: DateTime<Utc>,
        /// Who was asked.
        provider: Provider,
        /// Whether another provider can be asked.
        further: bool,
    },
    /// It is known otherwise what became of an attempt.
    Attested {
        /// Which attempt.
        attempt: u32,
        /// What is known.
        evidence: Evidence,
    },
}

/// What is to be done after the new state has been stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Answer with the decision that the state holds.
    Answer,
    /// Call the provider: the state holds the claim.
    CallProvider,
    /// Ask the next provider: the state is planned anew for it.
    AskNext,
    /// Start the step's execution of that number: the state is planned anew for it.
    StartAgain(u32),
    /// Come back then.
    Wait(DateTime<Utc>, Because),
    /// Another invocation is at it: come back in a moment (an error for the state machine's Retry).
    TryAgainSoon,
    /// Nothing: the event came too late to matter.
    Nothing,
}
