//! A clock that stands still for the length of a command.

use chrono::{DateTime, Utc};
use messaging::values::clock::Clock;

/// The installation's own time, read once. On one machine it may have been moved.
pub(crate) struct FixedClock(pub(crate) DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}
