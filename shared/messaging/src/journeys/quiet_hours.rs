//! Quiet hours: at which hours of the recipient's day advertising may be sent.
//!
//! The hours are the country's; whose clock counts is the recipient's zone where somebody has told it.
//! Where nobody has, a number says its country and no more (numbers move with their owners), so each
//! zone of the country must agree: from Hawaii's morning until New York's evening.

mod clock_hours;
mod day;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use clock_hours::ClockHours;

use crate::values::clock::ceil_to_second;
use crate::values::phone::{PhoneNumber, Region};
use crate::values::zones;

/// The hours in which advertising may be sent, by country. USA: 47 CFR 64.1200(c)(1), and Twilio's
/// 30610; India: TCCCPR 2018, the later of the two beginnings in use.
const BY_COUNTRY: [(&str, ClockHours); 2] = [("IN", ClockHours::of(10, 21)), ("US", ClockHours::of(8, 21))];

/// Everywhere else: no rule is known, and nobody wants advertising at night.
const ELSEWHERE: ClockHours = ClockHours::of(8, 21);

/// Zones that do not agree within this time never do.
const LOOK_AHEAD: TimeDelta = TimeDelta::days(4);

/// `[promotional_hours]` of `journeys.toml`: an installation's own hours, which go before the built-in
/// ones. By country (ISO 3166 alpha-2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct PromotionalHours {
    /// By country.
    pub countries: BTreeMap<String, ClockHours>,
}

impl PromotionalHours {
    /// The hours of a country.
    #[must_use]
    pub fn of(&self, country: Option<Region>) -> ClockHours {
        let Some(code) = country.map(Region::code) else { return ELSEWHERE };
        let built_in = || BY_COUNTRY.iter().find(|(of, _)| *of == code).map(|(_, hours)| *hours);
        self.countries.get(&code).copied().or_else(built_in).unwrap_or(ELSEWHERE)
    }
}

/// When a text may be sent to one recipient: stored with the step, so that a later edit changes
/// nothing that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendingHours {
    /// The recipient's zone, where it was told; else every zone of the country counts.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "zone_name")]
    pub zone: Option<Tz>,
    /// The number's country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Region>,
    /// The hours, by the recipient's clock.
    pub hours: ClockHours,
}

impl SendingHours {
    /// The hours for a number whose owner lives in that zone, if that is known. Where the zone is of
    /// another country than the number, both countries' hours must agree.
    #[must_use]
    pub fn new(phone: &PhoneNumber, zone: Option<Tz>, table: &PromotionalHours) -> Self {
        let country = phone.country();
        let of_number = table.of(country);
        let of_place = zone.and_then(zones::region).map(|place| table.of(Some(place)));
        let hours = of_place.map_or(of_number, |of_place| of_number.and(of_place));
        Self { zone, country, hours }
    }

    /// The first instant from `now` on at which the text may be sent: `now` itself, or a whole second.
    /// `None` when the zones never agree.
    #[must_use]
    pub fn opens(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let zones = self.zones();
        if zones.iter().all(|zone| day::is_within(*zone, self.hours, now)) {
            return Some(now);
        }
        let mut at = ceil_to_second(now);
        while at - now <= LOOK_AHEAD {
            let latest = zones.iter().map(|zone| day::opens(*zone, self.hours, at)).max();
            match latest.unwrap_or(Some(at)) {
                Some(next) if next == at => return Some(at),
                Some(next) => at = next,
                None => return None,
            }
        }
        None
    }

    fn zones(&self) -> Vec<Tz> {
        if let Some(zone) = self.zone {
            return vec![zone];
        }
        let of_country: Vec<Tz> =
            self.country.map(|country| zones::of_country(country).collect()).unwrap_or_default();
        if of_country.is_empty() { vec![Tz::UTC] } else { of_country }
    }
}

/// A zone by its IANA name. One that this code does not know (it was renamed since) is read as none:
/// the country's zones count then.
mod zone_name {
    use super::{Deserialize, Deserializer, Serializer, Tz};

    pub(super) fn serialize<S: Serializer>(zone: &Option<Tz>, serializer: S) -> Result<S::Ok, S::Error> {
        match zone {
            Some(zone) => serializer.serialize_str(zone.name()),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tz>, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?;
        Ok(name.and_then(|name| name.parse().ok()))
    }
}

#[cfg(test)]
mod tests;
