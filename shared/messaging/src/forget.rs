//! Forgetting a person: number, name and words leave the table; ids, times and verdicts stay.
//!
//! What leads to a piece of data is taken away with it or after it, so that a crash at any point
//! leaves something that the next run finds. The contact goes last.

mod mention;

use std::collections::BTreeSet;

use crate::ports::{ErasedConversation, Erasure, Unavailable, WriteOutcome};
use crate::values::clock::Clock;
use crate::values::ids::ConversationId;
use crate::values::phone::PhoneNumber;

pub use mention::mentions;

/// What was forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForgetReport {
    /// How many conversations.
    pub conversations: usize,
    /// How many messages of theirs.
    pub inbound: usize,
    /// How many events in quarantine.
    pub quarantined: usize,
    /// Conversations of which a text was with the provider at that moment. Its answer may bring an
    /// opt-out back under the number: forget once more when it has been recorded.
    pub sending: Vec<ConversationId>,
    /// They had opted out. That is heeded further on, without the number.
    pub opted_out: bool,
}

/// How often everything is looked at anew because something came in meanwhile.
const ROUNDS: usize = 5;

/// Forgets a person. What waits for them ends as `SkippedCancelled` without a text, because of
/// `erased_at`; a repeat of one of their events is still a duplicate.
///
/// # Errors
/// When the store cannot be reached, or the person keeps writing: forget again.
pub async fn forget(
    store: &impl Erasure,
    phone: &PhoneNumber,
    clock: &impl Clock,
) -> Result<ForgetReport, Unavailable> {
    let mut forgotten = ForgetReport::default();
    for _ in 0..ROUNDS {
        let traces = store.traces(phone).await?;
        let at = clock.now();
        // First what is found by the conversations' ids as well as by the number.
        let theirs: BTreeSet<_> = traces.conversations.iter().cloned().collect();
        for event in store.quarantined_events().await? {
            if mentions(&event, phone, &theirs) {
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
