//! The ports of one-time codes.

use super::conversations::WriteOutcome;
use super::unavailable::Unavailable;
use crate::conversation::step::SendOutcome;
use crate::journeys::code_limits::CodeLimit;
use crate::text::template::MessageText;
use crate::values::one_time_code::{CodeSlot, StoredCode, TriedCode};
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;
use chrono::{DateTime, TimeDelta, Utc};
use std::future::Future;

/// The codes' part of the table: one item per phone and purpose, and counters.
pub trait Codes: Send + Sync {
    /// Returns the time at which the slot's last code was issued, unless it was withdrawn.
    ///
    /// # Errors
    /// MUST be strongly consistent.
    fn last_code_at(
        &self,
        slot: &CodeSlot,
    ) -> impl Future<Output = Result<Option<DateTime<Utc>>, Unavailable>> + Send;

    /// Counts one code against a limit; `false` when it is reached.
    ///
    /// # Errors
    /// MUST check and count in one write: of any number of calls made concurrently exactly as many succeed
    /// as the limit has left.
    fn count_code(&self, limit: &CodeLimit) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Takes one code out of the count.
    ///
    /// # Errors
    /// MUST NOT count below zero.
    fn uncount_code(&self, limit: &CodeLimit) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Stores a code over the slot's last one, with no attempts made.
    ///
    /// # Errors
    /// MUST answer `Overtaken`, and leave the last one alone, when that was issued less than
    /// `resend_after` before this one; MUST answer `Done` when this very one (by its id) is stored.
    fn issue_code(
        &self,
        code: &StoredCode,
        resend_after: TimeDelta,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + Send;

    /// Takes back a code that was not sent: it is invalid, and does not delay the next one.
    ///
    /// # Errors
    /// MUST leave another code alone.
    fn withdraw_code(
        &self,
        slot: &CodeSlot,
        id: &str,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Counts an attempt and returns what is stored of the code; `None` if no code is valid: never issued,
    /// used, withdrawn, expired at `now`, or tried `most` times already.
    ///
    /// # Errors
    /// MUST check and count in one write.
    fn try_code(
        &self,
        slot: &CodeSlot,
        most: u32,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<TriedCode>, Unavailable>> + Send;

    /// Uses a code up. `by` names the caller.
    ///
    /// # Errors
    /// MUST be `Done` for one `by` only, also when that one repeats it, and `Overtaken` for every
    /// other caller and for another code.
    fn use_code(
        &self,
        slot: &CodeSlot,
        id: &str,
        by: &str,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + Send;

    /// Stores that a provider reports that the phone's owner has opted out, as for any text.
    ///
    /// # Errors
    /// MUST keep the first opt-out's time.
    fn note_opt_out_at_provider(
        &self,
        phone: &PhoneNumber,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;
}

/// Carries codes to phones.
pub trait CodeTexts: Send + Sync {
    /// Returns the provider that carries codes. Its rate limit applies to them.
    fn provider(&self) -> Provider;

    /// Returns the number or service that codes leave from, if it is known beforehand.
    fn origin(&self) -> Option<&str> {
        None
    }

    /// Sends the words that contain a code, once.
    ///
    /// As [`super::Sender::send`]: infallible, at most one attempt on the wire, `NotSent` only when the
    /// provider certainly did not take it. MUST end within 7 s, because the caller must be answered
    /// within 10 s, and MUST tell the provider not to deliver after `until` where it can.
    fn send_code(
        &self,
        to: &PhoneNumber,
        words: &MessageText,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> impl Future<Output = SendOutcome> + Send;
}
