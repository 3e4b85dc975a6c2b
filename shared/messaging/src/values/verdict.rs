//! How a step ended, and because of what.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a step ended: the name of the execution's terminal state, letter for letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// The provider took the text.
    Sent,
    /// The customer had answered and the step is sent unless replied.
    SkippedCustomerReplied,
    /// The conversation was cancelled before the step was claimed.
    SkippedCancelled,
    /// A newer conversation took this one's place before the step was claimed.
    SkippedSuperseded,
    /// The customer had opted out.
    SkippedOptedOut,
    /// The text that this one follows was not sent.
    SkippedNothingSent,
    /// The deadline had passed.
    ExpiredTooLate,
    /// The service was in shadow mode: everything was decided, nothing was sent.
    Shadowed,
    /// The provider refused the text for good.
    RejectedByProvider,
    /// The provider's answer was lost and no evidence came: an operator decides.
    HeldUnknownOutcome,
    /// A money limit was reached.
    BlockedBudget,
}

impl Verdict {
    /// Every verdict, in the order of the state machine's terminal states.
    pub const ALL: [Self; 11] = [
        Self::Sent,
        Self::SkippedCustomerReplied,
        Self::SkippedCancelled,
        Self::SkippedSuperseded,
        Self::SkippedOptedOut,
        Self::SkippedNothingSent,
        Self::ExpiredTooLate,
        Self::Shadowed,
        Self::RejectedByProvider,
        Self::HeldUnknownOutcome,
        Self::BlockedBudget,
    ];

    /// The terminal state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "Sent",
            Self::SkippedCustomerReplied => "SkippedCustomerReplied",
            Self::SkippedCancelled => "SkippedCancelled",
            Self::SkippedSuperseded => "SkippedSuperseded",
            Self::SkippedOptedOut => "SkippedOptedOut",
            Self::SkippedNothingSent => "SkippedNothingSent",
            Self::ExpiredTooLate => "ExpiredTooLate",
            Self::Shadowed => "Shadowed",
            Self::RejectedByProvider => "RejectedByProvider",
            Self::HeldUnknownOutcome => "HeldUnknownOutcome",
            Self::BlockedBudget => "BlockedBudget",
        }
    }

    /// Whether it is certain that no text left: an operator may have such a step tried again.
    #[must_use]
    pub const fn is_provably_not_sent(self) -> bool {
        !matches!(self, Self::Sent | Self::HeldUnknownOutcome)
    }

    /// The verdict of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == name)
    }

    /// Whether the verdict ends the execution in a Fail state, which an operator is told about.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::RejectedByProvider | Self::HeldUnknownOutcome | Self::BlockedBudget)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The facts behind a verdict: ids, times, codes, names of rules. No personal data, because it is
/// shown in execution output.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Because(Map<String, Value>);

impl Because {
    /// One fact.
    #[must_use]
    pub fn fact(name: &str, value: impl Into<Value>) -> Self {
        Self::default().and(name, value)
    }

    /// One more fact.
    #[must_use]
    pub fn and(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// All facts.
    #[must_use]
    pub const fn facts(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A fact by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The sentence that a failed execution shows as its cause.
    #[must_use]
    pub fn explained(self, sentence: impl Into<String>) -> Self {
        self.and("explanation", sentence.into())
    }
}
