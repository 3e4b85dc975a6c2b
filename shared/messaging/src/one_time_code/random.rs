//! Draws codes at random.

use crate::ports::{Randomness, Unavailable};
use crate::values::one_time_code::OneTimeCode;

/// Returns a new code of `length` digits. All codes are equally likely.
///
/// # Errors
/// When there is no randomness. No code may be issued then.
pub(crate) fn random_code(length: u8, randomness: &impl Randomness) -> Result<OneTimeCode, Unavailable> {
    let mut digits = String::with_capacity(usize::from(length));
    let mut bytes = [0_u8; 32];
    while digits.len() < usize::from(length) {
        randomness.fill(&mut bytes)?;
        // 250 to 255 are discarded: with them 0 to 5 would be more likely than 6 to 9.
        let fair = bytes.iter().filter(|byte| **byte < 250).map(|byte| char::from(b'0' + byte % 10));
        digits.extend(fair.take(usize::from(length) - digits.len()));
    }
    Ok(OneTimeCode::of_digits(digits))
}
