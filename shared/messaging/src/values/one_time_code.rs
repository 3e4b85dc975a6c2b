//! One-time codes, what they are for, and what is kept of them: a keyed hash, never the code.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::characters::decimal_digit;
use super::phone::PhoneNumber;
use super::secret::SecretText;

/// How often a code may be tried; afterwards it is locked, also for who knows it.
pub const MAX_ATTEMPTS: u32 = 5;

/// The digits of a code, unless the request says otherwise.
pub const DEFAULT_LENGTH: u8 = 6;

/// What a code may have.
pub const LENGTHS: std::ops::RangeInclusive<u8> = 4..=10;

/// The minutes for which a code is good, unless the request says otherwise.
pub const DEFAULT_VALIDITY_MINUTES: u8 = 10;

/// What a request may ask for.
pub const VALIDITY_MINUTES: std::ops::RangeInclusive<u8> = 1..=60;

/// The most characters of a purpose.
pub const PURPOSE_LIMIT: usize = 100;

/// The most characters of a guess.
pub const GUESS_LIMIT: usize = 64;

/// Recognises what people, phones and paste put between digits: blanks of all widths, dashes, dots, quotation marks,
/// marks of direction.
fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '.' | ',' | '_' | '"' | '\'' | '\u{AD}' | '\u{2010}'..='\u{2015}' | '\u{2212}'
        )
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
        || matches!(character, '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' | '\u{FF0E}')
}

/// A code. It proves who somebody is, so `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// Reads a code of 4 to 10 ASCII digits.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let length = u8::try_from(text.len()).ok()?;
        let is_one = LENGTHS.contains(&length) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_one.then(|| Self(text.to_owned()))
    }

    /// Reads a guess as a person types it: digits of any script, with blanks, hyphens or dots between them. A guess of
    /// another length than the code is a wrong guess, and still one. `None` for what holds no digit, anything else
    /// than digits, or more than [`GUESS_LIMIT`] characters.
    #[must_use]
    pub fn typed(text: &str) -> Option<Self> {
        if text.chars().nth(GUESS_LIMIT).is_some() {
            return None;
        }
        let digits: Option<String> =
            text.chars().filter(|character| !is_separator(*character)).map(decimal_digit).collect();
        digits.filter(|digits| !digits.is_empty()).map(Self)
    }

    /// A code of digits that were drawn.
    pub(crate) const fn of_digits(digits: String) -> Self {
        Self(digits)
    }

    /// The digits, for the text to the phone only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(…)")
    }
}

/// What a code is for: one phone and one purpose have one code at a time. Personal data: `Debug` shows
/// nothing of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeSlot {
    phone: PhoneNumber,
    purpose: String,
}

impl CodeSlot {
    /// The slot of a phone for a purpose (`login`, `password_reset`).
    #[must_use]
    pub fn new(phone: PhoneNumber, purpose: impl Into<String>) -> Self {
        Self { phone, purpose: purpose.into() }
    }

    /// Whose phone.
    #[must_use]
    pub const fn phone(&self) -> &PhoneNumber {
        &self.phone
    }

    /// What for, as the caller calls it.
    #[must_use]
    pub fn purpose(&self) -> &str {
        &self.purpose
    }

    /// The purpose as a key: 32 hexadecimal digits, whatever a caller calls it.
    #[must_use]
    pub fn purpose_key(&self) -> String {
        hex::encode(&Sha256::digest(self.purpose.as_bytes())[..16])
    }
}

impl fmt::Debug for CodeSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeSlot(…)")
    }
}

/// A code as it is stored: HMAC-SHA256 of the code, its slot and its id, under a key that is not in the
/// table. A million codes are tried in a second; without the key there is nothing to try them against.
#[derive(Clone, Copy)]
pub struct CodeHash([u8; 32]);

impl CodeHash {
    /// The hash of a code in a slot. `id` makes two equal codes different.
    #[must_use]
    pub fn of(key: &SecretText, slot: &CodeSlot, id: &str, code: &OneTimeCode) -> Self {
        // A key of any length is a key.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else {
            return Self([0; 32]);
        };
        // Lengths before contents: no two sets of parts make the same bytes.
        for part in ["afterword otp", slot.phone.as_e164(), &slot.purpose, id, &code.0] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Self(mac.finalize().into_bytes().into())
    }

    /// As it is stored.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// As it was stored.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Whether two are the same, in a time that does not tell how much of them is.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for CodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeHash(…)")
    }
}

/// A code on its way into the table.
#[derive(Debug, Clone)]
pub struct StoredCode {
    /// What it is for.
    pub slot: CodeSlot,
    /// Which of the slot's codes, one after another: 32 hexadecimal digits.
    pub id: String,
    /// What is kept of it.
    pub hash: CodeHash,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// It is good before this instant.
    pub valid_until: DateTime<Utc>,
}

impl StoredCode {
    /// Until when the item is of use: while the code is good or keeps the next one waiting.
    #[must_use]
    pub fn kept_until(&self, resend_after: TimeDelta) -> DateTime<Utc> {
        self.valid_until.max(self.issued_at + resend_after)
    }
}

/// A code that is being tried, as it is stored.
#[derive(Debug, Clone)]
pub struct TriedCode {
    /// Which of the slot's codes.
    pub id: String,
    /// What is kept of it.
    pub hash: CodeHash,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for text in [
            "123456",
            "123 456",
            " 123456 ",
            "123-456",
            "123\u{A0}456",
            "12.34.56",
            "１２３４５６",
            "١٢٣٤٥٦",
            "۱۲۳۴۵۶",
            "१२३४५६",
            "123\u{2009}456",
            "123–456",
            "\u{202A}123456\u{202C}",
            "1 2 3 4 5 6",
            "123456\n",
            "𝟏𝟐𝟑𝟒𝟓𝟔",
        ] {
            assert_eq!(OneTimeCode::typed(text).unwrap().expose(), "123456", "{text:?}");
        }
        assert_eq!(OneTimeCode::typed("12345").unwrap().expose(), "12345");
        for text in ["", "  ", "--", "abcdef", "12a456", "½½½½", &"1".repeat(65)] {
            assert!(OneTimeCode::typed(text).is_none(), "{text:?}");
        }
    }
}
