//! What holds texts back, in memory: rules, money, pace.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Fact, Mutation, State, World};
use crate::conversation::consent::{Consent, ConsentChange};
use crate::journeys::Config;
use crate::journeys::budgets::{Budget, Charge, ExceededLimit, Limits, Reservation, ReserveOutcome};
use crate::journeys::rate_limits::{Rate, RateLimiter, Slot};
use crate::ports::{Budgets, Consents, RateLimiters, SendingRules, Unavailable};
use crate::values::dollars::Dollars;
use crate::values::phone::PhoneNumber;

/// Counters by name, of each purse; a recipient's by its number.
pub type Spent = BTreeMap<(Budget, Option<PhoneNumber>), BTreeMap<String, u64>>;

fn key(purse: &Budget, to: &PhoneNumber) -> (Budget, Option<PhoneNumber>) {
    let owner = matches!(purse, Budget::Recipient(_)).then(|| to.clone());
    (purse.clone(), owner)
}

impl SendingRules for World {
    async fn rules(&self) -> Result<Arc<Config>, Unavailable> {
        let current = self.state().journeys.clone();
        Ok(current.map(|current| current.journeys).unwrap_or_default())
    }
}

impl Consents for World {
    async fn consent(&self, phone: &PhoneNumber) -> Result<Consent, Unavailable> {
        self.call("consent", |state| match state.mutation {
            Some(Mutation::NoConsentCheck) => everything(),
            _ => state.store.consents.get(phone).cloned().unwrap_or_default(),
        })
        .await
    }

    async fn change(&self, phone: &PhoneNumber, change: &ConsentChange) -> Result<(), Unavailable> {
        self.call("change_consent", |state| state.consents_to(phone, change)).await
    }

    async fn history(&self, phone: &PhoneNumber) -> Result<Vec<ConsentChange>, Unavailable> {
        let changes = |state: &mut State| state.store.consent_changes.get(phone).cloned();
        Ok(self.call("consent_history", changes).await?.unwrap_or_default())
    }
}

/// Everybody's agreement to all advertising.
fn everything() -> Consent {
    let mut consent = Consent::default();
    consent.apply(&ConsentChange::started(DateTime::UNIX_EPOCH));
    consent
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
            for (purse, counters) in reservation.counters(to) {
                let Some(spent) = state.spent.get_mut(&key(&purse, to)) else { continue };
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
        for (purse, counters) in &budgets {
            let known = self.spent.get(&key(purse, charge.to));
            let spent = |name: &str| {
                Dollars::from_micro(known.and_then(|spent| spent.get(name)).copied().unwrap_or_default())
            };
            if let Some(exceeded) = ExceededLimit::find(counters, charge.cost, spent)
                && self.mutation != Some(Mutation::NoMoneyLimit)
            {
                return ReserveOutcome::Exceeded(exceeded);
            }
        }
        for (purse, counters) in &budgets {
            let spent = self.spent.entry(key(purse, charge.to)).or_default();
            for counter in counters {
                *spent.entry(counter.name.clone()).or_default() += charge.cost.micro();
            }
        }
        let budgets = budgets.into_iter().map(|(purse, _)| purse).collect();
        ReserveOutcome::Reserved(Reservation { at: charge.now, micro_usd: charge.cost.micro(), budgets })
    }
}

impl State {
    fn places(&mut self, pace: &Rate, next: RateLimiter) -> DateTime<Utc> {
        if self.mutation != Some(Mutation::NoPacing) {
            self.rate_limiters.insert(pace.schedule().to_owned(), next);
        }
        self.note(Fact::SlotAcquired { slot: next.instant() });
        next.instant()
    }
}

impl RateLimiters for World {
    async fn acquire_slot(&self, pace: &Rate, now: DateTime<Utc>) -> Result<DateTime<Utc>, Unavailable> {
        self.call("acquire_slot", |state| {
            let known = state.rate_limiters.get(pace.schedule()).copied();
            state.places(pace, RateLimiter::next(known, pace, now))
        })
        .await
    }

    async fn try_acquire_now(&self, pace: &Rate, now: DateTime<Utc>) -> Result<Slot, Unavailable> {
        self.call("try_acquire_now", |state| {
            let known = state.rate_limiters.get(pace.schedule()).copied();
            match RateLimiter::at_once(known, pace, now) {
                Ok(next) => Slot::Now(state.places(pace, next)),
                Err(later) => Slot::NotBefore(later),
            }
        })
        .await
    }
}
