//! A contact, and the pointers from a phone to its conversations.

use chrono::{DateTime, Utc};
use messaging::conversation::consent::Consent;
use messaging::conversation::{Confirmation, Contact};
use messaging::values::ids::{ConversationId, StepName};
use serde::{Deserialize, Serialize};

use super::{Item, Unreadable, from_item};

/// The state of a contact. The opt-out of an erased person has the same attributes.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ContactItem {
    opted_out_at: Option<DateTime<Utc>>,
    opted_out_by: Option<String>,
    /// [`CONFIRMATION_DUE`], or [`confirmation_taken`].
    confirmation: Option<String>,
    last_inbound_whatsapp: Option<DateTime<Utc>>,
}

/// The value of a contact's `confirmation` that is due and not sent.
pub(crate) const CONFIRMATION_DUE: &str = "due";

const CONFIRMATION_TAKEN: &str = "taken ";

/// Returns the value of a contact's `confirmation` that a call has claimed.
pub(crate) fn confirmation_taken(by: &str) -> String {
    format!("{CONFIRMATION_TAKEN}{by}")
}

impl ContactItem {
    pub(crate) fn read(item: Item) -> Result<Contact, Unreadable> {
        let item: Self = from_item(item)?;
        let confirmation = match item.confirmation.as_deref() {
            Some(CONFIRMATION_DUE) => Confirmation::Due,
            Some(taken) => {
                Confirmation::Taken(taken.strip_prefix(CONFIRMATION_TAKEN).unwrap_or_default().to_owned())
            }
            None => Confirmation::None,
        };
        Ok(Contact {
            opted_out_at: item.opted_out_at,
            opted_out_by: item.opted_out_by,
            confirmation,
            consent: Consent::default(),
            last_whatsapp: item.last_inbound_whatsapp,
        })
    }
}

/// The text that a contact was sent last: the contact's attribute `last_out`.
#[derive(Serialize)]
pub(crate) struct LastTextItem<'a> {
    pub(crate) conversation: &'a ConversationId,
    pub(crate) step: &'a StepName,
    pub(crate) at: DateTime<Utc>,
}

/// Leads from a phone to one of its conversations, so that attribution and erasure are one query.
#[derive(Serialize)]
pub(crate) struct PointerItem {
    pub(crate) expires_at: i64,
    /// The last deadline of the conversation's steps, in epoch seconds.
    pub(crate) open_until: i64,
}
