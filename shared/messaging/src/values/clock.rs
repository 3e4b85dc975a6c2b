//! Where time comes from.

use chrono::{DateTime, DurationRound, TimeDelta, Timelike, Utc};

/// The only source of "now" in the product. Functions are handed one; the domain never asks the
/// operating system.
pub trait Clock: Send + Sync {
    /// The current instant, UTC.
    fn now(&self) -> DateTime<Utc>;
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> DateTime<Utc> {
        (**self).now()
    }
}

/// Rounds an instant up to a whole second, the precision in which due times are stored and compared.
///
/// Up, never down: a text may leave a fraction late but never early.
#[must_use]
pub fn ceil_to_second(instant: DateTime<Utc>) -> DateTime<Utc> {
    let whole = instant.duration_trunc(TimeDelta::seconds(1)).unwrap_or(instant);
    if whole == instant { whole } else { whole + TimeDelta::seconds(1) }
}

/// Reads an RFC 3339 time with its offset. A leap second (`:60`) is the second after it: Step Functions
/// and most clocks know none.
#[must_use]
pub fn from_rfc3339(text: &str) -> Option<DateTime<Utc>> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    let leap = instant.nanosecond() >= 1_000_000_000;
    if leap { instant.with_nanosecond(0)?.checked_add_signed(TimeDelta::seconds(1)) } else { Some(instant) }
}

/// RFC 3339 in UTC with whole seconds and an uppercase `T` and `Z`, as Step Functions' `Wait` demands.
#[must_use]
pub fn to_rfc3339(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
