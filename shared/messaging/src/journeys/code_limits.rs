//! How many codes, for whom, within which time.

use std::fmt;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::otp_settings::OtpSettings;
use crate::values::phone::PhoneNumber;

/// The digits at the end of a number that its prefix leaves out: a range of a thousand numbers is what
/// is rented out at once.
const PREFIX_LEAVES_OUT: usize = 3;

/// The scopes that count one number's codes.
pub const PHONE_SCOPES: [&str; 2] = ["phone_hour", "phone_day"];

/// One limit as it applies to one number now. Personal data (the number is in it): `Debug` shows only
/// the scope.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeLimit {
    /// What is counted together: `phone_hour`, `phone_day`, `prefix_hour`, `country_hour`.
    pub scope: &'static str,
    /// The number, its prefix or its country.
    pub of: String,
    /// The most codes within the window.
    pub most: u32,
    /// When the window began.
    pub from: DateTime<Utc>,
    /// When the next one begins.
    pub until: DateTime<Utc>,
}

impl fmt::Debug for CodeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeLimit").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// Every limit that a code for this number counts against, the narrowest first.
#[must_use]
pub fn limits_of(phone: &PhoneNumber, settings: &OtpSettings, now: DateTime<Utc>) -> Vec<CodeLimit> {
    let number = phone.as_e164();
    let prefix = &number[..number.len().saturating_sub(PREFIX_LEAVES_OUT)];
    let country = phone.country().map_or_else(|| "none".to_owned(), |country| country.code());
    let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
    [
        (PHONE_SCOPES[0], number, settings.per_phone_hour, hour),
        (PHONE_SCOPES[1], number, settings.per_phone_day, day),
        ("prefix_hour", prefix, settings.per_prefix_hour, hour),
        ("country_hour", &country, settings.per_country_hour, hour),
    ]
    .into_iter()
    .map(|(scope, of, most, window)| {
        let from = now.duration_trunc(window).unwrap_or(now);
        CodeLimit { scope, of: of.to_owned(), most, from, until: from + window }
    })
    .collect()
}
