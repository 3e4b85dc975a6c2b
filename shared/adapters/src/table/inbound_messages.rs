//! The messages that customers have written: stored once, and read by operators.

use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::Conversation;
use messaging::conversation::inbound_message::{InboundMessage, ReceivedMessage};
use messaging::ports::{InboundId, StoredInbound, Unavailable};
use messaging::text::template::MessageText;
use messaging::values::ids::ConversationId;

use super::Table;
use super::builder::{Write, put};
use super::expression::absent;
use super::item::{InboundItem, Item, ReceivedItem, expiry, from_item};
use super::keys::{Key, Partition, inbound_in, sort_key};

impl Table {
    /// Returns the messages that counted for a conversation, oldest first, without those of an erased person.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn messages_of(
        &self,
        conversation: &Conversation,
        now: DateTime<Utc>,
    ) -> Result<Vec<ReceivedMessage>, Unavailable> {
        let contact = conversation.plan.as_ref().and_then(|plan| plan.contact.as_ref());
        let Some(phone) = contact else { return Ok(Vec::new()) };
        let mut messages = Vec::new();
        for pointer in self.items_under(Partition::received(phone)).await? {
            let Some(id) = sort_key(&pointer).and_then(inbound_in) else { continue };
            if let Some(item) = self.get(Key::inbound(&id)).await? {
                messages.extend(message_for(item, &conversation.id, now));
            }
        }
        messages.sort_by_key(|message| message.at);
        Ok(messages)
    }
}

/// Stores a message of a customer, once.
pub(super) fn put_inbound(inbound: &StoredInbound<'_>, retention: TimeDelta) -> Write {
    let message = inbound.message;
    let item = InboundItem {
        expires_at: expiry(message.at, retention),
        at: message.at,
        from: Some(message.from.as_e164().to_owned()),
        to: Some(message.to.clone()),
        channel: message.channel,
        text: Some(message.body.expose().to_owned()),
        media: message.media,
        meaning: inbound.meaning,
        conversations: inbound.conversations.iter().map(|conversation| conversation.id.clone()).collect(),
    };
    put(Key::inbound(&id_of(message)), &item).require(absent("pk"))
}

/// Stores the pointer from the phone to the message.
pub(super) fn put_received(inbound: &StoredInbound<'_>, retention: TimeDelta) -> Write {
    let message = inbound.message;
    let item = ReceivedItem { expires_at: expiry(message.at, retention) };
    put(Key::received(&message.from, &id_of(message)), &item)
}

fn id_of(message: &InboundMessage) -> InboundId {
    InboundId { provider: message.provider.as_str().to_owned(), id: message.id.clone() }
}

/// Reads a message; `None` where it has expired or does not count for the conversation.
fn message_for(item: Item, conversation: &ConversationId, now: DateTime<Utc>) -> Option<ReceivedMessage> {
    let item: InboundItem = from_item(item).ok()?;
    if !item.conversations.contains(conversation) || item.expires_at <= now.timestamp() {
        return None;
    }
    Some(ReceivedMessage {
        at: item.at,
        meaning: item.meaning,
        words: MessageText::new(item.text.unwrap_or_default()),
        media: item.media,
    })
}
