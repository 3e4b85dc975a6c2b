//! The provider's own price of a text: it takes the place of the expected one in what has been spent.
//!
//! ```text
//! dearer   add the difference to the counters, then note the price on the step
//! cheaper  note the price on the step, then take the difference off
//! ```
//!
//! The price is noted where nothing has changed since it was read, so each difference counts once,
//! however often and in whichever order prices are reported. A crash between the two writes leaves more
//! counted than was spent: the fuse trips early, never late.

use crate::conversation::delivery::AttemptPrice;
use crate::conversation::receipt::AttemptId;
use crate::conversation::{Conversation, Step};
use crate::journeys::budgets::Reservation;
use crate::ports::{Budgets, Conversations, Receipts, Unavailable, WriteOutcome};
use crate::values::dollars::Dollars;
use crate::values::provider::Provider;
use chrono::{DateTime, Utc};

/// How often a price is weighed anew because something changed meanwhile.
const ROUNDS: usize = 5;

/// Notes the final price of an attempt and corrects what was reserved for it. Of two prices for one
/// attempt the greater counts. `Overtaken` when the step has changed since it was read.
///
/// What is reserved is known of the last attempt only: the price of one before it is noted, and what it
/// had reserved stays counted.
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
    let reservation = step.progress.reserved.as_ref().filter(|_| about.attempt == step.progress.attempt);
    let contact = conversation.plan.as_ref().and_then(|plan| plan.contact.as_ref());
    let change = reservation.zip(contact).map(|(reservation, to)| {
        let counted = known.map_or(reservation.micro_usd, Dollars::micro);
        (reservation, to, difference(price.micro(), counted))
    });
    if let Some((reservation, to, more)) = change.filter(|(_, _, by)| *by > 0) {
        ports.adjust(reservation, to, more).await?;
    }
    let noted = ports.note_prices(conversation, step, &with(&step.prices, about.attempt, price)).await?;
    match (noted, change) {
        (WriteOutcome::Overtaken, Some((reservation, to, more))) if more > 0 => {
            ports.adjust(reservation, to, -more).await?;
        }
        (WriteOutcome::Done, Some((reservation, to, less))) if less < 0 => {
            ports.adjust(reservation, to, less).await?;
        }
        _ => {}
    }
    Ok(noted)
}

/// What became of a price that a provider's records tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceOutcome {
    /// It is noted now.
    Settled,
    /// It was noted before.
    Known,
    /// The message is no text of a conversation that is stored.
    UnknownMessage,
}

/// Settles the price of a message by a provider's own records, for providers whose reports tell none.
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
        let found = ports.load(&about.conversation, now).await?;
        let Some((conversation, step)) =
            found.as_ref().and_then(|found| Some((found, found.step(&about.step)?)))
        else {
            return Ok(PriceOutcome::UnknownMessage);
        };
        if step.price_of(about.attempt).is_some_and(|known| known >= price) {
            return Ok(PriceOutcome::Known);
        }
        if settle_price(ports, conversation, step, &about, price).await? == WriteOutcome::Done {
            return Ok(PriceOutcome::Settled);
        }
    }
    Err(Unavailable { operation: "dynamodb:UpdateItem", reason: "the step changed too often".to_owned() })
}

/// What is still to be corrected for a reservation that became known after its price was reported.
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
