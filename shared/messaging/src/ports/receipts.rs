//! The port of delivery receipts.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::conversations::WriteOutcome;
use super::unavailable::Unavailable;
use crate::conversation::delivery::{AttemptPrice, Delivery};
use crate::conversation::receipt::{AttemptId, Receipt};
use crate::conversation::{Conversation, Step};
use crate::values::ids::StepName;
use crate::values::provider::Provider;

/// The providers' reports about texts that left.
pub trait Receipts: Send + Sync {
    /// Returns the attempt that a provider's message belongs to.
    ///
    /// # Errors
    /// MUST answer `None` for a message that is not ours.
    fn attempt_of(
        &self,
        provider: Provider,
        message_id: &str,
    ) -> impl Future<Output = Result<Option<AttemptId>, Unavailable>> + Send;

    /// Stores the delivery status of a step's text.
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

    /// Stores the prices of a step's attempts over those that were read.
    ///
    /// # Errors
    /// MUST answer `Overtaken` when other prices are stored by now, or when the reservation of
    /// the last attempt was stored or removed since. MUST NOT touch anything else, nor create a conversation that
    /// is absent. An error leaves open whether it was stored.
    fn note_prices(
        &self,
        conversation: &Conversation,
        step: &Step,
        prices: &[AttemptPrice],
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + Send;

    /// Keeps a receipt that belongs to no step, or is of an unknown kind; the same receipt once.
    ///
    /// # Errors
    /// MUST NOT answer before it is stored.
    fn keep_receipt(
        &self,
        receipt: &Receipt,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;
}
