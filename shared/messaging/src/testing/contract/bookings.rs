//! Ends of bookings, before and after the booking arrives.

use super::Table;
use super::fixtures::{accepted, at, conversation, decided, id, stored};
use crate::conversation::{Conversation, Supersession};
use crate::ports::{AcceptOutcome, BookingEnd, BookingEndOutcome, CancelOutcome, WriteOutcome};
use crate::values::verdict::Verdict;

/// Ends a booking before it arrives: the tombstone has no plan, and the booking is then found as existing.
pub async fn cancelling_an_unknown_booking_stores_a_tombstone(table: impl Table) {
    let ended = table.end_booking(&id(1), &BookingEnd::Cancelled, at(1)).await;
    assert_eq!(ended, Ok(BookingEndOutcome { repeated: false, superseded: false }));
    let tombstone = stored(&table, 1).await;
    assert!(tombstone.plan.is_none());
    assert_eq!(tombstone.life.cancelled_at, Some(at(1)));
    let existing = table.accept(&conversation(1), None).await;
    assert_eq!(existing, Ok(AcceptOutcome::Existing(Box::new(tombstone))));
    assert_eq!(table.cancel(&id(1), at(2)).await, Ok(CancelOutcome::AlreadyCancelled));
}

/// Accepts two bookings that replace another one, of which the second is unknown and becomes a tombstone.
pub async fn accepting_a_booking_supersedes_the_previous_one(table: impl Table) {
    accepted(&table).await;
    assert_eq!(table.accept(&conversation(2), Some(&id(1))).await, Ok(AcceptOutcome::Stored));
    assert_eq!(stored(&table, 1).await.life.superseded.unwrap().by, Some(id(2)));
    assert_eq!(table.accept(&conversation(4), Some(&id(3))).await, Ok(AcceptOutcome::Stored));
    let tombstone = stored(&table, 3).await;
    assert!(tombstone.plan.is_none());
    assert_eq!(tombstone.life.superseded.unwrap().by, Some(id(4)));
}

/// Reports an end twice. A supersession by a newer booking does not count as a report about the old one.
pub async fn the_second_report_of_an_end_is_a_repeat(table: impl Table) {
    accepted(&table).await;
    let end = |ending: BookingEnd, seconds| {
        let table = &table;
        async move { table.end_booking(&id(1), &ending, at(seconds)).await }
    };
    let first = BookingEndOutcome { repeated: false, superseded: true };
    assert_eq!(end(BookingEnd::Superseded { by: Some(id(2)) }, 1).await, Ok(first));
    assert_eq!(end(BookingEnd::Rescheduled { by: Some(id(3)) }, 2).await, Ok(first));
    let again = BookingEndOutcome { repeated: true, superseded: true };
    assert_eq!(end(BookingEnd::Rescheduled { by: None }, 3).await, Ok(again));
    let life = stored(&table, 1).await.life;
    assert_eq!(life.superseded, Some(Supersession { at: at(1), by: Some(id(2)) }), "the first report stays");
}

/// Fills a tombstone with the plan of its event, which keeps the end that was stored before.
pub async fn a_tombstone_is_filled_once(table: impl Table) {
    assert_eq!(
        table.bury(&conversation(1), None).await,
        Ok(WriteOutcome::Overtaken),
        "there is no tombstone"
    );
    table.end_booking(&id(1), &BookingEnd::Cancelled, at(1)).await.unwrap();
    let mut filled = conversation(1);
    filled.plan.as_mut().unwrap().steps[0].progress = decided(Verdict::SkippedCancelled);
    filled.life.started_at = Some(at(2));
    assert_eq!(table.bury(&filled, Some(&id(9))).await, Ok(WriteOutcome::Done));
    let expected = {
        let mut life = filled.life.clone();
        life.cancelled_at = Some(at(1));
        Conversation { life, ..filled.clone() }
    };
    assert_eq!(stored(&table, 1).await, expected);
    assert_eq!(stored(&table, 9).await.life.superseded.unwrap().by, Some(id(1)));
    assert_eq!(table.bury(&filled, None).await, Ok(WriteOutcome::Overtaken));
}
