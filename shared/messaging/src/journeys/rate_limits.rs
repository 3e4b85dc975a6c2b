//! Pacing: how many texts a sender takes in a second. What is too much now is put off, not refused.
//!
//! Each sender has a schedule: its next second with a free place. A text takes a place once, stores it
//! with its step and leaves in that second. A one-time code, for which somebody waits, leaves in the
//! present second if that has a place, and not at all else.
//!
//! A sender is a provider, or one of the numbers that it sends from, where that has a pace of its own.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::values::channel::Channel;
use crate::values::clock::ceil_to_second;
use crate::values::provider::Provider;

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
    /// Numbers, pools and services that have a pace of their own, as their provider's setting names them;
    /// `whatsapp:` before a number of WhatsApp's.
    #[serde(default)]
    pub numbers: BTreeMap<String, NonZeroU32>,
}

/// A sender and its pace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The provider's name; persisted.
    pub sender: &'static str,
    /// Its number, where that has a pace of its own; persisted.
    pub number: Option<String>,
    /// Texts in a second.
    pub per_second: NonZeroU32,
}

/// What asking for a place at this moment led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The text leaves now: it has a place in the second that began then.
    Now(DateTime<Utc>),
    /// There is none before that instant; nothing was taken.
    NotBefore(DateTime<Utc>),
}

/// Where a sender's schedule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimiter {
    /// The last second in which a place was taken (Unix time).
    pub second: i64,
    /// How many places of it were taken.
    pub taken: u32,
}

impl Pacing {
    /// The pace of a provider's number.
    #[must_use]
    pub fn of_sender(&self, provider: Provider, channel: Channel, from: Option<&str>) -> Option<Rate> {
        let (sender, per_second) = match (provider, channel) {
            (Provider::Twilio, Channel::Whatsapp) => ("twilio_whatsapp", self.twilio_whatsapp),
            (Provider::Twilio, Channel::Sms) => ("twilio", self.twilio),
            (Provider::EndUserMessaging, _) => ("end_user_messaging", self.end_user_messaging),
            (Provider::Sns, _) => ("sns", self.sns),
        };
        let own = from.and_then(|from| self.numbers.get_key_value(from));
        if let Some((number, per_second)) = own {
            return Some(Rate { sender, number: Some(number.clone()), per_second: *per_second });
        }
        per_second.map(|per_second| Rate { sender, number: None, per_second })
    }
}

impl Rate {
    /// The name of its schedule.
    #[must_use]
    pub fn limiter(&self) -> &str {
        self.number.as_deref().unwrap_or(self.sender)
    }
}

impl RateLimiter {
    /// The next free place at a pace: never before the next whole second, so that a second's texts leave
    /// at its beginning and no two seconds' run into each other.
    #[must_use]
    pub fn next(known: Option<Self>, pace: &Rate, now: DateTime<Utc>) -> Self {
        let from = ceil_to_second(now).timestamp();
        match known {
            Some(known) if known.second >= from && known.taken < pace.per_second.get() => {
                Self { taken: known.taken + 1, ..known }
            }
            Some(known) if known.second >= from => Self { second: known.second + 1, taken: 1 },
            _ => Self { second: from, taken: 1 },
        }
    }

    /// A place in the present second; else the beginning of the next one that has any.
    ///
    /// # Errors
    /// The present second is full, or texts wait for later ones already.
    pub fn at_once(known: Option<Self>, pace: &Rate, now: DateTime<Utc>) -> Result<Self, DateTime<Utc>> {
        let second = now.timestamp();
        match known {
            Some(known) if known.second == second && known.taken < pace.per_second.get() => {
                Ok(Self { taken: known.taken + 1, ..known })
            }
            Some(known) if known.second >= second => Err(Self::next(Some(known), pace, now).instant()),
            _ => Ok(Self { second, taken: 1 }),
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
pub fn is_usable(slot: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - slot <= MISSED_AFTER
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    fn pace(per_second: u32) -> Rate {
        Rate { sender: "sns", number: None, per_second: NonZeroU32::new(per_second).unwrap() }
    }

    #[test]
    fn a_thousand_texts_at_twenty_a_second_take_fifty_seconds() {
        let mut schedule = None;
        let slots: Vec<_> = (0..1000)
            .map(|_| schedule.insert(RateLimiter::next(schedule, &pace(20), at(0))).instant())
            .collect();
        assert_eq!((slots[0], slots[19], slots[20]), (at(0), at(0), at(1000)));
        assert_eq!(slots[999], at(49_000));
    }

    #[test]
    fn a_code_leaves_in_the_present_second_or_not() {
        let at_once = |known, millis| RateLimiter::at_once(known, &pace(2), at(millis));
        let full = RateLimiter { second: at(0).timestamp(), taken: 2 };
        assert_eq!(at_once(None, 400), Ok(RateLimiter { taken: 1, ..full }));
        assert_eq!(at_once(Some(RateLimiter { taken: 1, ..full }), 999), Ok(full));
        assert_eq!(at_once(Some(full), 999), Err(at(1000)));
        assert_eq!(at_once(Some(full), 1000), Ok(RateLimiter { second: full.second + 1, taken: 1 }));
        let booked = RateLimiter { second: full.second + 60, taken: 2 };
        assert_eq!(at_once(Some(booked), 0), Err(at(61_000)), "texts wait until then");
    }

    #[test]
    fn a_number_may_have_a_pace_of_its_own() {
        let pacing: Pacing = toml::from_str("twilio = 5\nnumbers = { \"+15005550006\" = 1 }").unwrap();
        let of = |channel, from| pacing.of_sender(Provider::Twilio, channel, from);
        let own = of(Channel::Sms, Some("+15005550006")).unwrap();
        assert_eq!((own.limiter(), own.sender, own.per_second.get()), ("+15005550006", "twilio", 1));
        for from in [None, Some("+15005550007")] {
            let shared = of(Channel::Sms, from).unwrap();
            assert_eq!((shared.limiter(), shared.per_second.get()), ("twilio", 5));
        }
        assert_eq!(of(Channel::Whatsapp, Some("whatsapp:+15005550006")), None);
    }

    #[test]
    fn a_slot_keeps_for_a_moment() {
        assert!(is_usable(at(0), at(-60_000)) && is_usable(at(0), at(5000)));
        assert!(!is_usable(at(0), at(5001)));
    }

    proptest! {
        /// Whatever arrives when, texts and codes: no text leaves early, nothing is lost, and no second has
        /// too many.
        #[test]
        fn no_second_has_more_than_its_texts(
            per_second in 1_u32..30,
            arrivals in prop::collection::vec((0_i64..400, any::<bool>()), 1..300),
        ) {
            let mut schedule = None;
            let mut now = 0;
            let mut left: BTreeMap<i64, u32> = BTreeMap::new();
            for (gap, is_code) in arrivals {
                now += gap;
                let next = if is_code {
                    match RateLimiter::at_once(schedule, &pace(per_second), at(now)) {
                        Ok(next) => next,
                        Err(later) => {
                            let second = at(now).timestamp();
                            let is_full = left.get(&second) == Some(&per_second);
                            prop_assert!(is_full || left.keys().any(|taken| *taken > second));
                            prop_assert!(later > at(now));
                            continue;
                        }
                    }
                } else {
                    let next = RateLimiter::next(schedule, &pace(per_second), at(now));
                    prop_assert!(next.instant() >= at(now));
                    next
                };
                *left.entry(next.second).or_default() += 1;
                schedule = Some(next);
            }
            prop_assert!(left.values().all(|texts| *texts <= per_second));
        }
    }
}
