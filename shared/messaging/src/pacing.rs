//! Pacing: how many texts a sender takes in a second. What is too much now is put off, not refused.
//!
//! Each sender has a schedule: its next second with a free place. A text takes a place once, stores it
//! with its step and leaves in that second.

use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::clock::ceil_to_second;
use crate::conversation::Step;
use crate::journeys::Channel;
use crate::provider::Provider;

/// A place that was missed by more than this has been in vain: another one is taken, or what was held
/// up together would leave together.
const MISSED_AFTER: TimeDelta = TimeDelta::seconds(5);

/// `[pacing]` of `journeys.toml`: texts in a second, by sender. None: as many as there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pacing {
    /// Twilio's for text messages (a long code takes 1).
    pub twilio: Option<NonZeroU32>,
    /// Twilio's for WhatsApp.
    pub twilio_whatsapp: Option<NonZeroU32>,
    /// AWS End User Messaging.
    pub end_user_messaging: Option<NonZeroU32>,
    /// Amazon SNS (takes 20).
    pub sns: Option<NonZeroU32>,
}

/// A sender and its pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Its name; persisted.
    pub sender: &'static str,
    /// Texts in a second.
    pub per_second: NonZeroU32,
}

/// Where a sender's schedule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The last second in which a place was taken (Unix time).
    pub second: i64,
    /// How many places of it were taken.
    pub taken: u32,
}

impl Pacing {
    /// The pace of whoever carries a step next; `None` where it has none.
    #[must_use]
    pub fn of(&self, step: &Step) -> Option<Pace> {
        let (sender, per_second) = match (step.carrier(), step.channel) {
            (Provider::Twilio, Channel::Whatsapp) => ("twilio_whatsapp", self.twilio_whatsapp),
            (Provider::Twilio, Channel::Sms) => ("twilio", self.twilio),
            (Provider::EndUserMessaging, _) => ("end_user_messaging", self.end_user_messaging),
            (Provider::Sns, _) => ("sns", self.sns),
        };
        per_second.map(|per_second| Pace { sender, per_second })
    }
}

impl Schedule {
    /// The next free place at a pace: never before the next whole second, so that a second's texts leave
    /// at its beginning and no two seconds' run into each other.
    #[must_use]
    pub fn next(known: Option<Self>, pace: Pace, now: DateTime<Utc>) -> Self {
        let from = ceil_to_second(now).timestamp();
        match known {
            Some(known) if known.second >= from && known.taken < pace.per_second.get() => {
                Self { taken: known.taken + 1, ..known }
            }
            Some(known) if known.second >= from => Self { second: known.second + 1, taken: 1 },
            _ => Self { second: from, taken: 1 },
        }
    }

    /// The instant of the place that was taken last.
    #[must_use]
    pub fn instant(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.second, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// Whether a place that was taken may still be used, or be waited for.
#[must_use]
pub fn is_good(slot: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - slot <= MISSED_AFTER
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    fn pace(per_second: u32) -> Pace {
        Pace { sender: "sns", per_second: NonZeroU32::new(per_second).unwrap() }
    }

    #[test]
    fn a_thousand_texts_at_twenty_a_second_take_fifty_seconds() {
        let mut schedule = None;
        let slots: Vec<_> =
            (0..1000).map(|_| schedule.insert(Schedule::next(schedule, pace(20), at(0))).instant()).collect();
        assert_eq!((slots[0], slots[19], slots[20]), (at(0), at(0), at(1000)));
        assert_eq!(slots[999], at(49_000));
    }

    #[test]
    fn a_slot_keeps_for_a_moment() {
        assert!(is_good(at(0), at(-60_000)) && is_good(at(0), at(5000)));
        assert!(!is_good(at(0), at(5001)));
    }

    proptest! {
        /// Whatever arrives when: nothing leaves early, nothing is lost, and no second has too many, from
        /// whichever instant it is counted.
        #[test]
        fn no_second_has_more_than_its_texts(per_second in 1_u32..30, gaps in prop::collection::vec(0_i64..400, 1..300)) {
            let mut schedule = None;
            let mut now = 0;
            let mut left: BTreeMap<i64, u32> = BTreeMap::new();
            for gap in gaps {
                now += gap;
                let next = Schedule::next(schedule, pace(per_second), at(now));
                prop_assert!(next.instant() >= at(now));
                *left.entry(next.second).or_default() += 1;
                schedule = Some(next);
            }
            // Every text leaves at a whole second, so a second from anywhere holds one of them.
            prop_assert!(left.values().all(|texts| *texts <= per_second));
        }
    }
}
