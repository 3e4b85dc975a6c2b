//! Effects of port calls. The ports record them, so that a check of the invariants does not have to trust the code under
//! test.

use chrono::{DateTime, Utc};

use crate::conversation::Step;
use crate::conversation::consent::ConsentChange;
use crate::conversation::step::StepState;
use crate::values::ids::{ConversationId, StepName};
use crate::values::phone::PhoneNumber;

/// A fact with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedFact {
    /// The instant at which it took effect.
    pub at: DateTime<Utc>,
    /// The effect.
    pub fact: Fact,
}

/// An effect of a port call.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A conversation is stored with its plan.
    Stored {
        /// The id of the conversation.
        conversation: ConversationId,
        /// The number of the phone.
        phone: PhoneNumber,
        /// The steps of its plan.
        steps: Vec<Step>,
    },
    /// An execution was started.
    Started {
        /// The name of the execution.
        execution: String,
    },
    /// A conversation was cancelled, or superseded, perhaps before it was stored.
    Ended {
        /// The id of the conversation.
        conversation: ConversationId,
        /// Whether it was superseded by another booking; otherwise it was cancelled.
        superseded: bool,
    },
    /// A reply was stored in a conversation.
    Replied {
        /// The id of the conversation.
        conversation: ConversationId,
    },
    /// A phone has opted out of all texts.
    OptedOut {
        /// The number of the phone.
        phone: PhoneNumber,
    },
    /// A phone has opted in again.
    OptedIn {
        /// The number of the phone.
        phone: PhoneNumber,
    },
    /// The consent of a phone has changed.
    Consented {
        /// The number of the phone.
        phone: PhoneNumber,
        /// The change.
        change: ConsentChange,
    },
    /// The progress of a step has changed.
    Moved {
        /// The id of the conversation.
        conversation: ConversationId,
        /// The name of the step.
        step: StepName,
        /// The state that it has now.
        to: StepState,
        /// The number of its last attempt.
        attempt: u32,
    },
    /// The provider was called.
    Called {
        /// The id of the conversation.
        conversation: ConversationId,
        /// The name of the step.
        step: StepName,
        /// The number of the attempt.
        attempt: u32,
    },
    /// A slot of a rate limiter was acquired for a text.
    SlotAcquired {
        /// The second of the slot.
        slot: DateTime<Utc>,
    },
    /// A text was delivered to the phone.
    Delivered {
        /// The id of the conversation.
        conversation: ConversationId,
        /// The name of the step.
        step: StepName,
        /// The number of the attempt.
        attempt: u32,
    },
    /// The provider reports that a text did not arrive and may be tried again.
    Lost {
        /// The id of the conversation.
        conversation: ConversationId,
        /// The name of the step.
        step: StepName,
        /// The number of the attempt.
        attempt: u32,
    },
    /// The confirmation of an opt-out, or a one-time code, was sent to the phone.
    Noticed {
        /// The number of the phone.
        phone: PhoneNumber,
    },
}
