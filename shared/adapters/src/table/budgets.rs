//! What has been spent: `L#<month>` / `L` for all texts, `P#<phone>` / `L#<month>` for one number's.
//!
//! One conditional update each: DynamoDB adds if no counter goes over its limit, and refuses else.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use messaging::journeys::budgets::{
    Budget, Charge, Counter, ExceededLimit, Limits, Reservation, ReserveOutcome, nearly_spent,
};
use messaging::ports::{Budgets, Unavailable};
use messaging::values::dollars::Dollars;
use messaging::values::phone::PhoneNumber;

use super::Table;
use super::change::{Change, ChangeOutcome, Repeats};
use super::expression::{Placeholders, number};
use super::item::{Item, VERSION, contact_key};

/// Counters are kept for so long after they were last added to: a month that is over limits nothing,
/// and what a late receipt settles is found.
const KEPT: TimeDelta = TimeDelta::days(400);

impl Budgets for Table {
    async fn reserve(&self, charge: &Charge<'_>, limits: &Limits) -> Result<ReserveOutcome, Unavailable> {
        let micro_usd = charge.cost.micro();
        let mut reservation = Reservation { at: charge.now, micro_usd, budgets: Vec::new() };
        for (purse, counters) in limits.budgets(charge) {
            if let Some(exceeded) = self.add_cost(&purse, &counters, charge).await? {
                let back = i64::try_from(micro_usd).unwrap_or(i64::MAX);
                self.adjust(&reservation, charge.to, -back).await?;
                return Ok(ReserveOutcome::Exceeded(exceeded));
            }
            reservation.budgets.push(purse);
        }
        Ok(ReserveOutcome::Reserved(reservation))
    }

    async fn adjust(
        &self,
        reservation: &Reservation,
        to: &PhoneNumber,
        by_micro_usd: i64,
    ) -> Result<(), Unavailable> {
        for (purse, counters) in reservation.counters(to) {
            let mut p = Placeholders::default();
            let by = p.value("by", number(by_micro_usd));
            let adds: Vec<_> =
                counters.iter().map(|counter| format!("{} {by}", p.path(&counter.name))).collect();
            let condition = format!("attribute_exists({})", p.path("pk"));
            let update = format!("ADD {}", adds.join(", "));
            let change = Change { key: key(&purse, to), update, condition, placeholders: p };
            // What is taken off twice trips the fuse late.
            let repeats = if by_micro_usd < 0 { Repeats::Forbidden } else { Repeats::Allowed };
            self.change_item(change, repeats).await?;
        }
        Ok(())
    }
}

impl Table {
    /// Adds a cost to the counters of a purse; or says which limit forbids it.
    async fn add_cost(
        &self,
        purse: &Budget,
        counters: &[Counter],
        charge: &Charge<'_>,
    ) -> Result<Option<ExceededLimit>, Unavailable> {
        let cost = charge.cost;
        // A text that costs more than a limit allows is over it, whatever has been spent.
        if let Some(exceeded) = ExceededLimit::find(counters, cost, |_| Dollars::default()) {
            return Ok(Some(exceeded));
        }
        let mut p = Placeholders::default();
        let by = p.value("cost", number(cost.micro()));
        let mut adds = Vec::new();
        let mut conditions = Vec::new();
        for counter in counters {
            let path = p.path(&counter.name);
            adds.push(format!("{path} {by}"));
            if let Some((allows, _)) = &counter.limit {
                let room = allows.micro().saturating_sub(cost.micro());
                let room = p.value(&format!("room_{}", counter.name), number(room));
                conditions.push(format!("(attribute_not_exists({path}) OR {path} <= {room})"));
            }
        }
        let update = format!(
            "SET {} = {}, {} = {} ADD {}",
            p.path("v"),
            p.value("v", number(VERSION)),
            p.path("expires_at"),
            p.value("expires_at", number(kept_until(charge.now))),
            adds.join(", ")
        );
        let condition = conditions.join(" AND ");
        let change = Change { key: key(purse, charge.to), update, condition, placeholders: p };
        match self.change_item_and_read(change).await? {
            ChangeOutcome::Made(spent) => {
                for limit in nearly_spent(counters, cost, |name| counted(&spent, name)) {
                    tracing::warn!(limit, decision = "budget_nearly_spent");
                }
                Ok(None)
            }
            ChangeOutcome::Refused(stored) => {
                let spent = match stored {
                    Some(spent) => spent,
                    None => self.get(key(purse, charge.to)).await?.unwrap_or_default(),
                };
                let found = ExceededLimit::find(counters, cost, |name| counted(&spent, name));
                // What was given back since the refusal leaves no limit to name but the first.
                Ok(found.or_else(|| first_limit(counters, &spent)))
            }
        }
    }
}

fn first_limit(counters: &[Counter], spent: &Item) -> Option<ExceededLimit> {
    counters.iter().find_map(|counter| {
        let (allows, limit) = counter.limit.clone()?;
        Some(ExceededLimit { limit, allows, spent: counted(spent, &counter.name) })
    })
}

fn key(purse: &Budget, to: &PhoneNumber) -> (String, String) {
    match purse {
        Budget::Month(month) => (format!("L#{month}"), "L".to_owned()),
        Budget::Recipient(month) => (contact_key(to).0, format!("L#{month}")),
    }
}

fn counted(item: &Item, name: &str) -> Dollars {
    let counter = item.get(name).and_then(|value| AttributeValue::as_n(value).ok());
    Dollars::from_micro(counter.and_then(|micro| micro.parse().ok()).unwrap_or_default())
}

fn kept_until(now: DateTime<Utc>) -> i64 {
    (now + KEPT).timestamp()
}
