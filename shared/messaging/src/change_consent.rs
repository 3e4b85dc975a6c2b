//! Changes the consent of a customer.

use crate::conversation::consent::ConsentChange;
use crate::ports::{Consents, Unavailable};
use crate::values::phone::PhoneNumber;

/// The result of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentOutcome {
    /// The change is stored.
    Stored,
    /// The same consent was already stored.
    Already,
}

/// Stores a change of consent, unless the same consent is already stored.
///
/// # Errors
/// When the store cannot be reached. The caller repeats the call.
pub async fn change_consent(
    consents: &impl Consents,
    phone: &PhoneNumber,
    change: &ConsentChange,
) -> Result<ConsentOutcome, Unavailable> {
    if consents.consent(phone).await?.has(change) {
        return Ok(ConsentOutcome::Already);
    }
    consents.change(phone, change).await.map(|()| ConsentOutcome::Stored)
}
