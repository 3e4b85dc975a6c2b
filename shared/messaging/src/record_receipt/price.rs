//! Settles the price of a text: the provider's price replaces the expected one in the spending counters.
//!
//! ```text
//! higher   add the difference to the counters, then store the price with the step
//! lower    store the price with the step, then subtract the difference
//! ```
//!
//! The price is stored only if the step has not changed since it was read, so each difference counts
//! once, however often and in whichever order prices are reported. A crash between the two writes leaves
//! more counted than was spent: the spending limit is reached early, never late.

use crate::conversation::delivery::AttemptPrice;
use crate::conversation::receipt::AttemptId;
use crate::conversation::{Conversation, Step};
use crate::journeys::budgets::Reservation;
use crate::ports::{Budgets, Conversations, Receipts, Unavailable, WriteOutcome};
use crate::values::dollars::Dollars;
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;
use chrono::{DateTime, Utc};

/// The number of times that a price is settled again because the step changed concurrently.
const ROUNDS: usize = 5;

/// Stores the final price of an attempt and adjusts its reservation. Of two prices for one attempt the
/// greater counts. Returns `Overtaken` if the step has changed since it was read.
///
/// Only the reservation of the last attempt is stored. The price of an earlier attempt is stored too, but
/// its reservation stays counted.
///
/// # Errors
/// When the store cannot be reached. A repetition is safe.
pub async fn settle_price(
    ports: &(impl Receipts + Budgets),
    conversation: &Conversation,
    step: &Step,
    about: &AttemptId,
    price: Dollars,
) -> Result<WriteOutcome, Unavailable> {
    let known = step.price_of(about.attempt);
    if about.attempt == 0 || known.is_some_and(|known| known >= price) {
        return Ok(WriteOutcome::Done);
    }
    let prices = with(&step.prices, about.attempt, price);
    let Some((reservation, to)) = reservation_of(conversation, step, about) else {
        return ports.note_prices(conversation, step, &prices).await;
    };
    let counted = match known {
        Some(known) => known.micro(),
        None => reservation.micro_usd,
    };
    let difference = difference(price.micro(), counted);
    if difference > 0 {
        ports.adjust(reservation, to, difference).await?;
    }
    let noted = ports.note_prices(conversation, step, &prices).await?;
    match noted {
        WriteOutcome::Overtaken if difference > 0 => ports.adjust(reservation, to, -difference).await?,
        WriteOutcome::Done if difference < 0 => ports.adjust(reservation, to, difference).await?,
        WriteOutcome::Overtaken | WriteOutcome::Done => {}
    }
    Ok(noted)
}

/// Returns the stored reservation of an attempt, with the phone that the text went to.
fn reservation_of<'a>(
    conversation: &'a Conversation,
    step: &'a Step,
    about: &AttemptId,
) -> Option<(&'a Reservation, &'a PhoneNumber)> {
    if about.attempt != step.progress.attempt {
        return None;
    }
    let contact = conversation.plan.as_ref()?.contact.as_ref()?;
    Some((step.progress.reserved.as_ref()?, contact))
}

/// The result of settling a price from a provider's own records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceOutcome {
    /// The price was not stored before, and is stored now.
    Settled,
    /// The same or a greater price had been stored before.
    Known,
    /// The message does not belong to a stored conversation.
    UnknownMessage,
}

/// Settles the price of a message from a provider's own records, for providers whose reports have no price.
///
/// # Errors
/// When the store cannot be reached, or the step changes too often. A repetition is safe.
pub async fn settle_found(
    ports: &(impl Conversations + Receipts + Budgets),
    provider: Provider,
    message_id: &str,
    price: Dollars,
    now: DateTime<Utc>,
) -> Result<PriceOutcome, Unavailable> {
    for _ in 0..ROUNDS {
        let Some(about) = ports.attempt_of(provider, message_id).await? else {
            return Ok(PriceOutcome::UnknownMessage);
        };
        let Some(conversation) = ports.load(&about.conversation, now).await? else {
            return Ok(PriceOutcome::UnknownMessage);
        };
        let Some(step) = conversation.step(&about.step) else {
            return Ok(PriceOutcome::UnknownMessage);
        };
        if step.price_of(about.attempt).is_some_and(|known| known >= price) {
            return Ok(PriceOutcome::Known);
        }
        if settle_price(ports, &conversation, step, &about, price).await? == WriteOutcome::Done {
            return Ok(PriceOutcome::Settled);
        }
    }
    Err(Unavailable { operation: "dynamodb:UpdateItem", reason: "the step changed too often".to_owned() })
}

/// Returns the difference by which a reservation is adjusted that is stored after its price was reported.
pub(crate) fn belated(step: &Step, reservation: &Reservation) -> Option<i64> {
    let price = step.price_of(step.progress.attempt)?;
    Some(difference(price.micro(), reservation.micro_usd))
}

fn difference(price: u64, counted: u64) -> i64 {
    i64::try_from(i128::from(price) - i128::from(counted)).unwrap_or_default()
}

fn with(prices: &[AttemptPrice], attempt: u32, price: Dollars) -> Vec<AttemptPrice> {
    let mut next: Vec<_> = prices.iter().copied().filter(|known| known.attempt != attempt).collect();
    next.push(AttemptPrice { attempt, micro_usd: price.micro() });
    next.sort_by_key(|known| known.attempt);
    next
}
