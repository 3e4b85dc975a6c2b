//! The senders' schedules: `S#<provider or number>` / `S`, the last second with a taken place and how many of it are.
//!
//! Three conditional updates, of which exactly one fits what is stored: one place more of that second,
//! the first of the next second, or the first of a schedule that lies in the past. Who chose another one
//! is told what is stored and chooses anew.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use messaging::journeys::rate_limits::{Rate, RateLimiter, Slot};
use messaging::ports::{RateLimiters, Unavailable};
use messaging::values::clock::ceil_to_second;

use super::Table;
use super::change::{Change, ChangeOutcome};
use super::expression::{Placeholders, number};
use super::item::{Item, VERSION};

const OPERATION: &str = "dynamodb:UpdateItem";

/// A schedule that nobody has used for so long says nothing any more.
const KEPT: TimeDelta = TimeDelta::days(2);

/// So often others may be quicker before somebody gives up for now.
const TRIES: usize = 50;

impl RateLimiters for Table {
    async fn acquire_slot(&self, pace: &Rate, now: DateTime<Utc>) -> Result<DateTime<Utc>, Unavailable> {
        let from = ceil_to_second(now).timestamp();
        // What is stored most often when it matters: a second with a place left.
        let mut known = Some(RateLimiter { second: from, taken: 0 });
        for _ in 0..TRIES {
            match self.take_place(pace, known, from).await? {
                Ok(taken) => return Ok(taken.instant()),
                Err(stored) => known = stored,
            }
        }
        Err(contended())
    }

    async fn try_acquire_now(&self, pace: &Rate, now: DateTime<Utc>) -> Result<Slot, Unavailable> {
        let second = now.timestamp();
        let mut known = Some(RateLimiter { second, taken: 0 });
        for _ in 0..TRIES {
            if let Err(later) = RateLimiter::at_once(known, pace, now) {
                return Ok(Slot::NotBefore(later));
            }
            match self.take_place_of(pace, known, second).await? {
                Ok(taken) => return Ok(Slot::Now(taken.instant())),
                Err(stored) => known = stored,
            }
        }
        Err(contended())
    }
}

impl Table {
    /// Takes a place of this or a later second in the way that fits what is known; else what is stored.
    async fn take_place(
        &self,
        pace: &Rate,
        known: Option<RateLimiter>,
        from: i64,
    ) -> Result<Result<RateLimiter, Option<RateLimiter>>, Unavailable> {
        let rate = pace.per_second.get();
        let mut p = Placeholders::default();
        let (second, taken) = (p.path("second"), p.path("taken"));
        let start = p.value("from", number(from));
        let one = p.value("one", number(1));
        let (sets, condition) = match known.filter(|known| known.second >= from) {
            None => (
                format!("{second} = {start}, {taken} = {one}"),
                format!("attribute_not_exists({second}) OR {second} < {start}"),
            ),
            Some(known) if known.taken < rate => {
                let rate = p.value("rate", number(rate));
                let condition = format!("{second} >= {start} AND {taken} < {rate}");
                (format!("{taken} = {taken} + {one}"), condition)
            }
            Some(_) => {
                let rate = p.value("rate", number(rate));
                let condition = format!("{second} >= {start} AND {taken} >= {rate}");
                (format!("{second} = {second} + {one}, {taken} = {one}"), condition)
            }
        };
        self.reschedule(pace, p, &sets, condition, from).await
    }

    /// Takes a place of that very second; else what is stored.
    async fn take_place_of(
        &self,
        pace: &Rate,
        known: Option<RateLimiter>,
        this: i64,
    ) -> Result<Result<RateLimiter, Option<RateLimiter>>, Unavailable> {
        let mut p = Placeholders::default();
        let (second, taken) = (p.path("second"), p.path("taken"));
        let start = p.value("this", number(this));
        let one = p.value("one", number(1));
        let (sets, condition) = if known.is_some_and(|known| known.second == this) {
            let rate = p.value("rate", number(pace.per_second.get()));
            (format!("{taken} = {taken} + {one}"), format!("{second} = {start} AND {taken} < {rate}"))
        } else {
            (
                format!("{second} = {start}, {taken} = {one}"),
                format!("attribute_not_exists({second}) OR {second} < {start}"),
            )
        };
        self.reschedule(pace, p, &sets, condition, this).await
    }

    async fn reschedule(
        &self,
        pace: &Rate,
        mut p: Placeholders,
        sets: &str,
        condition: String,
        from: i64,
    ) -> Result<Result<RateLimiter, Option<RateLimiter>>, Unavailable> {
        let update = format!(
            "SET {} = {}, {} = {}, {sets}",
            p.path("v"),
            p.value("v", number(VERSION)),
            p.path("expires_at"),
            p.value("expires_at", number(from + KEPT.num_seconds())),
        );
        let key = (format!("S#{}", pace.schedule()), "S".to_owned());
        let change = Change { key: key.clone(), update, condition, placeholders: p };
        match self.change_item_and_read(change).await? {
            ChangeOutcome::Made(stored) => schedule(&stored)
                .map(Ok)
                .ok_or_else(|| Unavailable { operation: OPERATION, reason: "unreadable item".to_owned() }),
            ChangeOutcome::Refused(Some(stored)) => Ok(Err(schedule(&stored))),
            ChangeOutcome::Refused(None) => Ok(Err(self.get(key).await?.as_ref().and_then(schedule))),
        }
    }
}

fn contended() -> Unavailable {
    Unavailable { operation: OPERATION, reason: "the schedule is contended".to_owned() }
}

fn schedule(item: &Item) -> Option<RateLimiter> {
    let field = |name: &str| item.get(name).and_then(|value| AttributeValue::as_n(value).ok());
    Some(RateLimiter { second: field("second")?.parse().ok()?, taken: field("taken")?.parse().ok()? })
}
