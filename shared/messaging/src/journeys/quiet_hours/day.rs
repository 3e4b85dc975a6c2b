//! The hours of a day in one zone, on days of 23, 24 and 25 hours and on days that are left out.

use chrono::{DateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::ClockHours;

const DAY: i64 = 24 * 3600;

/// Whether the zone's clock shows a time within the hours.
pub(super) fn is_within(zone: Tz, hours: ClockHours, at: DateTime<Utc>) -> bool {
    hours.hold(second_of_day(zone, at))
}

/// The first second from `at` (a whole second) on that lies within the hours; `None` when none does.
///
/// Between two changes of its offset a zone's clock is even, so the beginning is so many seconds away.
/// Where the offset changes before, the change is looked at first: the clock may jump into the hours,
/// past them, or back in front of them.
pub(super) fn opens(zone: Tz, hours: ClockHours, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if hours.is_empty() {
        return None;
    }
    let mut at = at;
    // More changes of the offset than a few in a row do not exist.
    for _ in 0..16 {
        let second = second_of_day(zone, at);
        if hours.hold(second) {
            return Some(at);
        }
        let begins = at + TimeDelta::seconds((hours.begin() - second).rem_euclid(DAY));
        at = change(zone, at, begins).unwrap_or(begins);
    }
    None
}

fn second_of_day(zone: Tz, at: DateTime<Utc>) -> i64 {
    i64::from(at.with_timezone(&zone).num_seconds_from_midnight())
}

fn offset(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

/// The first second after `from` and not after `until` with another offset than at `from`.
fn change(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let before = offset(zone, from);
    if offset(zone, until) == before {
        return None;
    }
    let (mut same, mut other) = (0, (until - from).num_seconds());
    while other - same > 1 {
        let middle = i64::midpoint(same, other);
        if offset(zone, from + TimeDelta::seconds(middle)) == before { same = middle } else { other = middle }
    }
    Some(from + TimeDelta::seconds(other))
}
