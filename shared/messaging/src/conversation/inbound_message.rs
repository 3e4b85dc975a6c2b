//! Messages from customers, as a provider reports them and as they are stored.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Conversation, Reply};
use crate::reply::ReplyMeaning;
use crate::text::template::MessageText;
use crate::values::channel::Channel;
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;

/// A message of a customer's, as a provider reports it.
#[derive(Clone)]
pub struct InboundMessage {
    /// Who reports it.
    pub provider: Provider,
    /// The provider's id of the message: stored once.
    pub id: String,
    /// The customer.
    pub from: PhoneNumber,
    /// The number or sender of ours that it came to.
    pub to: String,
    /// How it travelled.
    pub channel: Channel,
    /// The words; empty for a picture without any.
    pub body: MessageText,
    /// How many pictures or other media came with it.
    pub media: u32,
    /// The message of ours that it answers, where the provider says.
    pub replied_to: Option<String>,
    /// The provider's own reading, where it acts on keywords itself.
    pub keyword: Option<ProviderKeyword>,
    /// When it arrived.
    pub at: DateTime<Utc>,
}

impl InboundMessage {
    /// Twilio answers HELP and INFO to an SMS by itself (twilio.com/docs/messaging/tutorials/advanced-opt-out);
    /// nobody does for WhatsApp, nor AWS where opt-outs are ours.
    #[must_use]
    pub fn provider_answers_help(&self) -> bool {
        self.keyword == Some(ProviderKeyword::Help)
            || (self.provider == Provider::Twilio && self.channel == Channel::Sms)
    }
}

impl fmt::Debug for InboundMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundMessage")
            .field("provider", &self.provider)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A message as it is stored, for an operator to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// What it was taken for.
    pub meaning: ReplyMeaning,
    /// The words; empty for a picture without any.
    pub words: MessageText,
    /// How many pictures or other media came with it.
    pub media: u32,
}

/// The replies of a conversation whose words are not known any more: their messages were erased, or expired.
pub fn wordless<'a>(
    conversation: &'a Conversation,
    messages: &'a [ReceivedMessage],
) -> impl Iterator<Item = &'a Reply> {
    let is_wordless = |reply: &&Reply| !messages.iter().any(|message| message.at == reply.at);
    conversation.life.replies.iter().filter(is_wordless)
}

/// What a provider has done about a message before it told us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKeyword {
    /// It has blocked the customer and confirmed that.
    Stop,
    /// It has lifted the block.
    Start,
    /// It has answered with help.
    Help,
    /// It acts on this word (and confirms it) by default, though it does not say so here.
    StopByDefault,
}
