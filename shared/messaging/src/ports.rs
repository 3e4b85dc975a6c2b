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
pub use conversations::{
    AcceptOutcome, BookingEnd, BookingEndOutcome, CancelOutcome, ClaimRequest, Conversations, ProviderReport,
    WriteOutcome,
};
pub use erasure::{ErasedConversation, Erasure, InboundId, Traces};
pub use executions::{Executions, StartOutcome};
pub use inbox::{
    ConfirmationChange, Inbox, OptOutChange, Quarantine, QuarantinedEvent, StoreOutcome, StoredInbound,
};
pub use randomness::{Randomness, random_id};
pub use receipts::Receipts;
pub use senders::{Form, Notices, OutboundText, Sender};
pub use sending::{Budgets, RateLimiters, SendingRules};
pub use settings::{CurrentJourneys, JourneySource, KeyRing, SendingSwitch};
pub use unavailable::Unavailable;
