//! What the use cases need of the outside world. Small traits; their contracts are MUSTs, and every
//! implementation (the real adapters, the simulator's) is held to the same tests.

mod codes;
mod consents;
mod conversations;
mod erasure;
mod inbox;
mod receipts;
mod senders;
mod sending;

use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use thiserror::Error;

pub use codes::{CodeTexts, Codes, Randomness};
pub use consents::Consents;
pub use conversations::{Acceptance, Cancelling, Claiming, Conversations, Ended, Ending, Learned, Written};
pub use erasure::{ErasedConversation, Erasure, InboundId, Traces};
pub use inbox::{
    ConfirmationChange, Inbox, OptOutChange, Quarantine, QuarantinedEvent, Receiving, StoredInbound,
};
pub use receipts::Receipts;
pub use senders::{Form, Notices, OutboundText, Sender};
pub use sending::{Purses, Schedules, SendingRules};

use crate::ids::{ConversationId, StepName};
use crate::journeys::Journeys;
use crate::secret::SecretText;
use crate::step::Switch;

/// A dependency of ours could not be reached, or did not say what it did. The message names the
/// operation and the kind of failure, never data.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{operation}: {reason}")]
pub struct Unavailable {
    /// Which operation: `dynamodb:TransactWriteItems`.
    pub operation: &'static str,
    /// What happened, in a word: `timeout`, `throttled`, `conflict`, an error code.
    pub reason: String,
}

/// Starts executions of the state machine.
pub trait Executions: Send + Sync {
    /// Starts the execution of a step.
    ///
    /// # Errors
    /// MUST succeed when that execution exists already, whatever has become of it.
    fn start(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        due: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Starts a step's further execution of that number (from 1). MUST answer [`Started::Waits`] when it
    /// exists already, runs, and has the same due time.
    ///
    /// # Errors
    /// When Step Functions cannot be reached, or did not answer: it may have been started.
    fn start_again(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        number: u32,
        due: DateTime<Utc>,
    ) -> impl Future<Output = Result<Started, Unavailable>> + Send;
}

/// What became of the start of a further execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It waits for its due time.
    Waits,
    /// There has been one of that number with another due time, or one that has ended.
    NumberTaken,
}

/// The operators' switch.
pub trait SendingSwitch: Send + Sync {
    /// What it says, at most 30 s old; `Unreadable` when that cannot be found out.
    fn read(&self) -> impl Future<Output = Switch> + Send;
}

/// Where keys and tokens come from: named entries, each a list with the newest first, so that a key
/// can be replaced without downtime.
pub trait KeyRing: Send + Sync {
    /// The keys of an entry; empty when there is no such entry.
    ///
    /// # Errors
    /// When the keys cannot be had.
    fn keys(&self, entry: &str) -> impl Future<Output = Result<Vec<SecretText>, Unavailable>> + Send;

    /// Called when no key fitted: fetches the keys anew, and says whether it did. MUST fetch at most
    /// every 30 s, or a stranger's wrong keys would become our calls to the secret store.
    ///
    /// # Errors
    /// When the keys cannot be had.
    fn refresh(&self) -> impl Future<Output = Result<bool, Unavailable>> + Send;
}

/// Where the journeys come from.
pub trait JourneySource: Send + Sync {
    /// The current journeys and their version, at most 60 s old.
    ///
    /// # Errors
    /// When none can be had.
    fn current(&self) -> impl Future<Output = Result<CurrentJourneys, Unavailable>> + Send;
}

/// The journeys in force.
#[derive(Debug, Clone)]
pub struct CurrentJourneys {
    /// Their version.
    pub version: String,
    /// The file.
    pub journeys: Arc<Journeys>,
}

impl<K: KeyRing> KeyRing for Arc<K> {
    fn keys(&self, entry: &str) -> impl Future<Output = Result<Vec<SecretText>, Unavailable>> + Send {
        (**self).keys(entry)
    }

    fn refresh(&self) -> impl Future<Output = Result<bool, Unavailable>> + Send {
        (**self).refresh()
    }
}
