//! The country whose numbering plan reads a national number.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber as Parsed, Region as LibraryRegion};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An ISO 3166-1 alpha-2 code in uppercase, known to libphonenumber.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(LibraryRegion);

/// The text is not two uppercase letters, or no numbering plan is known for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known ISO 3166 alpha-2 region in uppercase")]
pub struct UnknownRegion;

impl Region {
    /// The two letters.
    #[must_use]
    pub fn code(self) -> String {
        self.0.as_region_str().as_str().to_owned()
    }

    pub(super) fn in_library(self) -> LibraryRegion {
        self.0
    }

    /// The country of a number; the non-geographic `001` is no country.
    pub(super) fn of(parsed: &Parsed) -> Option<Self> {
        PHONE_NUMBER_UTIL
            .get_region_for_number(parsed)
            .filter(|region| *region != LibraryRegion::World)
            .map(Self)
    }

    /// The main country of a number's country code.
    pub(super) fn of_code(parsed: &Parsed) -> Option<Self> {
        PHONE_NUMBER_UTIL
            .get_region_for_country_code(parsed.country_code)
            .filter(|region| *region != LibraryRegion::World)
            .map(Self)
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(UnknownRegion);
        }
        let region = LibraryRegion::from_code(text).map_err(|_| UnknownRegion)?;
        match PHONE_NUMBER_UTIL.get_country_code_for_region(region) {
            Some(_) => Ok(Self(region)),
            None => Err(UnknownRegion),
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_region_str().as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({self})")
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
