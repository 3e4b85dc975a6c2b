//! The operating system's clock.

use chrono::{DateTime, Utc};
use messaging::values::clock::Clock;

/// Reads the wall-clock time of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
