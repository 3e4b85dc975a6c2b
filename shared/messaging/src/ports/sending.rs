//! Ports of what holds texts back: the rules in force, spending limits, rate limits.

use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::unavailable::Unavailable;
use crate::journeys::Config;
use crate::journeys::budgets::{Charge, Limits, Reservation, ReserveOutcome};
use crate::journeys::rate_limits::{Rate, Slot};
use crate::values::phone::PhoneNumber;

/// The rules of sending that are never copied into a conversation, because a change must
/// count at once: spending limits and rate limits.
pub trait SendingRules: Send + Sync {
    /// Returns the journeys in force, at most 60 s old.
    ///
    /// # Errors
    /// When they are not available: nothing is sent on a guess.
    fn rules(&self) -> impl Future<Output = Result<Arc<Config>, Unavailable>> + Send;
}

/// The counters of spending.
pub trait Budgets: Send + Sync {
    /// Adds what a text is expected to cost to every counter that it belongs to.
    ///
    /// # Errors
    /// MUST leave no counter with a limit above it, however many callers there are at once, and MUST leave nothing
    /// added when it answers `Exceeded`. An error leaves open whether something was added.
    fn reserve(
        &self,
        charge: &Charge<'_>,
        limits: &Limits,
    ) -> impl Future<Output = Result<ReserveOutcome, Unavailable>> + Send;

    /// Corrects what was reserved by a difference: takes it back, or settles it by the true price.
    ///
    /// # Errors
    /// MUST NOT create a counter that is gone. MUST take nothing off twice, whatever is repeated inside;
    /// an error leaves open whether it was corrected, and what is taken off must not be requested again:
    /// counted twice, the limit is reached early; taken off twice, it would be reached late.
    fn adjust(
        &self,
        reservation: &Reservation,
        to: &PhoneNumber,
        by_micro_usd: i64,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Takes a reservation back, once. What is not given back stays counted: the limit is reached early, never
    /// late, as it would be if a correction whose answer was lost were repeated.
    fn give_back(&self, reservation: &Reservation, to: &PhoneNumber) -> impl Future<Output = ()> + Send {
        async move {
            let Ok(micro) = i64::try_from(reservation.micro_usd) else { return };
            let _stays_counted = self.adjust(reservation, to, -micro).await;
        }
    }
}

/// The rate limits of senders.
pub trait RateLimiters: Send + Sync {
    /// Takes the next free slot of a sender's rate limit ([`RateLimiter::next`](crate::journeys::rate_limits::RateLimiter::next)).
    ///
    /// # Errors
    /// MUST give each slot to one caller, however many callers there are at once. An error may have taken one.
    fn acquire_slot(
        &self,
        rate: &Rate,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<DateTime<Utc>, Unavailable>> + Send;

    /// Takes a slot in the present second, if it has one
    /// ([`RateLimiter::at_once`](crate::journeys::rate_limits::RateLimiter::at_once)).
    ///
    /// # Errors
    /// MUST give each slot to one caller, however many callers there are at once, this way or the other. An error may
    /// have taken one.
    fn try_acquire_now(
        &self,
        rate: &Rate,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Slot, Unavailable>> + Send;
}
