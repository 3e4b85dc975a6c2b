//! The parts of the machine that have work due at instants of the local clock.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

/// A part of the local machine that works at instants of the local clock: the state-machine engine (waits,
/// retries) and the simulated providers (receipts).
///
/// Moving the clock is a loop over all timer sources: wait until every source is idle, move to the earliest
/// `next_due`, `wake` them, repeat. All work is therefore done at its own instant, in order.
pub trait TimerSource: Send + Sync {
    /// Returns the earliest instant at which work is due that has not been started, if there is any. It may
    /// lie in the past for overdue work that has not been picked up yet.
    fn next_due(&self) -> Option<DateTime<Utc>>;

    /// Starts the work that is due now. Called after the clock has moved.
    fn wake(&self);

    /// Stops starting work, and resolves when running work has finished.
    fn rest(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Resolves when no work that is due now is left to start, and no started work is still running.
    fn idle(&self) -> BoxFuture<'_, ()>;
}
