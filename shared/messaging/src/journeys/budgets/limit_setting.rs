//! The settings of `[limits]` that limit spending, by the names that an operator finds in `journeys.toml`.

use std::fmt;

use chrono::{DateTime, Datelike, Months, NaiveTime, Utc};

/// One limit of `[limits]`. Its `Display` is the path of the setting: `limits.countries.GB.day`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitSetting {
    /// The texts whose cost is added up.
    pub scope: LimitScope,
    /// The time over which their cost is added up.
    pub period: Period,
}

/// The texts that a limit counts together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitScope {
    /// Every text of the installation.
    All,
    /// The texts to one phone number.
    Recipient,
    /// The texts to one country (ISO 3166 alpha-2), or to `none` for numbers of no country.
    Country(String),
}

/// A calendar period in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// One day, from midnight to midnight.
    Day,
    /// One calendar month.
    Month,
}

impl Period {
    /// Returns the instant at which the next period begins: the next midnight, or the midnight before the
    /// first day of the next month.
    #[must_use]
    pub fn next_begins(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let today = now.date_naive();
        let next = match self {
            Self::Day => today.succ_opt(),
            Self::Month => today.with_day(1).and_then(|first| first.checked_add_months(Months::new(1))),
        };
        next.unwrap_or(today).and_time(NaiveTime::MIN).and_utc()
    }
}

impl fmt::Display for LimitSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = match self.period {
            Period::Day => "day",
            Period::Month => "month",
        };
        match &self.scope {
            LimitScope::All => write!(f, "limits.{period}"),
            LimitScope::Recipient => write!(f, "limits.recipient.{period}"),
            LimitScope::Country(country) => write!(f, "limits.countries.{country}.{period}"),
        }
    }
}
