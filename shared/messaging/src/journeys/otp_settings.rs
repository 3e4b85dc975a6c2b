//! What a business decides about one-time codes: `[otp]` in `journeys.toml`.

use serde::Deserialize;

use crate::journeys::Span;
use crate::values::phone::{PhoneNumber, Region};

/// The words of a code, unless `journeys.toml` has others under `notices.one_time_code`.
pub const ONE_TIME_CODE_TEXT: &str =
    "{{ code }} is your verification code. It expires in {{ minutes }} minutes. Never share it with anyone.";

/// What those words may name.
pub const ONE_TIME_CODE_VARIABLES: [&str; 2] = ["code", "minutes"];

/// The limits of one-time codes. They stand between a form that anybody can fill in and the bill:
/// whoever earns on calls to a range of numbers ("pumping") asks for codes to all of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OtpSettings {
    /// The time between two codes for the same phone and purpose.
    pub resend_after: Span,
    /// The most codes for one phone within an hour.
    pub per_phone_hour: u32,
    /// The most codes for one phone within a day. Each allows
    /// [`MAX_ATTEMPTS`](crate::values::one_time_code::MAX_ATTEMPTS) guesses, so this also limits the guesses.
    pub per_phone_day: u32,
    /// The most codes within an hour for numbers that differ in their last three digits only.
    pub per_prefix_hour: u32,
    /// The most codes within an hour for one country.
    pub per_country_hour: u32,
    /// The countries whose numbers get codes; empty: every country.
    pub countries: Vec<Region>,
}

impl Default for OtpSettings {
    fn default() -> Self {
        Self {
            resend_after: Span::seconds(30),
            per_phone_hour: 6,
            per_phone_day: 20,
            per_prefix_hour: 30,
            per_country_hour: 1000,
            countries: Vec::new(),
        }
    }
}

impl OtpSettings {
    /// Whether a number of that country gets codes. A number of no country is no country's.
    #[must_use]
    pub fn may_text(&self, phone: &PhoneNumber) -> bool {
        self.countries.is_empty() || phone.country().is_some_and(|country| self.countries.contains(&country))
    }
}
