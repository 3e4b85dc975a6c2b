//! Ports of what holds texts back: the rules in force, money, pace.

use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::unavailable::Unavailable;
use crate::journeys::Journeys;
use crate::journeys::budgets::{Charge, Limits, Reservation, Reserving};
use crate::journeys::rate_limits::{Pace, Placed};
use crate::values::phone::PhoneNumber;

/// The rules of sending that are never copied into a conversation, because who changes them wants them
/// to count at once: money limits and pacing.
pub trait SendingRules: Send + Sync {
    /// The journeys in force, at most 60 s old.
    ///
    /// # Errors
    /// When they cannot be had: nothing is sent on a guess.
    fn rules(&self) -> impl Future<Output = Result<Arc<Journeys>, Unavailable>> + Send;
}

/// What has been spent.
pub trait Purses: Send + Sync {
    /// Adds what a text is expected to cost to every counter that it belongs to.
    ///
    /// # Errors
    /// MUST leave no counter with a limit above it, however many ask at once, and MUST leave nothing
    /// added when it answers `Exceeded`. An error leaves open whether something was added.
    fn reserve(
        &self,
        charge: &Charge<'_>,
        limits: &Limits,
    ) -> impl Future<Output = Result<Reserving, Unavailable>> + Send;

    /// Corrects what was reserved by a difference: takes it back, or settles it by the true price.
    ///
    /// # Errors
    /// MUST NOT create a counter that is gone. MUST take nothing off twice, whatever is repeated inside;
    /// an error leaves open whether it was corrected, and what is taken off is not to be asked for again:
    /// counted twice the fuse trips early, taken off twice it would trip late.
    fn correct(
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
            let _stays_counted = self.correct(reservation, to, -micro).await;
        }
    }
}

/// The senders' schedules.
pub trait Schedules: Send + Sync {
    /// Takes the next free place of a sender's schedule ([`Schedule::next`](crate::journeys::rate_limits::Schedule::next)).
    ///
    /// # Errors
    /// MUST give each place to one caller, however many ask at once. An error may have taken one.
    fn take_slot(
        &self,
        pace: &Pace,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<DateTime<Utc>, Unavailable>> + Send;

    /// Takes a place in the present second, if it has one
    /// ([`Schedule::at_once`](crate::journeys::rate_limits::Schedule::at_once)).
    ///
    /// # Errors
    /// MUST give each place to one caller, however many ask at once, this way or the other. An error may
    /// have taken one.
    fn take_place_now(
        &self,
        pace: &Pace,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Placed, Unavailable>> + Send;
}
