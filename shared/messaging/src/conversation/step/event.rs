//! Events in the life of a step, and their effects.

use chrono::{DateTime, Utc};

use super::{Evidence, SendOutcome, Switch};
use crate::values::provider::Provider;
use crate::values::verdict::{Because, Verdict};

/// An event in the life of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepEvent {
    /// The state machine visits, and nothing blocks the step except perhaps the switch.
    Visited {
        /// The id of the claim that this visit may make.
        invocation: String,
        /// The setting of the switch.
        switch: Switch,
        /// The due time of the step.
        due: DateTime<Utc>,
        /// The last instant at which the step may be claimed.
        deadline: DateTime<Utc>,
    },
    /// The state machine visits, and the step is blocked.
    Blocked(Verdict, Because),
    /// The state machine visits too early, and is to visit again at this instant.
    Postponed(DateTime<Utc>, Because),
    /// The state machine visits, and took the slot of the rate limit at this instant.
    Paced(DateTime<Utc>, Because),
    /// A spending limit is reached, so the provider was not called under the claim.
    OverBudget {
        /// The id of the claim.
        invocation: String,
        /// The limit that is reached.
        because: Because,
    },
    /// The provider answered the call under a claim.
    Answered {
        /// The id of the claim.
        invocation: String,
        /// The outcome of the call.
        outcome: SendOutcome,
        /// The last instant at which the step may be claimed.
        deadline: DateTime<Utc>,
        /// The provider that was called.
        provider: Provider,
        /// Whether a further provider can be tried.
        further: bool,
    },
    /// Evidence shows the outcome of an attempt.
    Attested {
        /// The number of the attempt.
        attempt: u32,
        /// The evidence about it.
        evidence: Evidence,
    },
}

/// The effect to carry out after the new state has been stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Answer with the decision that the state holds.
    Answer,
    /// Call the provider: the state holds the claim.
    CallProvider,
    /// Try the next provider: the step is planned again for it.
    TryNextProvider,
    /// Start the step's further execution of this number: the step is planned again for it.
    StartAgain(u32),
    /// Visit again at this instant.
    Wait(DateTime<Utc>, Because),
    /// Another invocation holds the step: visit again in a moment (an error for the state machine's Retry).
    TryAgainSoon,
    /// Do nothing: the event came too late to matter.
    Nothing,
}
