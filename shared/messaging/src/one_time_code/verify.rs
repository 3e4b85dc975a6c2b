//! Verifies a code. A wrong, expired, used, locked or unknown code gets the same answer after the same work.

use crate::ports::random_id;
use crate::ports::{Codes, Randomness, Unavailable, WriteOutcome};
use crate::values::clock::Clock;
use crate::values::one_time_code::{CodeHash, CodeSlot, MAX_ATTEMPTS, OneTimeCode, TriedCode};
use crate::values::secret::SecretText;

/// The use case with its ports.
pub struct VerifyCode<'a, C, R, K> {
    /// The table with the codes.
    pub codes: &'a C,
    /// Names each verification, so that a repeated write of it counts as the same.
    pub randomness: &'a R,
    /// The clock that ends a code's validity.
    pub clock: &'a K,
}

impl<C: Codes, R: Randomness, K: Clock> VerifyCode<'_, C, R, K> {
    /// Returns whether this is the last code that was issued for this phone and purpose, is still valid,
    /// was tried fewer than [`MAX_ATTEMPTS`] times and has not been used. If so, the code is used up. The
    /// attempt is counted before the code is compared: concurrent guesses count like successive ones.
    ///
    /// `keys` are the keys under which the code may have been hashed.
    ///
    /// # Errors
    /// When the store cannot be reached. The attempt may have been counted.
    pub async fn verify(
        &self,
        slot: &CodeSlot,
        code: &OneTimeCode,
        keys: &[SecretText],
    ) -> Result<bool, Unavailable> {
        let by = random_id(self.randomness)?;
        let tried = self.codes.try_code(slot, MAX_ATTEMPTS, self.clock.now()).await?;
        let id = tried.as_ref().map_or(by.as_str(), |tried| tried.id.as_str());
        // Hashed with every key and without an early end, even where there is nothing to compare with.
        let mut matches = false;
        for key in keys {
            let given = CodeHash::of(key, slot, id, code);
            let stored = tried.as_ref().map_or(given, |tried: &TriedCode| tried.hash);
            matches |= given.matches(&stored);
        }
        match tried {
            Some(tried) if matches => {
                Ok(self.codes.use_code(slot, &tried.id, &by).await? == WriteOutcome::Done)
            }
            _ => Ok(false),
        }
    }
}
