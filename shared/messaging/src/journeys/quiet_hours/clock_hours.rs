//! Hours of a day as people write them: `10-21`, `08:30-20:00`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// From one time of the day until just before a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockHours {
    /// Minutes after midnight.
    from: u16,
    /// Minutes after midnight; not within any more.
    until: u16,
}

impl ClockHours {
    /// From full hour to full hour.
    #[must_use]
    pub(super) const fn of(from: u16, until: u16) -> Self {
        Self { from: from * 60, until: until * 60 }
    }

    /// The hours that lie within both; possibly none.
    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        let from = self.from.max(other.from);
        Self { from, until: self.until.min(other.until).max(from) }
    }

    /// When they begin, in seconds after midnight.
    pub(super) const fn begin(self) -> i64 {
        self.from as i64 * 60
    }

    /// Whether a time of the day, in seconds after midnight, lies within.
    pub(super) const fn hold(self, second: i64) -> bool {
        self.begin() <= second && second < self.until as i64 * 60
    }

    /// Whether no time lies within.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.from >= self.until
    }
}

impl TryFrom<String> for ClockHours {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "expected hours of one day such as \"08-21\" or \"10:00-20:30\"";
        let (from, until) = text.split_once('-').ok_or(WRONG)?;
        let hours = Self { from: minutes(from).ok_or(WRONG)?, until: minutes(until).ok_or(WRONG)? };
        // Two countries' hours may have nothing in common; they are stored as they are.
        if hours.from > hours.until || hours.until > 24 * 60 { Err(WRONG) } else { Ok(hours) }
    }
}

fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':').unwrap_or((text, "00"));
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
        let is_one = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_one.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour, 1..=2)?, number(minute, 2..=2)?);
    (minute < 60).then_some(hour * 60 + minute)
}

impl fmt::Display for ClockHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |minutes: u16| (minutes / 60, minutes % 60);
        let ((from, past), (until, over)) = (time(self.from), time(self.until));
        write!(f, "{from:02}:{past:02}-{until:02}:{over:02}")
    }
}

impl From<ClockHours> for String {
    fn from(hours: ClockHours) -> Self {
        hours.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_as_people_write_them() {
        for (text, shown) in [
            ("08-21", "08:00-21:00"),
            ("8-21", "08:00-21:00"),
            ("10:00-20:30", "10:00-20:30"),
            ("0-24", "00:00-24:00"),
            ("09:00-09:00", "09:00-09:00"),
        ] {
            assert_eq!(ClockHours::try_from(text.to_owned()).unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "8", "21-8", "8-25", "8:60-9", "8:5-9", "-8-9", "8 - 9", "08-21 Uhr", "24:01-24:02"]
        {
            assert!(ClockHours::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_second_is_the_one_before_the_end() {
        let hours = ClockHours::of(10, 21);
        assert!(hours.hold(10 * 3600) && hours.hold(21 * 3600 - 1));
        assert!(!hours.hold(10 * 3600 - 1) && !hours.hold(21 * 3600));
        assert!(hours.and(ClockHours::of(21, 22)).is_empty());
        assert!(!hours.and(ClockHours::of(21, 22)).hold(21 * 3600));
        assert_eq!(hours.and(ClockHours::of(8, 20)), ClockHours::of(10, 20));
    }
}
