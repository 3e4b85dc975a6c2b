//! The delivery of a step's last attempt, as its provider reports it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The delivery status of a text, in the words that are reported to sources.
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
    /// The provider has given up waiting for a result.
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
    /// Every status, in the order of the enum.
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

    /// Returns the position in the order; persisted. Failures come last, so that nothing follows them.
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

    /// Returns the rank below which a known status is replaced by this one. Each status replaces the earlier
    /// ones. A failure replaces everything before an arrival, because a text that has arrived cannot fail.
    #[must_use]
    pub const fn replaces_below(self) -> u8 {
        if self.is_failure() { ARRIVED } else { self.rank() }
    }

    /// Returns whether the text certainly did not arrive.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Undelivered | Self::Failed | Self::Canceled)
    }

    /// Returns the name as it is stored and reported.
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

/// The provider's report about a step's last attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The number of the attempt.
    pub attempt: u32,
    /// The reported status.
    pub status: DeliveryStatus,
    /// The provider's code or reason for a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The time of the report.
    pub at: DateTime<Utc>,
}

impl Delivery {
    /// Returns whether this report replaces the known one: always if it is about a later attempt, and for
    /// the same attempt if its status is further on.
    #[must_use]
    pub fn replaces(&self, known: Option<&Self>) -> bool {
        known.is_none_or(|known| {
            self.attempt > known.attempt
                || self.attempt == known.attempt && known.status.rank() < self.status.replaces_below()
        })
    }
}

/// The price of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptPrice {
    /// The number of the attempt.
    pub attempt: u32,
    /// The price in millionths of a US dollar, with the carrier's fee where the provider names it apart.
    pub micro_usd: u64,
}
