//! Sending rules in memory: consent, budgets and rate limiters.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Fact, State, World};
use crate::conversation::consent::{Consent, ConsentChange};
use crate::journeys::Config;
use crate::journeys::budgets::{Budget, Charge, ExceededLimit, Limits, Reservation, ReserveOutcome};
use crate::journeys::rate_limits::{Rate, RateLimiter, Slot};
use crate::ports::{Budgets, Consents, RateLimiters, SendingRules, Unavailable};
use crate::values::dollars::Dollars;
use crate::values::phone::PhoneNumber;

/// The counters of each budget by name, in millionths of a US dollar. A recipient's budget is kept per number.
pub type Spent = BTreeMap<(Budget, Option<PhoneNumber>), BTreeMap<String, u64>>;

fn key(budget: &Budget, to: &PhoneNumber) -> (Budget, Option<PhoneNumber>) {
    let owner = matches!(budget, Budget::Recipient(_)).then(|| to.clone());
    (budget.clone(), owner)
}

impl SendingRules for World {
    async fn rules(&self) -> Result<Arc<Config>, Unavailable> {
        let current = self.state().journeys.clone();
        Ok(current.map(|current| current.journeys).unwrap_or_default())
    }
}

impl Consents for World {
    async fn consent(&self, phone: &PhoneNumber) -> Result<Consent, Unavailable> {
        self.call("consent", |state| state.store.consents.get(phone).cloned().unwrap_or_default()).await
    }

    async fn change(&self, phone: &PhoneNumber, change: &ConsentChange) -> Result<(), Unavailable> {
        self.call("change_consent", |state| state.consents_to(phone, change)).await
    }

    async fn history(&self, phone: &PhoneNumber) -> Result<Vec<ConsentChange>, Unavailable> {
        let changes = |state: &mut State| state.store.consent_changes.get(phone).cloned();
        Ok(self.call("consent_history", changes).await?.unwrap_or_default())
    }
}

impl Budgets for World {
    async fn reserve(&self, charge: &Charge<'_>, limits: &Limits) -> Result<ReserveOutcome, Unavailable> {
        self.call("reserve", |state| state.reserve(charge, limits)).await
    }

    async fn adjust(
        &self,
        reservation: &Reservation,
        to: &PhoneNumber,
        by_micro_usd: i64,
    ) -> Result<(), Unavailable> {
        self.call("adjust", |state| {
            for (budget, counters) in reservation.counters(to) {
                let Some(spent) = state.spent.get_mut(&key(&budget, to)) else { continue };
                for counter in counters {
                    let counted = spent.entry(counter.name).or_default();
                    *counted = counted.saturating_add_signed(by_micro_usd);
                }
            }
        })
        .await
    }
}

impl State {
    fn reserve(&mut self, charge: &Charge<'_>, limits: &Limits) -> ReserveOutcome {
        let budgets = limits.budgets(charge);
        for (budget, counters) in &budgets {
            let known = self.spent.get(&key(budget, charge.to));
            let spent = |name: &str| {
                Dollars::from_micro(known.and_then(|spent| spent.get(name)).copied().unwrap_or_default())
            };
            if let Some(exceeded) = ExceededLimit::find(counters, charge.cost, spent) {
                return ReserveOutcome::Exceeded(exceeded);
            }
        }
        for (budget, counters) in &budgets {
            let spent = self.spent.entry(key(budget, charge.to)).or_default();
            for counter in counters {
                *spent.entry(counter.name.clone()).or_default() += charge.cost.micro();
            }
        }
        let budgets = budgets.into_iter().map(|(budget, _)| budget).collect();
        ReserveOutcome::Reserved(Reservation { at: charge.now, micro_usd: charge.cost.micro(), budgets })
    }
}

impl State {
    fn acquire(&mut self, rate: &Rate, next: RateLimiter) -> DateTime<Utc> {
        self.rate_limiters.insert(rate.limiter().to_owned(), next);
        self.note(Fact::SlotAcquired { slot: next.instant() });
        next.instant()
    }
}

impl RateLimiters for World {
    async fn acquire_slot(&self, rate: &Rate, now: DateTime<Utc>) -> Result<DateTime<Utc>, Unavailable> {
        self.call("acquire_slot", |state| {
            let known = state.rate_limiters.get(rate.limiter()).copied();
            state.acquire(rate, RateLimiter::next(known, rate, now))
        })
        .await
    }

    async fn try_acquire_now(&self, rate: &Rate, now: DateTime<Utc>) -> Result<Slot, Unavailable> {
        self.call("try_acquire_now", |state| {
            let known = state.rate_limiters.get(rate.limiter()).copied();
            match RateLimiter::at_once(known, rate, now) {
                Ok(next) => Slot::Now(state.acquire(rate, next)),
                Err(later) => Slot::NotBefore(later),
            }
        })
        .await
    }
}
