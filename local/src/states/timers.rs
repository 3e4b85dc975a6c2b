//! The timers of executions and the number of running ones: all that is kept in memory about executions.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

/// The number of an execution in the order of starting, which is its key in the journal.
pub(super) type Sequence = i64;

/// Microseconds since 1970, as the journal stores them.
pub(super) type Due = i64;

/// Returns the due time of an instant, rounded up so that no timer fires early.
pub(super) fn due(instant: DateTime<Utc>) -> Due {
    let micros = instant.timestamp_micros();
    if instant.timestamp_subsec_nanos().is_multiple_of(1000) { micros } else { micros.saturating_add(1) }
}

/// The timers of all executions, in the order in which they fire.
#[derive(Default)]
pub(super) struct Timers {
    board: Mutex<Board>,
    /// Notifies the driver of possible work.
    pub(super) work: Notify,
    /// Notifies waiters of every change.
    changed: Notify,
}

#[derive(Default)]
struct Board {
    waiting: BTreeSet<(Due, Sequence)>,
    running: usize,
    /// Whether starting has stopped: no timer is taken.
    resting: bool,
}

impl Timers {
    pub(super) fn add(&self, due: Due, sequence: Sequence) {
        self.board().waiting.insert((due, sequence));
        self.changed.notify_waiters();
        self.work.notify_one();
    }

    pub(super) fn remove(&self, due: Due, sequence: Sequence) {
        self.board().waiting.remove(&(due, sequence));
        self.changed.notify_waiters();
    }

    /// Takes the first timer that is due. From now until [`Timers::done`] the execution counts as running,
    /// without a moment in which it is neither waiting nor running.
    pub(super) fn take(&self, now: DateTime<Utc>) -> Option<Sequence> {
        let mut board = self.board();
        if board.resting {
            return None;
        }
        let first = *board.waiting.first().filter(|(due, _)| *due <= now.timestamp_micros())?;
        board.waiting.remove(&first);
        board.running += 1;
        Some(first.1)
    }

    /// Ends the work on an execution that was taken, and sets its next timer if it continues.
    pub(super) fn done(&self, next: Option<(Due, Sequence)>) {
        let mut board = self.board();
        board.waiting.extend(next);
        board.running = board.running.saturating_sub(1);
        drop(board);
        self.changed.notify_waiters();
        self.work.notify_one();
    }

    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        let first = self.board().waiting.first().map(|(due, _)| *due)?;
        // An instant after the end of time was rounded to it.
        Some(DateTime::from_timestamp_micros(first).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// Resolves when no execution that is due is running or waiting. The driver is woken in case it sleeps.
    pub(super) async fn idle(&self, now: impl Fn() -> DateTime<Utc>) {
        let is_due = |first: &(Due, Sequence)| first.0 <= now().timestamp_micros();
        self.wait_until(|board| board.running == 0 && !board.waiting.first().is_some_and(is_due)).await;
    }

    /// Stops taking timers, and resolves when no execution is running.
    pub(super) async fn rest(&self) {
        self.board().resting = true;
        self.wait_until(|board| board.running == 0).await;
    }

    async fn wait_until(&self, is_so: impl Fn(&Board) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the check, so that no change in between is missed.
            changed.as_mut().enable();
            if is_so(&self.board()) {
                return;
            }
            self.work.notify_one();
            changed.await;
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the time from `now` to `next`; zero if `next` has passed.
pub(super) fn until(next: DateTime<Utc>, now: DateTime<Utc>) -> std::time::Duration {
    next.signed_duration_since(now).max(TimeDelta::zero()).to_std().unwrap_or_default()
}
