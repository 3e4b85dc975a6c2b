//! Changing what a customer has agreed to.

use crate::conversation::consent::ConsentChange;
use crate::ports::{Consents, Unavailable};
use crate::values::phone::PhoneNumber;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
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
) -> Result<Changed, Unavailable> {
    if consents.consent(phone).await?.has(change) {
        return Ok(Changed::Already);
    }
    consents.change(phone, change).await.map(|()| Changed::Stored)
}
