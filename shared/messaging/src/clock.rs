//! Where time comes from.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

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

/// RFC 3339 in UTC with whole seconds and an uppercase `T` and `Z`, as Step Functions' `Wait` demands.
#[must_use]
pub fn to_rfc3339(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
