//! Money limits: how much may be spent on texts, and the counters that enforce it.
//!
//! Before a provider is called, the expected cost of the text is added to every counter that the text belongs
//! to, provided that none of them exceeds its limit. The cost of a text that the provider did not take is
//! subtracted again. After a lost answer the reservation is kept, because the text may have been charged.

mod limit_setting;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};

pub use limit_setting::{LimitScope, LimitSetting, Period};

use crate::values::dollars::Dollars;
use crate::values::phone::{PhoneNumber, Region};
use crate::values::verdict::Because;

/// The cost of one part without a known price, unless `limits.unpriced` is set: more than a part costs in
/// nearly every country, because a limit that some texts bypass does not limit anything.
const UNPRICED: Dollars = Dollars::from_micro(100_000);

/// `[limits]` of `journeys.toml`, in US dollars. Days and months are those of UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The limit for all texts of a day.
    pub day: Option<Dollars>,
    /// The limit for all texts of a month.
    pub month: Option<Dollars>,
    /// The limits for all texts to one number.
    #[serde(default)]
    pub recipient: Spending,
    /// The limits for all texts to a country (ISO 3166 alpha-2).
    #[serde(default)]
    pub countries: BTreeMap<String, Spending>,
    /// The cost that is assumed for each part of a text whose price is not known.
    pub unpriced: Option<Dollars>,
}

/// The limits of one recipient or one country.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spending {
    /// The limit for a day.
    pub day: Option<Dollars>,
    /// The limit for a month.
    pub month: Option<Dollars>,
}

/// A sum of costs. The counters of one [`Budget`] are stored in one item and change together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Its name within the budget: `d_21`, `month`, `c_GB_d_21`, `c_GB`.
    pub name: String,
    /// The limit that the counter must not exceed, if there is one.
    pub limit: Option<CounterLimit>,
}

/// The limit of a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterLimit {
    /// The setting that holds the limit.
    pub setting: LimitSetting,
    /// The highest sum that is allowed.
    pub allows: Dollars,
}

/// Counters that are stored together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// The counters of a month (`2026-11`): all texts, and the texts to each country.
    Month(String),
    /// The counters of one number in that month.
    Recipient(String),
}

/// The cost of a text that is about to be sent.
#[derive(Debug, Clone)]
pub struct Charge<'a> {
    /// The recipient's number.
    pub to: &'a PhoneNumber,
    /// The expected cost.
    pub cost: Dollars,
    /// The present instant, which selects the day and the month.
    pub now: DateTime<Utc>,
}

/// An amount that was added to the counters for a text. It is stored with the step, so that it can be adjusted
/// to the real price later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The time of the reservation, which selects the counters.
    pub at: DateTime<Utc>,
    /// The amount in millionths of a US dollar.
    pub micro_usd: u64,
    /// The budgets to whose counters it was added.
    #[serde(rename = "purses")]
    pub budgets: Vec<Budget>,
}

/// A limit that a text would exceed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceededLimit {
    /// The setting that holds the limit.
    pub limit: LimitSetting,
    /// The highest sum that the limit allows.
    pub allows: Dollars,
    /// The sum that has been spent, without this text.
    pub spent: Dollars,
}

/// The result of reserving the cost of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReserveOutcome {
    /// The cost is reserved.
    Reserved(Reservation),
    /// The text would exceed a limit. Nothing is reserved.
    Exceeded(ExceededLimit),
}

impl Limits {
    /// Returns whether no limit is set. In that case nothing is counted.
    #[must_use]
    pub fn is_none(&self) -> bool {
        let unlimited = |spending: &Spending| spending.day.is_none() && spending.month.is_none();
        self.day.is_none()
            && self.month.is_none()
            && unlimited(&self.recipient)
            && self.countries.values().all(unlimited)
    }

    /// Returns the cost of a text: its price, or `unpriced` for each part if the price is not known.
    #[must_use]
    pub fn cost(&self, micro_usd: Option<u64>, parts: usize) -> Dollars {
        if let Some(micro_usd) = micro_usd {
            return Dollars::from_micro(micro_usd);
        }
        let per_part = self.unpriced.unwrap_or(UNPRICED).micro();
        let parts = u64::try_from(parts.max(1)).unwrap_or(u64::MAX);
        Dollars::from_micro(per_part.saturating_mul(parts))
    }

    /// Returns the budgets that a text is charged to, the recipient's first, and their counters. Budgets
    /// without any limit are left out.
    #[must_use]
    pub fn budgets(&self, charge: &Charge<'_>) -> Vec<(Budget, Vec<Counter>)> {
        let mut budgets = vec![
            (Budget::Recipient(month(charge.now)), self.recipient_counters(charge)),
            (Budget::Month(month(charge.now)), self.month_counters(charge)),
        ];
        budgets.retain(|(_, counters)| counters.iter().any(|counter| counter.limit.is_some()));
        budgets
    }

    fn recipient_counters(&self, charge: &Charge<'_>) -> Vec<Counter> {
        let Spending { day, month } = self.recipient;
        vec![
            counter(day_of(charge.now), day, LimitScope::Recipient, Period::Day),
            counter("month".to_owned(), month, LimitScope::Recipient, Period::Month),
        ]
    }

    /// Every counter of the month's budget is counted as soon as one of them has a limit, so that a limit
    /// that is added later takes the earlier spending into account.
    fn month_counters(&self, charge: &Charge<'_>) -> Vec<Counter> {
        let day = day_of(charge.now);
        let country = charge.to.country().map_or_else(|| "none".to_owned(), Region::code);
        let own = self.countries.get(&country).copied().unwrap_or_default();
        let scope = LimitScope::Country(country.clone());
        vec![
            counter(format!("c_{country}_{day}"), own.day, scope.clone(), Period::Day),
            counter(format!("c_{country}"), own.month, scope, Period::Month),
            counter(day, self.day, LimitScope::All, Period::Day),
            counter("month".to_owned(), self.month, LimitScope::All, Period::Month),
        ]
    }
}

impl Reservation {
    /// Returns the counters that the amount was added to, for each budget.
    #[must_use]
    pub fn counters(&self, to: &PhoneNumber) -> Vec<(Budget, Vec<Counter>)> {
        let limits = Limits::default();
        let charge = Charge { to, cost: Dollars::from_micro(self.micro_usd), now: self.at };
        let counters = |budget: &Budget| match budget {
            Budget::Recipient(_) => limits.recipient_counters(&charge),
            Budget::Month(_) => limits.month_counters(&charge),
        };
        self.budgets.iter().map(|budget| (budget.clone(), counters(budget))).collect()
    }
}

impl ExceededLimit {
    /// Returns the first limit that a cost would exceed. `spent` returns the present sum of a counter by the
    /// counter's name.
    #[must_use]
    pub fn find(counters: &[Counter], cost: Dollars, spent: impl Fn(&str) -> Dollars) -> Option<Self> {
        for counter in counters {
            let Some(CounterLimit { setting, allows }) = &counter.limit else { continue };
            let spent = spent(&counter.name);
            if spent.micro().saturating_add(cost.micro()) > allows.micro() {
                return Some(Self { limit: setting.clone(), allows: *allows, spent });
            }
        }
        None
    }

    /// Returns the instant at which the counter starts again from zero: the beginning of the next day or
    /// month of UTC.
    #[must_use]
    pub fn resets_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.limit.period.next_begins(now)
    }

    /// Returns the facts behind the verdict `BlockedBudget`.
    #[must_use]
    pub fn because(&self, cost: Dollars) -> Because {
        Because::fact("limit", self.limit.to_string())
            .and("limit_micro_usd", self.allows.micro())
            .and("spent_micro_usd", self.spent.micro())
            .and("cost_micro_usd", cost.micro())
            .explained(format!(
                "The money limit {} of {} is reached ({} spent), so the text was not sent. Raise the limit in journeys.toml or wait until it resets, then run: afterword retry --verdict BlockedBudget --since <time>.",
                self.limit, self.allows, self.spent
            ))
    }
}

/// Returns the limits of which this text has just reached 80 %. `spent` returns the sum of a counter, this text
/// included, by the counter's name.
#[must_use]
pub fn nearly_spent(
    counters: &[Counter],
    cost: Dollars,
    spent: impl Fn(&str) -> Dollars,
) -> Vec<&LimitSetting> {
    let is_near = |micro: u64, allows: Dollars| u128::from(micro) * 10 >= u128::from(allows.micro()) * 8;
    let mut crossed = Vec::new();
    for counter in counters {
        let Some(CounterLimit { setting, allows }) = &counter.limit else { continue };
        let after = spent(&counter.name).micro();
        let before = after.saturating_sub(cost.micro());
        if is_near(after, *allows) && !is_near(before, *allows) {
            crossed.push(setting);
        }
    }
    crossed
}

fn counter(name: String, allows: Option<Dollars>, scope: LimitScope, period: Period) -> Counter {
    let setting = LimitSetting { scope, period };
    Counter { name, limit: allows.map(|allows| CounterLimit { setting, allows }) }
}

fn month(now: DateTime<Utc>) -> String {
    format!("{:04}-{:02}", now.year(), now.month())
}

fn day_of(now: DateTime<Utc>) -> String {
    format!("d_{:02}", now.day())
}

#[cfg(test)]
mod tests;
