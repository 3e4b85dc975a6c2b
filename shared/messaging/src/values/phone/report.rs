//! What `afterword check phone` says about a text.

use rlibphonenumber::PHONE_NUMBER_UTIL;
use serde::Serialize;

use super::{NumberKind, Region, e164_of, parse_leniently};

/// Everything known about a text as a phone number; nulls where it does not parse.
///
/// It reports what libphonenumber says, also for numbers that [`super::PhoneNumber`] refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhoneReport {
    /// In a range that is in use.
    pub valid: bool,
    /// Of a length that the country uses.
    pub possible: bool,
    /// E.164, also of an impossible number.
    pub e164: Option<String>,
    /// The kind of line.
    #[serde(rename = "type")]
    pub kind: Option<NumberKind>,
    /// ISO 3166 alpha-2, or `001` for numbers of no country.
    pub region: Option<String>,
}

impl PhoneReport {
    /// Reports on `text`, read as a national number of `region` unless it is international.
    #[must_use]
    pub fn of(text: &str, region: Option<Region>) -> Self {
        let Ok(parsed) = parse_leniently(text, region) else {
            return Self { valid: false, possible: false, e164: None, kind: None, region: None };
        };
        Self {
            valid: PHONE_NUMBER_UTIL.is_valid_number(&parsed),
            possible: PHONE_NUMBER_UTIL.is_possible_number(&parsed),
            e164: Some(e164_of(&parsed)),
            kind: Some(NumberKind::of(&parsed)),
            region: PHONE_NUMBER_UTIL
                .get_region_for_number(&parsed)
                .map(|region| region.as_region_str().as_str().to_owned()),
        }
    }
}
