//! The operating system's clock.

use chrono::{DateTime, Utc};
use messaging::values::clock::Clock;

/// Wall time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
