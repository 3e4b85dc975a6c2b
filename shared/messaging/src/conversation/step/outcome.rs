//! What a provider said, and what an operator's switch says.

use serde::{Deserialize, Serialize};

use crate::values::provider::Provider;
use crate::values::verdict::Because;

/// What the operators' switch says.
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

/// What the provider said.
#[derive(Debug, Clone, PartialEq)]
pub enum SendOutcome {
    /// The provider took the text.
    Accepted {
        /// Provider's name and message id, for receipts and replies.
        message: ProviderMessage,
    },
    /// The provider refused it for good.
    Rejected {
        /// Whose fault it is.
        refusal: Refusal,
        /// Provider, code.
        because: Because,
    },
    /// It certainly was not sent; trying again later is safe.
    NotSent {
        /// Provider, reason.
        because: Because,
    },
    /// It may have been sent.
    Unknown {
        /// Provider, reason.
        because: Because,
    },
}

/// Why a provider refused a text for good. It decides whether another provider is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The customer has opted out: nobody is to text them.
    OptedOut,
    /// The number or the words: no provider will take it.
    Text,
    /// The provider's own: account, sender, route, limit. Another one may take it.
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
    /// Which.
    pub provider: Provider,
    /// Whether it may take the text later.
    pub may_take_it_later: bool,
    /// What it said.
    pub because: Because,
}
