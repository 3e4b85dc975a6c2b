//! The money that texts have cost: `L#<month>` / `L` for all texts, `P#<phone>` / `L#<month>` for one number.
//!
//! One conditional update each: DynamoDB adds a cost if no counter exceeds its limit by it, and refuses it
//! otherwise.

use chrono::{DateTime, TimeDelta, Utc};
use messaging::journeys::budgets::{
    Budget, Charge, Counter, CounterLimit, ExceededLimit, Limits, Reservation, ReserveOutcome, nearly_spent,
};
use messaging::ports::{Budgets, Unavailable};
use messaging::values::dollars::Dollars;
use messaging::values::phone::PhoneNumber;
use telemetry::Decision;

use super::Table;
use super::builder::{update, upsert};
use super::execute::Updated;
use super::expression::{absent, any, at_most, exists};
use super::item::{Item, integer};
use super::keys::Key;

/// The time for which a counter is kept after it was last added to. The counters of a past month limit
/// nothing, but a late receipt still settles its price there.
const KEPT: TimeDelta = TimeDelta::days(400);

impl Budgets for Table {
    async fn reserve(&self, charge: &Charge<'_>, limits: &Limits) -> Result<ReserveOutcome, Unavailable> {
        let micro_usd = charge.cost.micro();
        let mut reservation = Reservation { at: charge.now, micro_usd, budgets: Vec::new() };
        for (budget, counters) in limits.budgets(charge) {
            if let Some(exceeded) = self.add_cost(&budget, &counters, charge).await? {
                let back = i64::try_from(micro_usd).unwrap_or(i64::MAX);
                self.adjust(&reservation, charge.to, -back).await?;
                return Ok(ReserveOutcome::Exceeded(exceeded));
            }
            reservation.budgets.push(budget);
        }
        Ok(ReserveOutcome::Reserved(reservation))
    }

    async fn adjust(
        &self,
        reservation: &Reservation,
        to: &PhoneNumber,
        by_micro_usd: i64,
    ) -> Result<(), Unavailable> {
        for (budget, counters) in reservation.counters(to) {
            let mut adjusted = update(Key::spent(&budget, to)).require(exists("pk"));
            for counter in &counters {
                adjusted = adjusted.add(&counter.name, by_micro_usd);
            }
            // Subtracting a price twice would make the limit stop texts too late.
            if by_micro_usd < 0 {
                self.write_without_retry(adjusted).await?;
            } else {
                self.write(adjusted).await?;
            }
        }
        Ok(())
    }
}

impl Table {
    /// Adds a cost to the counters of a budget, or returns the limit that forbids it.
    async fn add_cost(
        &self,
        budget: &Budget,
        counters: &[Counter],
        charge: &Charge<'_>,
    ) -> Result<Option<ExceededLimit>, Unavailable> {
        let cost = charge.cost;
        // A text that costs more than a limit allows exceeds it, whatever has been spent.
        if let Some(exceeded) = ExceededLimit::find(counters, cost, |_| Dollars::default()) {
            return Ok(Some(exceeded));
        }
        let mut added = upsert(Key::spent(budget, charge.to)).set("expires_at", kept_until(charge.now));
        for counter in counters {
            added = added.add(&counter.name, cost.micro());
            if let Some(limit) = &counter.limit {
                let room = limit.allows.micro().saturating_sub(cost.micro());
                added =
                    added.require(any([absent(counter.name.as_str()), at_most(counter.name.as_str(), room)]));
            }
        }
        match self.update_and_read(added).await? {
            Updated::Done(spent) => {
                for limit in nearly_spent(counters, cost, |name| counted(&spent, name)) {
                    let decision = telemetry::count(Decision::BudgetNearlySpent);
                    tracing::warn!(%limit, decision, "A spending limit is nearly reached");
                }
                Ok(None)
            }
            Updated::Refused(stored) => {
                let spent = match stored {
                    Some(spent) => spent,
                    None => self.get(Key::spent(budget, charge.to)).await?.unwrap_or_default(),
                };
                let exceeded = ExceededLimit::find(counters, cost, |name| counted(&spent, name));
                // If money was given back since the refusal, no limit is exceeded now: name the first one.
                Ok(exceeded.or_else(|| first_limit(counters, &spent)))
            }
        }
    }
}

fn first_limit(counters: &[Counter], spent: &Item) -> Option<ExceededLimit> {
    counters.iter().find_map(|counter| {
        let CounterLimit { setting, allows } = counter.limit.clone()?;
        Some(ExceededLimit { limit: setting, allows, spent: counted(spent, &counter.name) })
    })
}

fn counted(item: &Item, name: &str) -> Dollars {
    let micro_usd = integer(item, name).and_then(|micro| u64::try_from(micro).ok());
    Dollars::from_micro(micro_usd.unwrap_or_default())
}

fn kept_until(now: DateTime<Utc>) -> i64 {
    (now + KEPT).timestamp()
}
