//! The port of randomness.

use super::unavailable::Unavailable;

/// Where randomness comes from.
pub trait Randomness: Send + Sync {
    /// Fills a buffer with bytes that nobody can guess.
    ///
    /// # Errors
    /// When there are none. MUST NOT fill in anything less instead.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable>;
}

/// 128 random bits as text: unique.
pub fn random_id(randomness: &impl Randomness) -> Result<String, Unavailable> {
    let mut bytes = [0_u8; 16];
    randomness.fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}
