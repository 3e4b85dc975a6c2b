//! Phone numbers: read once at the edge, then E.164 everywhere.
//!
//! A number is accepted when libphonenumber calls it *possible*, not only when it is *valid*: the
//! ranges reserved for fiction (`+15555551234`, `+447700900000`) are what contracts, samples and
//! tests use. Whether a kind of number can be texted at all is [`Textability`].

mod line;
mod region;
mod report;
pub mod stored;
mod textability;

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, ParseError, PhoneNumber as Parsed, PhoneNumberFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use region::{Region, UnknownRegion};
pub use report::PhoneReport;
pub use textability::{NumberKind, Textability};

/// The longest text that is looked at; libphonenumber has the same cap.
pub const MAX_INPUT_CHARS: usize = 250;

/// A phone number in E.164 (`+14155550123`), possible by libphonenumber's metadata.
///
/// It has no `Display` on purpose: whoever needs the digits says [`PhoneNumber::as_e164`], and a
/// log line that formats a number by accident gets the redacted `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// Why a text is not an acceptable phone number. Never holds or shows the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// The text does not look like a phone number.
    #[error("not a phone number")]
    NotANumber,
    /// E.164 was demanded (`+`, country code, digits, nothing else) and this is something else.
    #[error("not in E.164 form: a plus sign, the country code and the digits, nothing else")]
    NotE164,
    /// A national number, and nothing says of which country. Guessing would text a stranger.
    #[error("a national number needs a region")]
    RegionRequired,
    /// The country code is not assigned.
    #[error("unknown country code")]
    UnknownCountryCode,
    /// Too short, too long or of a length that the country does not use.
    #[error("not a possible phone number")]
    NotPossible,
    /// The text is longer than [`MAX_INPUT_CHARS`].
    #[error("longer than {MAX_INPUT_CHARS} characters")]
    TooLong,
}

impl PhoneError {
    /// The stable code for problem details and logs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotANumber => "not_a_number",
            Self::NotE164 => "not_e164",
            Self::RegionRequired => "region_required",
            Self::UnknownCountryCode => "unknown_country_code",
            Self::NotPossible => "not_possible",
            Self::TooLong => "too_long",
        }
    }
}

impl PhoneNumber {
    /// Reads a number that must already be E.164 exactly as typed, as `POST /sms` demands.
    ///
    /// libphonenumber alone is too forgiving here: it accepts a trailing NUL, bidi marks, vanity
    /// letters, extensions and a national prefix after the country code.
    ///
    /// # Errors
    /// [`PhoneError`], which tells what is wrong without repeating the text.
    pub fn parse_e164(text: &str) -> Result<Self, PhoneError> {
        check_length(text)?;
        if !is_e164_shape(text) {
            return Err(PhoneError::NotE164);
        }
        if let Some(canonical) = line::canonical(text) {
            return Self::parse_e164(&canonical);
        }
        let number = Self::parse(text, None)?;
        // `+4407911123456` is read as +447911123456: a number, but not as typed.
        if number.0 == text { Ok(number) } else { Err(PhoneError::NotE164) }
    }

    /// Reads a number as people type it: international with a `+`, else national in `region`.
    ///
    /// An extension is dropped, as E.164 has none.
    ///
    /// # Errors
    /// [`PhoneError`]; a national number without a region is [`PhoneError::RegionRequired`].
    pub fn parse(text: &str, region: Option<Region>) -> Result<Self, PhoneError> {
        let mexican =
            region.filter(|region| region.code() == "MX").and_then(|_| line::without_mexican_prefix(text));
        let mut parsed = parse_leniently(mexican.as_deref().unwrap_or(text), region)?;
        let mut e164 = e164_of(&parsed);
        if let Some(canonical) = line::canonical(&e164) {
            parsed = parse_leniently(&canonical, None)?;
            e164 = canonical;
        }
        if !PHONE_NUMBER_UTIL.is_possible_number(&parsed) {
            return Err(PhoneError::NotPossible);
        }
        // Some plans know possible numbers shorter or longer than E.164 and providers allow.
        if is_e164_shape(&e164) { Ok(Self(e164)) } else { Err(PhoneError::NotPossible) }
    }

    /// The number in E.164, for the provider and the store.
    #[must_use]
    pub fn as_e164(&self) -> &str {
        &self.0
    }

    /// Returns the spelling under which items of this line may be stored since before it was spelt canonically:
    /// `+521...` for a Mexican number, a Brazilian one without its ninth digit, an Argentine one without its 9.
    #[must_use]
    pub fn older_spelling(&self) -> Option<Self> {
        line::older_spelling(&self.0).map(Self)
    }

    /// The digits after the country code.
    pub(crate) fn national_digits(&self) -> &str {
        let digits = self.0.trim_start_matches('+');
        digits.get(country_code_length(digits)..).unwrap_or_default()
    }

    /// What kind of line this is, by the metadata.
    #[must_use]
    pub fn kind(&self) -> NumberKind {
        parse_leniently(&self.0, None).map_or(NumberKind::Unknown, |parsed| NumberKind::of(&parsed))
    }

    /// Whether a text can reach this kind of number.
    #[must_use]
    pub fn textability(&self) -> Textability {
        self.kind().textability()
    }

    /// Returns whether the number lies in a range in use, by libphonenumber's metadata.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        parse_leniently(&self.0, None).is_ok_and(|parsed| PHONE_NUMBER_UTIL.is_valid_number(&parsed))
    }

    /// Returns whether the number is reserved for fiction and tests: `+1 NXX 555 0100` to `0199` (NANPA), the
    /// mobiles `+44 7700 900000` to `900999` (Ofcom) and `+33 6 39 98 00 00` to `99 99` (ARCEP).
    #[must_use]
    pub fn is_fictitious(&self) -> bool {
        let american = self.0.strip_prefix("+1").filter(|national| national.len() == 10);
        american.is_some_and(|national| national[3..].starts_with("55501"))
            || (self.0.starts_with("+447700900") && self.0.len() == "+447700900000".len())
            || (self.0.starts_with("+3363998") && self.0.len() == "+33639980000".len())
    }

    /// The country that the number counts for, in prices and allow-lists: its own, or, in a range that
    /// is assigned to none, the main country of its code (the USA for `+1555...`). `None` for numbers
    /// of no country, satellite phones for example.
    #[must_use]
    pub fn country(&self) -> Option<Region> {
        let parsed = parse_leniently(&self.0, None).ok()?;
        Region::of(&parsed).or_else(|| Region::of_code(&parsed))
    }

    /// The country of the number, if it is one country's: `+1` and unassigned ranges may be none.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        let parsed = parse_leniently(&self.0, None).ok()?;
        Region::of(&parsed)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.trim_start_matches('+');
        let country = digits.get(..country_code_length(digits)).unwrap_or_default();
        let end = digits.get(digits.len().saturating_sub(2)..).unwrap_or_default();
        write!(f, "PhoneNumber(+{country}…{end})")
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Strict, for contracts. What we stored ourselves is read by [`stored`].
impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse_e164(&text).map_err(de::Error::custom)
    }
}

/// `^\+[1-9][0-9]{6,14}$` in ASCII: at most the 15 digits of ITU-T E.164.
fn is_e164_shape(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn check_length(text: &str) -> Result<(), PhoneError> {
    if text.chars().nth(MAX_INPUT_CHARS).is_some() { Err(PhoneError::TooLong) } else { Ok(()) }
}

/// Parses without asking whether the result is possible.
fn parse_leniently(text: &str, region: Option<Region>) -> Result<Parsed, PhoneError> {
    check_length(text)?;
    let library_region = region.map(Region::in_library);
    PHONE_NUMBER_UTIL.parse(text, library_region).map_err(|error| match error {
        // Without a `+` the library looks for the country in the region, and finds none.
        ParseError::InvalidCountryCode if region.is_none() && !has_plus(text) => PhoneError::RegionRequired,
        ParseError::InvalidCountryCode => PhoneError::UnknownCountryCode,
        ParseError::NotANumber(_) => PhoneError::NotANumber,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn | ParseError::TooLongNsn => {
            PhoneError::NotPossible
        }
    })
}

/// Both plus signs that libphonenumber knows: ASCII and fullwidth.
fn has_plus(text: &str) -> bool {
    text.contains(['+', '\u{FF0B}'])
}

fn e164_of(parsed: &Parsed) -> String {
    PHONE_NUMBER_UTIL.format(parsed, PhoneNumberFormat::E164).into_owned()
}

/// Digits of the country code, by ITU-T E.164's zones; cheap, so that `Debug` needs no metadata.
fn country_code_length(digits: &str) -> usize {
    let two_digit = |code: &str| {
        matches!(code, "20" | "27" | "81" | "82" | "84" | "86" | "98")
            || matches!(code, "30" | "31" | "32" | "33" | "34" | "36" | "39")
            || (code.starts_with('4') && code != "42")
            || (code.starts_with('5') && code != "50" && code != "59")
            || (code.starts_with('6') && code < "67")
            || (code.starts_with('9') && code < "96")
    };
    match digits.get(..2) {
        Some(code) if code.starts_with(['1', '7']) => 1,
        Some(code) if two_digit(code) => 2,
        _ => 3,
    }
}
