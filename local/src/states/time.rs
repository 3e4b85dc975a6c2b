//! Instants and durations in definitions and data.

use chrono::{DateTime, Utc};

/// AWS's limit for a number of seconds, a little over three years.
pub(super) const MAX_SECONDS: u64 = 99_999_999;

/// Parses an instant as a `Wait` requires it: RFC 3339 with uppercase `T` and `Z`.
pub(super) fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    if text.contains(['t', 'z', ' ']) {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.to_utc())
}
