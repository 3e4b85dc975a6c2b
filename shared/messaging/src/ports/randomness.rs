//! The port of randomness.

use super::unavailable::Unavailable;

/// A source of random bytes for codes and ids.
pub trait Randomness: Send + Sync {
    /// Fills a buffer with bytes that cannot be guessed.
    ///
    /// # Errors
    /// When no such bytes are available. MUST NOT fill the buffer with bytes that can be guessed.
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
