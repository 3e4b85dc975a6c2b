//! The rate limiters of senders: `S#<provider or number>` / `S` holds the last second with a taken slot, and
//! how many slots of that second are taken.
//!
//! There are three conditional updates, of which exactly one fits what is stored: one more slot of that
//! second, the first slot of the next second, or the first slot of a limiter whose last second is past. A
//! caller that chose another one reads what is stored and chooses again.

use chrono::{DateTime, TimeDelta, Utc};
use messaging::journeys::rate_limits::{Rate, RateLimiter, Slot};
use messaging::ports::{RateLimiters, Unavailable};
use messaging::values::clock::ceil_to_second;
use serde::Deserialize;

use super::Table;
use super::builder::{Update, upsert};
use super::execute::Updated;
use super::expression::{absent, any, at_least, equals, less};
use super::item::{Item, from_item};
use super::keys::Key;

const OPERATION: &str = "dynamodb:UpdateItem";

/// The time after which an unused limiter expires: its last second is long past.
const KEPT: TimeDelta = TimeDelta::days(2);

/// The number of times that another caller may be faster before a call gives up.
const TRIES: usize = 50;

#[derive(Deserialize)]
struct RateLimiterItem {
    /// The last second with a taken slot, in epoch seconds.
    second: i64,
    taken: u32,
}

/// The result of one update of a limiter.
enum Attempt {
    Taken(RateLimiter),
    /// Another update fits what is stored.
    Overtaken(Option<RateLimiter>),
}

impl RateLimiters for Table {
    async fn acquire_slot(&self, rate: &Rate, now: DateTime<Utc>) -> Result<DateTime<Utc>, Unavailable> {
        let from = ceil_to_second(now).timestamp();
        // The most frequent case when it matters: a second with a free slot.
        let mut known = Some(RateLimiter { second: from, taken: 0 });
        for _ in 0..TRIES {
            match self.take_slot(rate, slot_from(rate, known, from), from).await? {
                Attempt::Taken(limiter) => return Ok(limiter.instant()),
                Attempt::Overtaken(stored) => known = stored,
            }
        }
        Err(contended())
    }

    async fn try_acquire_now(&self, rate: &Rate, now: DateTime<Utc>) -> Result<Slot, Unavailable> {
        let second = now.timestamp();
        let mut known = Some(RateLimiter { second, taken: 0 });
        for _ in 0..TRIES {
            if let Err(later) = RateLimiter::at_once(known, rate, now) {
                return Ok(Slot::NotBefore(later));
            }
            match self.take_slot(rate, slot_of(rate, known, second), second).await? {
                Attempt::Taken(limiter) => return Ok(Slot::Now(limiter.instant())),
                Attempt::Overtaken(stored) => known = stored,
            }
        }
        Err(contended())
    }
}

/// Takes a slot of the second `from` or of a later one, in the way that fits the known limiter.
fn slot_from(rate: &Rate, known: Option<RateLimiter>, from: i64) -> Update {
    let per_second = rate.per_second.get();
    let limiter = upsert(Key::rate_limiter(rate));
    match known {
        Some(known) if known.second >= from && known.taken < per_second => {
            limiter.require(at_least("second", from)).require(less("taken", per_second)).add("taken", 1)
        }
        Some(known) if known.second >= from => limiter
            .require(at_least("second", from))
            .require(at_least("taken", per_second))
            .add("second", 1)
            .set("taken", 1),
        _ => first_slot(limiter, from),
    }
}

/// Takes a slot of exactly that second, in the way that fits the known limiter.
fn slot_of(rate: &Rate, known: Option<RateLimiter>, second: i64) -> Update {
    let limiter = upsert(Key::rate_limiter(rate));
    match known {
        Some(known) if known.second == second => limiter
            .require(equals("second", second))
            .require(less("taken", rate.per_second.get()))
            .add("taken", 1),
        _ => first_slot(limiter, second),
    }
}

fn first_slot(limiter: Update, second: i64) -> Update {
    limiter.require(any([absent("second"), less("second", second)])).set("second", second).set("taken", 1)
}

impl Table {
    async fn take_slot(&self, rate: &Rate, slot: Update, second: i64) -> Result<Attempt, Unavailable> {
        let slot = slot.set("expires_at", second + KEPT.num_seconds());
        match self.update_and_read(slot).await? {
            Updated::Done(stored) => limiter(stored)
                .map(Attempt::Taken)
                .ok_or_else(|| Unavailable { operation: OPERATION, reason: "unreadable item".to_owned() }),
            Updated::Refused(Some(stored)) => Ok(Attempt::Overtaken(limiter(stored))),
            Updated::Refused(None) => {
                let stored = self.get(Key::rate_limiter(rate)).await?;
                Ok(Attempt::Overtaken(stored.and_then(limiter)))
            }
        }
    }
}

fn contended() -> Unavailable {
    Unavailable { operation: OPERATION, reason: "the rate limiter is contended".to_owned() }
}

fn limiter(item: Item) -> Option<RateLimiter> {
    let RateLimiterItem { second, taken } = from_item(item).ok()?;
    Some(RateLimiter { second, taken })
}
