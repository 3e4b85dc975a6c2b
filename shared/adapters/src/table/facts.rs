//! The beginning of every write to a conversation.
//!
//! Whatever happens to a conversation (its acceptance, a claim, a verdict, a reply, a receipt, a price, a
//! cancellation, an erasure) is stored by one write of the conversation's item, and that write begins in
//! one of these functions. A number that counts a conversation's facts in the same write therefore has its
//! place here and nowhere else: `.add("facts", 1)` in [`change`] and in [`change_or_bury`], and an
//! attribute of [`ConversationItem`] for [`open`].

use messaging::values::ids::ConversationId;

use super::builder::{Update, Write, put, update, upsert};
use super::item::ConversationItem;
use super::keys::Key;

/// Stores a new conversation.
pub(super) fn open(id: &ConversationId, item: &ConversationItem) -> Write {
    put(Key::conversation(id), item)
}

/// Changes a conversation that is stored.
pub(super) fn change(id: &ConversationId) -> Update {
    update(Key::conversation(id))
}

/// Changes a conversation, or leaves a tombstone where none is stored.
pub(super) fn change_or_bury(id: &ConversationId) -> Update {
    upsert(Key::conversation(id))
}
