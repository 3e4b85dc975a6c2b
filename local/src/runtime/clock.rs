//! The clock of one machine, from which the product reads every instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use messaging::values::clock::Clock;
use rusqlite::OptionalExtension;

use crate::runtime::timer_source::TimerSource;
use crate::store::Store;

/// The most seconds by which one call may advance the clock: ten years.
pub const MAX_ADVANCE_SECONDS: i64 = 3_653 * 24 * 60 * 60;

/// The interval at which the real clock looks for work that is due.
const TICK: Duration = Duration::from_millis(50);

/// The two kinds of clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Wall time plus an offset that only `advance` enlarges.
    Real,
    /// Stands still until it is advanced; starts at wall time in whole seconds.
    Virtual,
}

/// An error that keeps the clock from moving.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// The step is negative, longer than ten years, or ends after the year 9999.
    #[error("the clock cannot be advanced by that many seconds")]
    OutOfRange,
    /// The new time could not be stored, so nothing may act on it.
    #[error("the clock could not be stored")]
    Store(#[from] rusqlite::Error),
}

/// A clock that can be advanced and that survives restarts.
pub struct LocalClock {
    mode: Mode,
    store: Store,
    /// Milliseconds: since the epoch for a virtual clock, ahead of wall time for a real one.
    value: AtomicI64,
    /// Whether the store has been used with a virtual clock.
    was_virtual: bool,
    moving: tokio::sync::Mutex<()>,
}

impl LocalClock {
    /// Opens the clock at the time that the store holds.
    ///
    /// # Errors
    /// Fails when the store cannot be read or written.
    pub fn open(store: Store, mode: Mode) -> Result<Self, ClockError> {
        let (remembered, was_virtual) = {
            let connection = store.lock();
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS clock (mode TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
            )?;
            let of = |mode: Mode| {
                connection
                    .query_row("SELECT value FROM clock WHERE mode = ?1", [key(mode)], |row| row.get(0))
                    .optional()
            };
            (of(mode)?, of(Mode::Virtual)?.is_some_and(|_: i64| true))
        };
        let first = match mode {
            Mode::Real => 0,
            Mode::Virtual => whole_second(wall()).timestamp_millis(),
        };
        let clock = Self {
            mode,
            store,
            value: AtomicI64::new(remembered.unwrap_or(first)),
            was_virtual,
            moving: tokio::sync::Mutex::default(),
        };
        if remembered.is_none() {
            clock.set(first)?;
        }
        Ok(clock)
    }

    /// Returns whether the clock is real or virtual.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns whether stored events may have been accepted at other times than wall time: the clock was
    /// advanced, or an earlier run used a virtual clock.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        self.was_virtual || (self.mode == Mode::Real && self.value.load(Ordering::SeqCst) != 0)
    }

    /// Moves the clock forward, stops at every instant at which a timer source has work due, and returns when
    /// all of that work is finished. Concurrent calls wait for each other.
    ///
    /// # Errors
    /// Fails when the step is out of range, or the time could not be stored.
    pub async fn advance(
        &self,
        timer_sources: &[Arc<dyn TimerSource>],
        seconds: i64,
    ) -> Result<DateTime<Utc>, ClockError> {
        if !(0..=MAX_ADVANCE_SECONDS).contains(&seconds) {
            return Err(ClockError::OutOfRange);
        }
        let _moving = self.moving.lock().await;
        let target = self
            .now()
            .checked_add_signed(TimeDelta::seconds(seconds))
            .filter(|target| *target < DateTime::<Utc>::from_timestamp(END_OF_TIME, 0).unwrap_or_default())
            .ok_or(ClockError::OutOfRange)?;
        let landing = self.landing(target);
        let mut arrived = false;
        loop {
            all_idle(timer_sources).await;
            let due = earliest(timer_sources).filter(|due| *due <= landing);
            if due.is_none() && arrived {
                return Ok(self.now());
            }
            arrived = due.is_none();
            self.move_to(due.unwrap_or(target))?;
            wake(timer_sources);
        }
    }

    /// Returns the instant up to which an advance runs work. Due times are whole seconds, rounded up from the
    /// instant of an event. A real clock therefore also runs what is due at the next whole second, so that
    /// advancing by a step's delay right after its acceptance always reaches it.
    fn landing(&self, target: DateTime<Utc>) -> DateTime<Utc> {
        match self.mode {
            Mode::Real => messaging::values::clock::ceil_to_second(target),
            Mode::Virtual => target,
        }
    }

    /// Wakes the timer sources as real time passes, and never returns. A virtual clock wakes them in
    /// `advance` only.
    pub async fn keep_time(&self, timer_sources: &[Arc<dyn TimerSource>]) {
        if self.mode == Mode::Virtual {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(TICK).await;
            if earliest(timer_sources).is_some_and(|due| due <= self.now()) {
                wake(timer_sources);
            }
        }
    }

    /// Moves the clock to an instant, never backwards: overdue work runs at the present time.
    fn move_to(&self, instant: DateTime<Utc>) -> Result<(), ClockError> {
        // Rounded up, so that the work that is due at the instant sees that the instant has been reached.
        let ahead = (instant - self.now() + TimeDelta::nanoseconds(999_999)).num_milliseconds();
        if ahead <= 0 {
            return Ok(());
        }
        self.set(self.value.load(Ordering::SeqCst).saturating_add(ahead))
    }

    /// Stores the time before it is used: after a restart, nothing may see an earlier time than was acted on.
    fn set(&self, value: i64) -> Result<(), ClockError> {
        self.store.lock().execute(
            "INSERT INTO clock (mode, value) VALUES (?1, ?2) ON CONFLICT (mode) DO UPDATE SET value = ?2",
            (key(self.mode), value),
        )?;
        self.value.store(value, Ordering::SeqCst);
        Ok(())
    }
}

impl Clock for LocalClock {
    fn now(&self) -> DateTime<Utc> {
        let value = self.value.load(Ordering::SeqCst);
        match self.mode {
            Mode::Real => wall() + TimeDelta::milliseconds(value),
            Mode::Virtual => DateTime::from_timestamp_millis(value).unwrap_or_default(),
        }
    }
}

/// The end of the range, 9999-12-31T00:00:00Z: RFC 3339 has four digits for the year.
const END_OF_TIME: i64 = 253_402_214_400;

fn key(mode: Mode) -> &'static str {
    match mode {
        Mode::Real => "real",
        Mode::Virtual => "virtual",
    }
}

fn wall() -> DateTime<Utc> {
    SystemTime::now().into()
}

fn whole_second(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.duration_trunc(TimeDelta::seconds(1)).unwrap_or(instant)
}

fn earliest(timer_sources: &[Arc<dyn TimerSource>]) -> Option<DateTime<Utc>> {
    timer_sources.iter().filter_map(|timer_source| timer_source.next_due()).min()
}

fn wake(timer_sources: &[Arc<dyn TimerSource>]) {
    timer_sources.iter().for_each(|timer_source| timer_source.wake());
}

/// Waits until every timer source is idle. It makes one pass more than there are timer sources, because the
/// end of one's work may start another's.
async fn all_idle(timer_sources: &[Arc<dyn TimerSource>]) {
    for _ in 0..=timer_sources.len() {
        for timer_source in timer_sources {
            timer_source.idle().await;
        }
    }
}
