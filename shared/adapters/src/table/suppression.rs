//! The opt-out of a person who was erased: kept under a digest of the number, so that it is heeded
//! without naming anybody. See docs/adr on erasure.

use aws_sdk_dynamodb::types::TransactWriteItem;
use chrono::{DateTime, Utc};
use messaging::conversation::Contact;
use messaging::ports::Unavailable;
use messaging::values::phone::PhoneNumber;

use super::Table;
use super::expression::{Placeholders, number, text};
use super::item::{ContactItem, VERSION, contact_key, expiry, suppression_key};
use super::write::{instant, transact_update, worklist};

impl Table {
    /// The opt-out that is kept for an erased person with this number, if it holds.
    pub(super) async fn suppression(&self, phone: &PhoneNumber) -> Result<Option<Contact>, Unavailable> {
        let Some(item) = self.get(suppression_key(phone)).await? else { return Ok(None) };
        let contact = ContactItem::read(item).map_err(|_| Unavailable {
            operation: "dynamodb:GetItem",
            reason: "unreadable item".to_owned(),
        })?;
        Ok(contact.opted_out_at.is_some().then_some(contact))
    }

    /// Keeps an opt-out under the digest of its number. The first one's time stays.
    pub(super) fn suppressed(
        &self,
        phone: &PhoneNumber,
        contact: &Contact,
    ) -> Result<TransactWriteItem, Unavailable> {
        let mut p = Placeholders::default();
        let mut sets = vec![format!("{} = {}", p.path("v"), p.value("v", number(VERSION)))];
        let facts = [
            ("opted_out_at", contact.opted_out_at.map(instant)),
            ("opted_out_by", contact.opted_out_by.as_ref().map(text)),
        ];
        for (name, value) in facts {
            if let Some(value) = value {
                let path = p.path(name);
                sets.push(format!("{path} = if_not_exists({path}, {})", p.value(name, value)));
            }
        }
        let update = format!("SET {} REMOVE {}", sets.join(", "), p.path("expires_at"));
        transact_update(&self.name, suppression_key(phone), update, None, &p)
    }

    /// Lifts it. The empty item expires: no function may delete.
    pub(super) fn lifted(
        &self,
        phone: &PhoneNumber,
        at: DateTime<Utc>,
    ) -> Result<TransactWriteItem, Unavailable> {
        let mut p = Placeholders::default();
        let update = format!(
            "SET {} = {} REMOVE {}, {}",
            p.path("expires_at"),
            p.value("expires_at", number(expiry(at, self.retention))),
            p.path("opted_out_at"),
            p.path("opted_out_by"),
        );
        transact_update(&self.name, suppression_key(phone), update, None, &p)
    }

    /// Puts an opt-out back under its number, which has written to us again.
    pub(super) async fn restore(
        &self,
        phone: &PhoneNumber,
        suppressed: &Contact,
        now: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        let Some(at) = suppressed.opted_out_at else { return Ok(()) };
        let mut p = Placeholders::default();
        let (opted_out_at, opted_out_by) = (p.path("opted_out_at"), p.path("opted_out_by"));
        let by = suppressed.opted_out_by.as_deref().unwrap_or("unknown");
        let update = format!(
            "SET {} = {}, {opted_out_at} = if_not_exists({opted_out_at}, {}), {opted_out_by} = if_not_exists({opted_out_by}, {}){} REMOVE {}",
            p.path("v"),
            p.value("v", number(VERSION)),
            p.value("at", instant(at)),
            p.value("by", text(by)),
            worklist(&mut p, "opted_out", at),
            p.path("expires_at"),
        );
        let contact = transact_update(&self.name, contact_key(phone), update, None, &p)?;
        self.transact(vec![contact, self.lifted(phone, now)?]).await.map(drop)
    }
}
