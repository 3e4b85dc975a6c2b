//! Forgets a person: deletes their number, name and words from the table. Ids, times and verdicts stay.
//!
//! A reference to a piece of data is deleted together with the data or after it, so that the next run finds
//! everything that a crash has left. The contact is deleted last.

mod mention;

use std::collections::BTreeSet;

use crate::ports::{ErasedConversation, Erasure, Unavailable, WriteOutcome};
use crate::values::clock::Clock;
use crate::values::ids::ConversationId;
use crate::values::phone::PhoneNumber;

pub use mention::mentions;

/// The numbers of records that were erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForgetReport {
    /// The number of conversations.
    pub conversations: usize,
    /// The number of messages that the person had sent.
    pub inbound: usize,
    /// The number of events in quarantine.
    pub quarantined: usize,
    /// The conversations with a text that was being sent at that moment. The provider's answer may store an
    /// opt-out under the number again: forget the person once more after it has been recorded.
    pub sending: Vec<ConversationId>,
    /// Whether the person had opted out. The opt-out stays in force without the number.
    pub opted_out: bool,
}

/// The number of times that everything is read again because something arrived concurrently.
const ROUNDS: usize = 5;

/// Forgets a person. Their waiting steps end as `SkippedCancelled` with `erased_at` and send nothing. A
/// repeat of one of their events is still a duplicate.
///
/// # Errors
/// When the store cannot be reached, or the person keeps writing. Repeat the call then.
pub async fn forget(
    store: &impl Erasure,
    phone: &PhoneNumber,
    clock: &impl Clock,
) -> Result<ForgetReport, Unavailable> {
    let mut forgotten = ForgetReport::default();
    for _ in 0..ROUNDS {
        let traces = store.traces(phone).await?;
        let at = clock.now();
        // Quarantined events are erased first, because they are found by conversation ids as well as by the number.
        let ids: BTreeSet<_> = traces.conversations.iter().cloned().collect();
        for event in store.quarantined_events().await? {
            if mentions(&event, phone, &ids) {
                store.erase_quarantined(&event.id, at).await?;
                forgotten.quarantined += 1;
            }
        }
        for id in traces.conversations {
            if let ErasedConversation::Erased { sending } = store.erase_conversation(phone, &id, at).await? {
                forgotten.conversations += 1;
                forgotten.sending.extend(sending.then_some(id));
            }
        }
        for message in &traces.inbound {
            store.erase_inbound(phone, message, at).await?;
            forgotten.inbound += 1;
        }
        forgotten.opted_out |= traces.contact.opted_out_at.is_some();
        if store.erase_contact(phone, &traces.contact).await? == WriteOutcome::Done {
            return Ok(forgotten);
        }
    }
    Err(Unavailable { operation: "forget", reason: "the contact changed too often".to_owned() })
}

#[cfg(test)]
mod tests;
