//! Receipts: what a provider reports about a text after it has answered.
//!
//! They come in any order, more than once, days late, before the answer itself has been recorded, and
//! about texts that nobody knows. A receipt counts for its own attempt; what has been reached stays.

pub(crate) mod price;
mod record;
pub(crate) mod unrecorded;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::conversation::Step;
use crate::ids::{ConversationId, StepName};
use crate::limits::Dollars;
use crate::phone::PhoneNumber;
use crate::provider::Provider;

pub use price::{AttemptPrice, PriceFound, settle_found, settle_price};
pub use record::{Recorded, record};

/// One report of a provider's.
#[derive(Clone)]
pub struct Receipt {
    /// Whose.
    pub provider: Provider,
    /// The provider's id of the message.
    pub message_id: String,
    /// Our own ids, where the provider gives them back.
    pub about: Option<AttemptId>,
    /// What it says, as far as it is known.
    pub status: Option<DeliveryStatus>,
    /// What it says, in the provider's own word.
    pub said: String,
    /// The provider's code or reason for a failure.
    pub code: Option<String>,
    /// Whether it is a failure after which a second try is sensible and safe: the text did not arrive.
    pub retryable: bool,
    /// The provider says that the customer has opted out.
    pub opted_out: bool,
    /// The number or service of ours that the text left from.
    pub from: Option<String>,
    /// The customer, where the provider gives nothing else to go by.
    pub to: Option<PhoneNumber>,
    /// When the provider took the text, where it says.
    pub accepted_at: Option<DateTime<Utc>>,
    /// What the text has cost, where this report is the last word on it.
    pub price: Option<Dollars>,
    /// When it was reported.
    pub at: DateTime<Utc>,
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("provider", &self.provider)
            .field("message_id", &self.message_id)
            .field("said", &self.said)
            .finish_non_exhaustive()
    }
}

/// An attempt at a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptId {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its step.
    pub step: StepName,
    /// The number of the attempt.
    pub attempt: u32,
}

impl AttemptId {
    /// A step's last attempt.
    #[must_use]
    pub fn last_of(conversation: &ConversationId, step: &Step) -> Self {
        let attempt = step.progress.attempt;
        Self { conversation: conversation.clone(), step: step.name.clone(), attempt }
    }
}

/// How far a text has come, in the words that sources are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// The provider has it.
    Accepted,
    /// It leaves later.
    Scheduled,
    /// It waits at the provider.
    Queued,
    /// It is on its way to the carrier.
    Sending,
    /// The carrier has it.
    Sent,
    /// The provider has given up asking what became of it.
    Unknown,
    /// It is on the phone.
    Delivered,
    /// The customer has opened it.
    Read,
    /// The carrier or the phone did not take it.
    Undelivered,
    /// The provider could not send it.
    Failed,
    /// It was withdrawn.
    Canceled,
}

/// From this rank on nothing is expected but that the text is read.
const ARRIVED: u8 = 60;

impl DeliveryStatus {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Accepted,
        Self::Scheduled,
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Unknown,
        Self::Delivered,
        Self::Read,
        Self::Undelivered,
        Self::Failed,
        Self::Canceled,
    ];

    /// The place in the order; persisted. Failures come last, so that nothing follows them.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Accepted => 10,
            Self::Scheduled => 15,
            Self::Queued => 20,
            Self::Sending => 30,
            Self::Sent => 40,
            Self::Unknown => 50,
            Self::Delivered => ARRIVED,
            Self::Read => 70,
            Self::Undelivered | Self::Failed | Self::Canceled => 90,
        }
    }

    /// This replaces what has a lower rank than this: each status what comes before it; a failure
    /// everything before an arrival, because what has arrived cannot fail any more.
    #[must_use]
    pub const fn replaces_below(self) -> u8 {
        if self.is_failure() { ARRIVED } else { self.rank() }
    }

    /// Whether the text certainly did not arrive.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Undelivered | Self::Failed | Self::Canceled)
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }
}

/// What has been reported about a step's last attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which attempt.
    pub attempt: u32,
    /// How far it has come.
    pub status: DeliveryStatus,
    /// The provider's code or reason for a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// When that was reported.
    pub at: DateTime<Utc>,
}

impl Delivery {
    /// Whether this may take the place of what is known: a later attempt's always, the same attempt's
    /// if it is further on.
    #[must_use]
    pub fn replaces(&self, known: Option<&Self>) -> bool {
        known.is_none_or(|known| {
            self.attempt > known.attempt
                || self.attempt == known.attempt && known.status.rank() < self.status.replaces_below()
        })
    }
}

#[cfg(test)]
mod tests;
