//! Changing what a customer has agreed to.

use crate::conversation::consent::ConsentChange;
use crate::ports::{Consents, Unavailable};
use crate::values::phone::PhoneNumber;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentOutcome {
    /// It is stored.
    Stored,
    /// It was so already.
    Already,
}

/// Makes a change, once.
///
/// # Errors
/// When the store cannot be reached: the caller repeats.
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
