//! Lengths of time as people write them: `120s`, `30m`, `24h`, `7d`.

use std::fmt;

use chrono::TimeDelta;
use serde::Deserialize;

/// A length of time in whole seconds, at most a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(u32);

const YEAR: u32 = 366 * 24 * 3600;

impl Span {
    /// That many hours.
    #[must_use]
    pub const fn hours(hours: u16) -> Self {
        Self(hours as u32 * 3600)
    }

    /// That many seconds.
    #[must_use]
    pub const fn seconds(seconds: u16) -> Self {
        Self(seconds as u32)
    }

    /// As a difference of instants.
    #[must_use]
    pub fn delta(self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.0))
    }
}

impl TryFrom<String> for Span {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            "expected a length of time such as \"120s\", \"30m\", \"24h\" or \"7d\", at most a year"
                .to_owned()
        };
        let unit = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 24 * 3600,
            _ => return Err(wrong()),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let seconds = digits.parse::<u32>().ok().and_then(|count| count.checked_mul(unit));
        seconds.filter(|seconds| *seconds <= YEAR).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, seconds) in [("0s", 0), ("120s", 120), ("30m", 1800), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(Span::try_from(text.to_owned()), Ok(Span(seconds)));
        }
        for text in ["", "s", "30", "-1s", "1.5h", "30 m", "30M", "400d", "99999999999s", "½h", "+1s"] {
            assert!(Span::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
