//! Randomness of the operating system.

use messaging::ports::{Randomness, Unavailable};

/// The random number generator of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        let unavailable = |_| Unavailable { operation: "os:getrandom", reason: "no randomness".to_owned() };
        getrandom::fill(bytes).map_err(unavailable)
    }
}
