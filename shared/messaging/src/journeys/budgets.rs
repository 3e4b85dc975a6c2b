//! The money fuse: how much may be spent on texts, and what counts it.
//!
//! Before a provider is called, what the text is expected to cost is added to every counter that it
//! belongs to, if none of them goes over its limit; what the provider did not take is taken off again.
//! A lost answer keeps what it has reserved: it may have been paid for.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Months, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use crate::values::dollars::Dollars;

use crate::values::phone::{PhoneNumber, Region};
use crate::values::verdict::Because;

/// What a text without a known price counts for, unless `journeys.toml` says something else: more than
/// a part costs in nearly every country, because a fuse that some texts pass by is none.
const UNPRICED: Dollars = Dollars::from_micro(100_000);

/// `[limits]` of `journeys.toml`, in US dollars. Days and months are those of UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// For all texts of a day.
    pub day: Option<Dollars>,
    /// For all texts of a month.
    pub month: Option<Dollars>,
    /// For all texts to one number.
    #[serde(default)]
    pub recipient: Spending,
    /// For all texts to a country (ISO 3166 alpha-2).
    #[serde(default)]
    pub countries: BTreeMap<String, Spending>,
    /// What each part of a text counts for whose price is not known.
    pub unpriced: Option<Dollars>,
}

/// Limits of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spending {
    /// Of a day.
    pub day: Option<Dollars>,
    /// Of a month.
    pub month: Option<Dollars>,
}

/// Something that is counted. Counters of one [`Budget`] are one item and change together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Its name within the purse: `d_21`, `month`, `c_GB_d_21`, `c_GB`.
    pub name: String,
    /// What it may not go over, and how an operator finds that limit: `limits.countries.GB.day`.
    pub limit: Option<(Dollars, String)>,
}

/// Counters that are kept together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// Of a month (`2026-11`): all texts, and each country's.
    Month(String),
    /// One number's, of that month.
    Recipient(String),
}

/// A text that is about to be sent.
#[derive(Debug, Clone)]
pub struct Charge<'a> {
    /// To whom.
    pub to: &'a PhoneNumber,
    /// What it is expected to cost.
    pub cost: Dollars,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// What has been added to the counters for a text: stored with its step, to be corrected later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// When.
    pub at: DateTime<Utc>,
    /// How much was added, in millionths of a US dollar.
    pub micro_usd: u64,
    /// To which counters.
    #[serde(rename = "purses")]
    pub budgets: Vec<Budget>,
}

/// A limit that a text would go over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceededLimit {
    /// Its place in `journeys.toml`: `limits.day`.
    pub limit: String,
    /// What it allows.
    pub allows: Dollars,
    /// What has been spent of it.
    pub spent: Dollars,
}

/// What asking for money led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReserveOutcome {
    /// It is reserved.
    Reserved(Reservation),
    /// It would be too much: nothing is reserved.
    Exceeded(ExceededLimit),
}

impl Limits {
    /// Whether nothing is limited: nothing is counted then.
    #[must_use]
    pub fn is_none(&self) -> bool {
        let unlimited = |spending: &Spending| spending.day.is_none() && spending.month.is_none();
        self.day.is_none()
            && self.month.is_none()
            && unlimited(&self.recipient)
            && self.countries.values().all(unlimited)
    }

    /// What a text of that price and so many parts counts for; without a price, each part for `unpriced`.
    #[must_use]
    pub fn cost(&self, micro_usd: Option<u64>, parts: usize) -> Dollars {
        let unpriced = || {
            let of_a_part = self.unpriced.unwrap_or(UNPRICED).micro();
            Dollars::from_micro(of_a_part.saturating_mul(u64::try_from(parts.max(1)).unwrap_or(u64::MAX)))
        };
        micro_usd.map_or_else(unpriced, Dollars::from_micro)
    }

    /// The purses that a text is paid from, the recipient's first, and their counters. Purses without
    /// any limit are left out.
    #[must_use]
    pub fn budgets(&self, charge: &Charge<'_>) -> Vec<(Budget, Vec<Counter>)> {
        let mut budgets = vec![
            (Budget::Recipient(month(charge.now)), self.of_recipient(charge)),
            (Budget::Month(month(charge.now)), self.of_all(charge)),
        ];
        budgets.retain(|(_, counters)| counters.iter().any(|counter| counter.limit.is_some()));
        budgets
    }

    fn of_recipient(&self, charge: &Charge<'_>) -> Vec<Counter> {
        let Spending { day, month } = self.recipient;
        vec![
            counter(day_of(charge.now), day, "limits.recipient.day"),
            counter("month".to_owned(), month, "limits.recipient.month"),
        ]
    }

    /// All counters of the month's purse are counted as soon as one of them has a limit, so that a new
    /// limit knows what was spent before it.
    fn of_all(&self, charge: &Charge<'_>) -> Vec<Counter> {
        let day = day_of(charge.now);
        let country = charge.to.country().map_or_else(|| "none".to_owned(), Region::code);
        let own = self.countries.get(&country).copied().unwrap_or_default();
        let place = |span: &str| format!("limits.countries.{country}.{span}");
        vec![
            counter(format!("c_{country}_{day}"), own.day, &place("day")),
            counter(format!("c_{country}"), own.month, &place("month")),
            counter(day, self.day, "limits.day"),
            counter("month".to_owned(), self.month, "limits.month"),
        ]
    }
}

impl Reservation {
    /// The counters that were added to, in each purse.
    #[must_use]
    pub fn counters(&self, to: &PhoneNumber) -> Vec<(Budget, Vec<Counter>)> {
        let limits = Limits::default();
        let charge = Charge { to, cost: Dollars::from_micro(self.micro_usd), now: self.at };
        let counters = |purse: &Budget| match purse {
            Budget::Recipient(_) => limits.of_recipient(&charge),
            Budget::Month(_) => limits.of_all(&charge),
        };
        self.budgets.iter().map(|purse| (purse.clone(), counters(purse))).collect()
    }
}

impl ExceededLimit {
    /// The first limit that a cost would go over, where so much has been spent of each counter.
    #[must_use]
    pub fn find(counters: &[Counter], cost: Dollars, spent: impl Fn(&str) -> Dollars) -> Option<Self> {
        counters.iter().find_map(|counter| {
            let (allows, limit) = counter.limit.clone()?;
            let spent = spent(&counter.name);
            (spent.micro().saturating_add(cost.micro()) > allows.micro()).then_some(Self {
                limit,
                allows,
                spent,
            })
        })
    }

    /// When the limit begins anew: with the next day, or the next month, of UTC.
    #[must_use]
    pub fn begins_anew(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let today = now.date_naive();
        let next = if self.limit.ends_with("month") {
            today.with_day(1).and_then(|first| first.checked_add_months(Months::new(1)))
        } else {
            today.succ_opt()
        };
        next.unwrap_or(today).and_time(NaiveTime::MIN).and_utc()
    }

    /// The facts behind `BlockedBudget`.
    #[must_use]
    pub fn because(&self, cost: Dollars) -> Because {
        Because::fact("limit", self.limit.as_str())
            .and("limit_micro_usd", self.allows.micro())
            .and("spent_micro_usd", self.spent.micro())
            .and("cost_micro_usd", cost.micro())
            .explained(format!(
                "The money limit {} of {} is reached ({} spent), so the text was not sent. Raise it in journeys.toml or wait until it begins anew, then: afterword retry --verdict BlockedBudget --since <time>.",
                self.limit, self.allows, self.spent
            ))
    }
}

/// The limits of which this text has just spent the last bit below 80 %: what is to be watched.
#[must_use]
pub fn nearly_spent(counters: &[Counter], cost: Dollars, spent: impl Fn(&str) -> Dollars) -> Vec<&str> {
    let is_near = |micro: u64, allows: u64| u128::from(micro) * 10 >= u128::from(allows) * 8;
    let crossed = counters.iter().filter_map(|counter| {
        let (allows, limit) = counter.limit.as_ref()?;
        let after = spent(&counter.name).micro();
        let before = after.saturating_sub(cost.micro());
        (is_near(after, allows.micro()) && !is_near(before, allows.micro())).then_some(limit.as_str())
    });
    crossed.collect()
}

fn counter(name: String, limit: Option<Dollars>, place: &str) -> Counter {
    Counter { name, limit: limit.map(|limit| (limit, place.to_owned())) }
}

fn month(now: DateTime<Utc>) -> String {
    format!("{:04}-{:02}", now.year(), now.month())
}

fn day_of(now: DateTime<Utc>) -> String {
    format!("d_{:02}", now.day())
}

#[cfg(test)]
mod tests;
