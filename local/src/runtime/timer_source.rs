//! What has work due at instants of the local clock.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

/// A part of the local machine that does things at instants of the local clock: the state-machine
/// engine (waits, retries), the simulated provider (receipts).
///
/// Moving the clock is a loop over all timer sources: wait until every one is idle, jump to the earliest
/// `next_due`, `wake` them, repeat. So everything that falls due is done at its own instant, in order.
pub trait TimerSource: Send + Sync {
    /// The earliest instant at which something is due that has not been started, if any. May lie in
    /// the past for work that is due and has not been picked up yet.
    fn next_due(&self) -> Option<DateTime<Utc>>;

    /// The clock has moved: start what is due at the clock's present instant.
    fn wake(&self);

    /// Takes up nothing more; resolves when what is under way has ended.
    fn rest(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Resolves when nothing that is due at the clock's present instant is left to start, and
    /// nothing that was started is still running.
    fn idle(&self) -> BoxFuture<'_, ()>;
}
