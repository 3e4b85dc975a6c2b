//! The opt-out of a person who was erased: kept under a digest of the number, so that it is respected
//! without naming anybody. See docs/adr/0012-erasing-a-person.md.

use chrono::{DateTime, Utc};
use messaging::conversation::Contact;
use messaging::ports::Unavailable;
use messaging::values::phone::PhoneNumber;

use super::builder::{Update, upsert};
use super::item::{ContactItem, expiry};
use super::keys::Key;
use super::read::{GET, unreadable};
use super::{Table, opt_outs};

impl Table {
    /// Returns the opt-out that is kept for an erased person with this number, if there is one.
    pub(super) async fn suppression(&self, phone: &PhoneNumber) -> Result<Option<Contact>, Unavailable> {
        self.suppression_under(phone).await
    }

    /// Reads the opt-out that is kept under exactly this spelling.
    pub(super) async fn suppression_under(
        &self,
        phone: &PhoneNumber,
    ) -> Result<Option<Contact>, Unavailable> {
        let Some(item) = self.get(Key::suppression(phone)).await? else { return Ok(None) };
        let contact = ContactItem::read(item).map_err(|_| unreadable(GET))?;
        Ok(contact.opted_out_at.is_some().then_some(contact))
    }

    /// Lifts the opt-out of an erased person. The empty item expires: no function may delete.
    pub(super) fn lift_suppression(&self, phone: &PhoneNumber, at: DateTime<Utc>) -> Update {
        upsert(Key::suppression(phone))
            .set("expires_at", expiry(at, self.retention))
            .remove("opted_out_at")
            .remove("opted_out_by")
    }

    /// Moves the opt-out of an erased person back under the number, which has written to us again.
    pub(super) async fn restore_opt_out(
        &self,
        phone: &PhoneNumber,
        suppressed: &Contact,
        now: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        let Some(at) = suppressed.opted_out_at else { return Ok(()) };
        let by = suppressed.opted_out_by.as_deref().unwrap_or("unknown");
        let contact = opt_outs::opt_out(phone, by, at);
        self.transact(vec![contact.into(), self.lift_suppression(phone, now).into()]).await.map(drop)
    }
}

/// Keeps an opt-out under the digest of its number. The time of the first one stays.
pub(super) fn suppress(phone: &PhoneNumber, contact: &Contact) -> Update {
    let mut update = upsert(Key::suppression(phone)).remove("expires_at");
    if let Some(at) = contact.opted_out_at {
        update = update.set_once("opted_out_at", at);
    }
    if let Some(by) = &contact.opted_out_by {
        update = update.set_once("opted_out_by", by);
    }
    update
}
