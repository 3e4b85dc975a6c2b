//! The port of customers' consent.

use std::future::Future;

use super::unavailable::Unavailable;
use crate::conversation::consent::{Consent, ConsentChange};
use crate::values::phone::PhoneNumber;

/// The consent of customers, and the history of its changes.
pub trait Consents: Send + Sync {
    /// Returns the present consent of a phone.
    ///
    /// # Errors
    /// MUST be strongly consistent.
    fn consent(&self, phone: &PhoneNumber) -> impl Future<Output = Result<Consent, Unavailable>> + Send;

    /// Stores a change, and keeps it with its cause.
    ///
    /// # Errors
    /// MUST be all or nothing. MUST NOT let the present consent expire.
    fn change(
        &self,
        phone: &PhoneNumber,
        change: &ConsentChange,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Returns every change, the oldest first; those of STOP, of START and of operators among them.
    ///
    /// # Errors
    /// MUST be strongly consistent.
    fn history(
        &self,
        phone: &PhoneNumber,
    ) -> impl Future<Output = Result<Vec<ConsentChange>, Unavailable>> + Send;
}
