//! The outcome of a provider call, and the operators' switch.

use serde::{Deserialize, Serialize};

use crate::values::provider::Provider;
use crate::values::verdict::Because;

/// The setting of the operators' switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Send.
    On,
    /// Decide everything, send nothing.
    Shadow,
    /// Wait.
    Paused,
    /// It could not be read: wait, because an operator may have paused the service.
    Unreadable,
}

/// The outcome of a provider call.
#[derive(Debug, Clone, PartialEq)]
pub enum SendOutcome {
    /// The provider took the text.
    Accepted {
        /// Provider's name and message id, for receipts and replies.
        message: ProviderMessage,
    },
    /// The provider refused it for good.
    Rejected {
        /// The side that the refusal is about.
        refusal: Refusal,
        /// The provider and its code, for display.
        because: Because,
    },
    /// It certainly was not sent; trying again later is safe.
    NotSent {
        /// The reason, for decisions and errors.
        reason: NotSentReason,
        /// The provider and the reason, for display.
        because: Because,
    },
    /// It may have been sent.
    Unknown {
        /// The provider and the reason, for display.
        because: Because,
    },
}

/// The reason why a text certainly was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSentReason {
    /// The provider did not take it now: throttled, a full queue, a conflict.
    TurnedAway,
    /// No connection to the provider could be made.
    NoConnection,
    /// The request could not be built, for example because the credentials could not be read; the error's text.
    RequestNotBuilt(String),
    /// The spending limits could not be checked.
    LimitsUnavailable,
    /// The customer's data was erased before the call.
    Erased,
    /// The provider gave no reason.
    Unspecified,
}

impl NotSentReason {
    /// The reason as it appears in `because` and in errors.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::TurnedAway => "turned away",
            Self::NoConnection => "no connection",
            Self::RequestNotBuilt(error) => error,
            Self::LimitsUnavailable => "the money limits could not be checked",
            Self::Erased => "erased",
            Self::Unspecified => "not sent",
        }
    }
}

impl SendOutcome {
    /// Returns `NotSent` with the reason as a further fact of `because`.
    #[must_use]
    pub fn not_sent(reason: NotSentReason, because: Because) -> Self {
        let because = because.and("reason", reason.as_str());
        Self::NotSent { reason, because }
    }
}

/// The kind of a final refusal. It decides whether another provider is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The customer has opted out: no provider may text them.
    OptedOut,
    /// The number or the words: no provider will take it.
    Text,
    /// The provider's own side: account, sender, route, limit. Another one may take it.
    Provider,
}

/// A message as the provider names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderMessage {
    /// `twilio`.
    pub provider: String,
    /// The provider's id of the message.
    pub id: String,
    /// The number or service it left from.
    pub from: Option<String>,
}

/// A provider that has turned the text away since it was last put off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TriedProvider {
    /// The provider that was tried.
    pub provider: Provider,
    /// Whether it may take the text later.
    pub may_take_it_later: bool,
    /// The facts of its answer.
    pub because: Because,
}
