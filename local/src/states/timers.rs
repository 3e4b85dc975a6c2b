//! Who waits for what instant, and how many are at work: all that is in memory of an execution.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

/// An execution's place in the order of starting; its key in the journal.
pub(super) type Sequence = i64;

/// Microseconds since 1970: small, ordered, and what the journal stores.
pub(super) type Due = i64;

/// The due time of an instant, rounded up so that nothing fires before its time.
pub(super) fn due(instant: DateTime<Utc>) -> Due {
    let micros = instant.timestamp_micros();
    if instant.timestamp_subsec_nanos().is_multiple_of(1000) { micros } else { micros.saturating_add(1) }
}

/// The timers of all executions, in the order in which they fire.
#[derive(Default)]
pub(super) struct Timers {
    board: Mutex<Board>,
    /// There may be something to do for the driver.
    pub(super) work: Notify,
    /// Something was taken up, finished or dropped.
    changed: Notify,
}

#[derive(Default)]
struct Board {
    waiting: BTreeSet<(Due, Sequence)>,
    running: usize,
    /// Nothing is taken any more.
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

    /// Takes the first that is due. From here until [`Timers::done`] it counts as running, without a
    /// moment in which it is neither waiting nor running.
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

    /// One that was taken rests again, until `next` if it goes on.
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
        // What lies beyond the end of time was rounded up to it.
        Some(DateTime::from_timestamp_micros(first).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// Resolves when nothing that is due runs or waits. The driver is woken in case it sleeps.
    pub(super) async fn idle(&self, now: impl Fn() -> DateTime<Utc>) {
        let is_due = |first: &(Due, Sequence)| first.0 <= now().timestamp_micros();
        self.wait_until(|board| board.running == 0 && !board.waiting.first().is_some_and(is_due)).await;
    }

    /// From here on nothing is taken; resolves when nothing runs.
    pub(super) async fn rest(&self) {
        self.board().resting = true;
        self.wait_until(|board| board.running == 0).await;
    }

    async fn wait_until(&self, is_so: impl Fn(&Board) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before looking, so that no change between the two is missed.
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

/// How long from `now` to `next`; nothing if it has passed.
pub(super) fn until(next: DateTime<Utc>, now: DateTime<Utc>) -> std::time::Duration {
    next.signed_duration_since(now).max(TimeDelta::zero()).to_std().unwrap_or_default()
}
