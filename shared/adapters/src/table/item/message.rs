//! Messages: those that a provider sent, those that customers wrote, and receipts for unknown ones.

use chrono::{DateTime, Utc};
use messaging::conversation::receipt::AttemptId;
use messaging::reply::ReplyMeaning;
use messaging::values::channel::Channel;
use messaging::values::ids::ConversationId;
use serde::{Deserialize, Serialize};

use super::Worklist;

/// Leads from a provider's message to the attempt that sent it.
#[derive(Serialize)]
pub(crate) struct AttemptItem {
    pub(crate) expires_at: i64,
    #[serde(flatten)]
    pub(crate) attempt: AttemptId,
}

/// A receipt that belongs to no text of ours. It is kept for operators, and counted.
#[derive(Serialize)]
pub(crate) struct StrayReceiptItem<'a> {
    pub(crate) expires_at: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) said: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'a str>,
    #[serde(flatten)]
    pub(crate) about: Option<&'a AttemptId>,
    pub(crate) worklist: Worklist,
    pub(crate) worklist_at: DateTime<Utc>,
}

/// A message that a customer wrote. The person's attributes are absent once the person is erased.
#[derive(Serialize, Deserialize)]
pub(crate) struct InboundItem {
    pub(crate) expires_at: i64,
    pub(crate) at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    pub(crate) channel: Channel,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) media: u32,
    pub(crate) meaning: ReplyMeaning,
    /// The conversations for which the message counts.
    #[serde(default)]
    pub(crate) conversations: Vec<ConversationId>,
}

/// Leads from a phone to a message that it sent, for erasure.
#[derive(Serialize)]
pub(crate) struct ReceivedItem {
    pub(crate) expires_at: i64,
}
