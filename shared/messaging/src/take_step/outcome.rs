//! The results of a visit and of one round of it.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::ports::Unavailable;
use crate::values::verdict::{Because, Verdict};

/// The result of a visit.
#[derive(Debug, Clone, PartialEq)]
pub enum VisitOutcome {
    /// The step has ended with this verdict.
    Decided(Verdict, Because),
    /// The state machine waits until this instant and visits the step again.
    Wait(DateTime<Utc>, Because),
    /// The execution names something that does not exist. This is not a verdict: the state machine
    /// ends the execution as `EndedOther`.
    MissingTarget(MissingTarget),
}

/// The part of an execution's input that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingTarget {
    /// The conversation has expired, was erased or was never stored.
    ConversationNotFound,
    /// The conversation has no step of that name.
    StepNotFound,
}

impl MissingTarget {
    /// The name in the execution's output, in the place of a verdict.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConversationNotFound => "ConversationNotFound",
            Self::StepNotFound => "StepNotFound",
        }
    }
}

/// An error after which the state machine repeats the visit in a moment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Transient {
    /// Our own store could not be reached.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The provider was called and its answer could not be recorded. This is not `Unavailable`,
    /// because a visit must not start over after it: its claim has been used.
    #[error("the provider's answer could not be recorded: {0}")]
    Unrecorded(Unavailable),
    /// Another invocation holds the step and may be calling the provider.
    #[error("another invocation is sending this step")]
    ClaimedElsewhere,
    /// The conversation kept changing during the visit.
    #[error("the conversation changed too often during one visit")]
    Contended,
}

/// The result of one round: one reading, one decision, one write.
pub(super) enum Round {
    /// The visit is over.
    Ended(VisitOutcome),
    /// Something changed between the reading and the write. The next round reads again.
    Overtaken,
    /// The provider turned the text away. The next round tries the next provider.
    NextProvider,
}
