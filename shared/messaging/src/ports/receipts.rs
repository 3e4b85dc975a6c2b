//! Ports of what providers report.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::conversations::WriteOutcome;
use super::unavailable::Unavailable;
use crate::conversation::delivery::{AttemptPrice, Delivery};
use crate::conversation::receipt::{AttemptId, Receipt};
use crate::conversation::{Conversation, Step};
use crate::values::ids::StepName;
use crate::values::provider::Provider;

/// What has become of texts that left.
pub trait Receipts: Send + Sync {
    /// The attempt that a provider's message was.
    ///
    /// # Errors
    /// MUST answer `None` for a message that is not ours.
    fn attempt_of(
        &self,
        provider: Provider,
        message_id: &str,
    ) -> impl Future<Output = Result<Option<AttemptId>, Unavailable>> + Send;

    /// Notes on a step how far its text has come.
    ///
    /// # Errors
    /// MUST keep what is further on ([`Delivery::replaces`]) and answer `Overtaken` then. MUST NOT touch
    /// the step's progress, nor create a conversation that is absent.
    fn note_delivery(
        &self,
        conversation: &Conversation,
        step: &StepName,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + Send;

    /// Notes what a step's attempts have cost, in the place of what was noted when it was read.
    ///
    /// # Errors
    /// MUST answer `Overtaken` when other prices are noted by now, or when what the last attempt has
    /// reserved has become known or has gone since. MUST NOT touch anything else, nor create a conversation that
    /// is absent. An error leaves open whether it was noted.
    fn note_prices(
        &self,
        conversation: &Conversation,
        step: &Step,
        prices: &[AttemptPrice],
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + Send;

    /// Keeps a receipt that belongs to no step, or is of a kind that is not known; the same one once.
    ///
    /// # Errors
    /// MUST NOT answer before it is stored.
    fn keep_receipt(
        &self,
        receipt: &Receipt,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;
}
