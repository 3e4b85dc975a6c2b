//! What the use cases need of the outside world. Small traits; their contracts are MUSTs, and every
//! implementation (the real adapters, the simulator's) is held to the same tests.

mod codes;
mod consents;
mod conversations;
mod erasure;
mod executions;
mod inbox;
mod randomness;
mod receipts;
mod senders;
mod sending;
mod settings;
mod unavailable;

pub use codes::{CodeTexts, Codes};
pub use consents::Consents;
pub use conversations::{Acceptance, Cancelling, Claiming, Conversations, Ended, Ending, Learned, Written};
pub use erasure::{ErasedConversation, Erasure, InboundId, Traces};
pub use executions::{Executions, Started};
pub use inbox::{
    ConfirmationChange, Inbox, OptOutChange, Quarantine, QuarantinedEvent, Receiving, StoredInbound,
};
pub use randomness::{Randomness, random_id};
pub use receipts::Receipts;
pub use senders::{Form, Notices, OutboundText, Sender};
pub use sending::{Purses, Schedules, SendingRules};
pub use settings::{CurrentJourneys, JourneySource, KeyRing, SendingSwitch};
pub use unavailable::Unavailable;
