//! What has taken effect: written down by the ports where it does, so that whoever checks the
//! promises need not trust the code that keeps them.

use chrono::{DateTime, Utc};

use crate::conversation::Step;
use crate::conversation::consent::ConsentChange;
use crate::conversation::step::StepState;
use crate::values::ids::{ConversationId, StepName};
use crate::values::phone::PhoneNumber;

/// A fact and when it became one.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedFact {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub fact: Fact,
}

/// Something that took effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A conversation is in the table, with its plan.
    Stored {
        /// Which.
        conversation: ConversationId,
        /// Whose.
        phone: PhoneNumber,
        /// Its steps, as planned.
        steps: Vec<Step>,
    },
    /// An execution runs.
    Started {
        /// Its name.
        execution: String,
    },
    /// A conversation was cancelled, or superseded, perhaps before it was stored.
    Ended {
        /// Which.
        conversation: ConversationId,
        /// By a newer booking; else it was cancelled.
        superseded: bool,
    },
    /// A real reply counts for a conversation.
    Replied {
        /// Which.
        conversation: ConversationId,
    },
    /// A phone wants no texts.
    OptedOut {
        /// Whose.
        phone: PhoneNumber,
    },
    /// A phone wants texts again.
    OptedIn {
        /// Whose.
        phone: PhoneNumber,
    },
    /// What a phone has agreed to has changed.
    Consented {
        /// Whose.
        phone: PhoneNumber,
        /// How.
        change: ConsentChange,
    },
    /// A step moved.
    Moved {
        /// Which conversation.
        conversation: ConversationId,
        /// Which step.
        step: StepName,
        /// Where it stands now.
        to: StepState,
        /// The number of its last attempt.
        attempt: u32,
    },
    /// The provider was called.
    Called {
        /// For which conversation.
        conversation: ConversationId,
        /// For which step.
        step: StepName,
        /// Under which attempt.
        attempt: u32,
    },
    /// A place in a sender's schedule was given to a text.
    SlotAcquired {
        /// The second.
        slot: DateTime<Utc>,
    },
    /// A text left for the phone.
    Delivered {
        /// Of which conversation.
        conversation: ConversationId,
        /// Of which step.
        step: StepName,
        /// Under which attempt.
        attempt: u32,
    },
    /// The provider reports that a text did not arrive and may be tried again.
    Lost {
        /// Of which conversation.
        conversation: ConversationId,
        /// Of which step.
        step: StepName,
        /// Under which attempt.
        attempt: u32,
    },
    /// Words outside journeys reached the phone: the confirmation of an opt-out.
    Noticed {
        /// Whose.
        phone: PhoneNumber,
    },
}
