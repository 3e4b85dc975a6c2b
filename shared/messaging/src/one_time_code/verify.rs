//! Verifying a code: one answer for wrong, expired, used, locked and unknown, and the same work for each.

use crate::ports::random_id;
use crate::ports::{Codes, Randomness, Unavailable, WriteOutcome};
use crate::values::clock::Clock;
use crate::values::one_time_code::{CodeHash, CodeSlot, MOST_ATTEMPTS, OneTimeCode, TriedCode};
use crate::values::secret::SecretText;

/// What verifying works with.
pub struct VerifyCode<'a, C, R, K> {
    /// The table.
    pub codes: &'a C,
    /// What names this verification, so that a repeated write of it counts as the same.
    pub randomness: &'a R,
    /// Time.
    pub clock: &'a K,
}

impl<C: Codes, R: Randomness, K: Clock> VerifyCode<'_, C, R, K> {
    /// Whether this is the code that was issued last for this phone and purpose, is good, has been tried
    /// fewer than [`MOST_ATTEMPTS`] times and not been used; then it is used now. The attempt is counted
    /// before the code is looked at: guesses side by side are as many as guesses in a row.
    ///
    /// `keys` are those under which it may have been hashed.
    ///
    /// # Errors
    /// When the store cannot be reached; the attempt may have been counted.
    pub async fn verify(
        &self,
        slot: &CodeSlot,
        code: &OneTimeCode,
        keys: &[SecretText],
    ) -> Result<bool, Unavailable> {
        let by = random_id(self.randomness)?;
        let tried = self.codes.try_code(slot, MOST_ATTEMPTS, self.clock.now()).await?;
        let id = tried.as_ref().map_or(by.as_str(), |tried| tried.id.as_str());
        // Hashed by every key and without an early end, also where there is nothing to compare with.
        let matches = keys.iter().fold(false, |any, key| {
            let given = CodeHash::of(key, slot, id, code);
            let stored = tried.as_ref().map_or(given, |tried: &TriedCode| tried.hash);
            any | given.matches(&stored)
        });
        match tried {
            Some(tried) if matches => {
                Ok(self.codes.use_code(slot, &tried.id, &by).await? == WriteOutcome::Done)
            }
            _ => Ok(false),
        }
    }
}
