//! Delivery receipts: reports of a provider about a text after it has answered.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Step;
use super::delivery::DeliveryStatus;
use crate::values::dollars::Dollars;
use crate::values::ids::{ConversationId, StepName};
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;

/// One report of a provider about a text.
#[derive(Clone)]
pub struct Receipt {
    /// The provider that reports.
    pub provider: Provider,
    /// The provider's id of the message.
    pub message_id: String,
    /// Our own ids, where the provider gives them back.
    pub about: Option<AttemptId>,
    /// The reported status; `None` for an unknown kind.
    pub status: Option<DeliveryStatus>,
    /// The status in the provider's own word.
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
    /// The time at which the provider took the text, if it is reported.
    pub accepted_at: Option<DateTime<Utc>>,
    /// The final price of the text, if this report has it.
    pub price: Option<Dollars>,
    /// The time of the report.
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
    /// The step of the conversation.
    pub step: StepName,
    /// The number of the attempt.
    pub attempt: u32,
}

impl AttemptId {
    /// Returns the id of a step's last attempt.
    #[must_use]
    pub fn last_of(conversation: &ConversationId, step: &Step) -> Self {
        let attempt = step.progress.attempt;
        Self { conversation: conversation.clone(), step: step.name.clone(), attempt }
    }
}
