//! The port of randomness.

use super::unavailable::Unavailable;

/// A source of randomness.
pub trait Randomness: Send + Sync {
    /// Fills a buffer with bytes that cannot be guessed.
    ///
    /// # Errors
    /// When there are none. MUST NOT fill in anything less instead.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable>;
}

/// Returns a unique id: 128 random bits in hexadecimal.
///
/// # Errors
/// When there is no randomness.
pub fn random_id(randomness: &impl Randomness) -> Result<String, Unavailable> {
    let mut bytes = [0_u8; 16];
    randomness.fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}
