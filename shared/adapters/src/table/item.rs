//! The items as they are stored: a persisted format. Old items stay readable: a new attribute is optional,
//! and the meaning of an attribute never changes.
//!
//! Small items are described beside the code that writes them. The key and the version `v` of each item
//! are set by the [builder](super::builder).

mod contact;
mod conversation;
mod delivery;
mod message;
mod progress;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use messaging::conversation::kept_until;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(super) use contact::{CONFIRMATION_DUE, ContactItem, LastTextItem, PointerItem, confirmation_taken};
pub(super) use conversation::{ConversationItem, conversation_from};
pub(super) use delivery::DeliveryItem;
pub(super) use message::{AttemptItem, InboundItem, ReceivedItem, StrayReceiptItem};
pub(super) use progress::{ProgressItem, progress_of};

/// The version of the format that this code writes.
pub(super) const VERSION: u32 = 1;

/// An item with its attributes by name.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The error for an item that this code cannot read.
#[derive(Debug)]
pub(crate) struct Unreadable;

pub(super) fn to_item(value: &impl Serialize) -> Result<Item, Unreadable> {
    serde_dynamo::aws_sdk_dynamodb_1::to_item(value).map_err(|_| Unreadable)
}

pub(super) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Unreadable> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(|_| Unreadable)
}

/// Returns an attribute that is a string.
pub(super) fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// Returns an attribute that is a whole number.
pub(super) fn integer(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// Returns an attribute that is a map.
pub(super) fn map<'a>(item: &'a Item, name: &str) -> Option<&'a Item> {
    item.get(name)?.as_m().ok()
}

/// A list of items for operators, in the sparse index `worklist`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Worklist {
    /// Conversations with a step that ended as `HeldUnknownOutcome`.
    Held,
    /// Contacts that have opted out.
    OptedOut,
    /// Events in quarantine.
    Quarantined,
    /// Receipts that belong to no text of ours.
    StrayReceipt,
}

impl Worklist {
    /// Returns the name as it is stored.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::OptedOut => "opted_out",
            Self::Quarantined => "quarantined",
            Self::StrayReceipt => "stray_receipt",
        }
    }
}

/// Returns the time at which an item expires: the retention after everything about it is over, in epoch
/// seconds as TTL takes them.
pub(super) fn expiry(last_deadline: DateTime<Utc>, retention: TimeDelta) -> i64 {
    kept_until(last_deadline, retention).timestamp()
}
