//! Moves a recorded booking to now: every time in it moves by the same amount.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

/// The amount is a multiple of this, so that appointments stay on the quarter of an hour.
const GRAIN: TimeDelta = TimeDelta::minutes(15);

/// Shifts every RFC 3339 time in the payload so that its `created_at` (or `createdAt`) is now, or up
/// to a quarter of an hour ago.
pub(super) fn to_now(payload: &mut Value, now: DateTime<Utc>) {
    let created_at = ["created_at", "createdAt"].iter().find_map(|name| payload.get(*name)?.as_str());
    if let Some(created_at) = created_at.and_then(instant) {
        let by = now - created_at;
        shift(
            payload,
            by - TimeDelta::milliseconds(by.num_milliseconds().rem_euclid(GRAIN.num_milliseconds())),
        );
    }
}

fn shift(value: &mut Value, by: TimeDelta) {
    match value {
        Value::String(text) => {
            if let Some(shifted) = instant(text).and_then(|at| at.checked_add_signed(by)) {
                *text = shifted.to_rfc3339_opts(SecondsFormat::Micros, true);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Object(members) => members.values_mut().for_each(|member| shift(member, by)),
        _ => {}
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_times_move_by_the_same_amount_and_nothing_else_changes() {
        let mut payload = json!({
            "created_at": "2026-11-20T09:00:00.000000Z",
            "payload": { "name": "2026", "scheduled_event": { "start_time": "2026-11-24T05:00:00.000000Z" } },
        });
        to_now(&mut payload, "2027-01-01T00:10:07Z".parse().unwrap());
        assert_eq!(
            payload,
            json!({
                "created_at": "2027-01-01T00:00:00.000000Z",
                "payload": { "name": "2026", "scheduled_event": { "start_time": "2027-01-04T20:00:00.000000Z" } },
            })
        );
    }
}
