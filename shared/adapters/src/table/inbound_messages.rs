//! What customers have written, as operators read it.

use chrono::{DateTime, Utc};
use messaging::conversation::Conversation;
use messaging::conversation::inbound_message::ReceivedMessage;
use messaging::ports::Unavailable;
use messaging::reply::ReplyMeaning;
use messaging::text::template::MessageText;
use serde::Deserialize;

use super::Table;
use super::item::{Item, inbound_key, received_key};

/// A stored message; what an erased one has lost is absent.
#[derive(Deserialize)]
struct InboundItem {
    expires_at: i64,
    at: Option<DateTime<Utc>>,
    text: Option<String>,
    #[serde(default)]
    media: u32,
    meaning: Option<ReplyMeaning>,
    #[serde(default)]
    conversations: Vec<String>,
}

impl Table {
    /// The messages that counted for a conversation, oldest first. None of an erased person's.
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
        for pointer in self.items_under(received_key(phone)).await? {
            let key = pointer.get("sk").and_then(|key| key.as_s().ok());
            let Some((provider, id)) = key.and_then(|key| key.strip_prefix("I#")?.split_once('#')) else {
                continue;
            };
            if let Some(item) = self.get(inbound_key(provider, id)).await? {
                messages.extend(read(item, conversation.id.as_str(), now));
            }
        }
        messages.sort_by_key(|message| message.at);
        Ok(messages)
    }
}

fn read(item: Item, conversation: &str, now: DateTime<Utc>) -> Option<ReceivedMessage> {
    let item: InboundItem = serde_dynamo::aws_sdk_dynamodb_1::from_item(item).ok()?;
    let counts = item.conversations.iter().any(|counts_for| counts_for == conversation);
    if !counts || item.expires_at <= now.timestamp() {
        return None;
    }
    Some(ReceivedMessage {
        at: item.at?,
        meaning: item.meaning?,
        words: MessageText::new(item.text.unwrap_or_default()),
        media: item.media,
    })
}
