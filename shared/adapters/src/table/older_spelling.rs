//! Items of a line that are stored under its older spelling (`+521...` for `+52...`), from before numbers were spelt in
//! one way.
//!
//! They still hold: reads look at both spellings, a claim requires both to be free of an opt-out, and the
//! first write about the person moves opt-out and consent under the canonical spelling. Pointers to conversations,
//! messages and spending counters stay where they are until they expire.

use std::collections::BTreeMap;

use messaging::conversation::Contact;
use messaging::conversation::consent::{Act, ConsentChange};
use messaging::ports::Unavailable;
use messaging::values::ids::Scope;
use messaging::values::phone::PhoneNumber;

use super::builder::{Update, Write, check, update, upsert};
use super::expression::{absent, exists};
use super::item::{ContactItem, Worklist};
use super::keys::Key;
use super::read::{GET, unreadable};
use super::suppression::suppress;
use super::{Table, consents};

/// Adds what is known under the older spelling to what is known under the canonical one.
pub(super) fn merged(contact: Contact, older: Contact) -> Contact {
    let (opted_out_at, opted_out_by) = match contact.opted_out_at {
        Some(at) => (Some(at), contact.opted_out_by),
        None => (older.opted_out_at, older.opted_out_by),
    };
    Contact {
        opted_out_at,
        opted_out_by,
        last_whatsapp: contact.last_whatsapp.max(older.last_whatsapp),
        ..contact
    }
}

/// Requires, in a claim, that the contact has not opted out under the older spelling.
pub(super) fn not_opted_out(phone: &PhoneNumber) -> Vec<Write> {
    let Some(older) = phone.older_spelling() else { return Vec::new() };
    [Key::contact(&older), Key::suppression(&older)]
        .map(|key| check(key).require(absent("opted_out_at")))
        .into()
}

impl Table {
    /// Returns what is known of a contact under the older spelling of its number.
    pub(super) async fn older_contact(&self, phone: &PhoneNumber) -> Result<Option<Contact>, Unavailable> {
        let Some(older) = phone.older_spelling() else { return Ok(None) };
        let contact = self.read_contact(&older).await?;
        if contact.opted_out_at.is_some() {
            return Ok(Some(contact));
        }
        Ok(Some(self.suppression_under(&older).await?.unwrap_or(contact)))
    }

    /// Moves opt-out, WhatsApp's window and consent from the older spelling of a number under the canonical one.
    /// A concurrent caller makes the same writes, so a refused write is not an error.
    pub(super) async fn move_from_older_spelling(&self, phone: &PhoneNumber) -> Result<(), Unavailable> {
        let Some(older) = phone.older_spelling() else { return Ok(()) };
        let contact = self.read_contact(&older).await?;
        if contact != Contact::default() {
            self.transact(contact_moves(phone, &older, &contact)).await?;
        }
        if let Some(suppressed) = self.suppression_under(&older).await? {
            let kept = suppress(phone, &suppressed).into();
            let lifted = update(Key::suppression(&older)).require(exists("opted_out_at"));
            let lifted = lifted.remove("opted_out_at").remove("opted_out_by");
            self.transact(vec![kept, lifted.into()]).await?;
        }
        self.move_consent(phone, &older).await
    }

    /// Moves the consent. Of two changes of one scope the later counts; of two at the same instant, the withdrawal.
    async fn move_consent(&self, phone: &PhoneNumber, older: &PhoneNumber) -> Result<(), Unavailable> {
        let from = self.get(Key::consent(older)).await?.unwrap_or_default();
        let moved = consents::changes_of(&from)?;
        if moved.is_empty() {
            return Ok(());
        }
        let known = self.get(Key::consent(phone)).await?.unwrap_or_default();
        let mut latest: BTreeMap<Scope, ConsentChange> = BTreeMap::new();
        for change in consents::changes_of(&known)?.into_iter().chain(moved.iter().cloned()) {
            let rank = |change: &ConsentChange| (change.agreement.at, change.act == Act::Withdrawn);
            match latest.get(&change.scope) {
                Some(other) if rank(other) >= rank(&change) => {}
                _ => drop(latest.insert(change.scope.clone(), change)),
            }
        }
        let mut to = upsert(Key::consent(phone));
        for change in latest.values() {
            to = consents::in_force(to, change);
        }
        let mut emptied = update(Key::consent(older)).require(exists("pk"));
        for change in &moved {
            emptied = consents::removed(emptied, change);
        }
        self.transact(vec![to.into(), emptied.into()]).await.map(drop)
    }

    async fn read_contact(&self, phone: &PhoneNumber) -> Result<Contact, Unavailable> {
        let item = self.get(Key::contact(phone)).await?.unwrap_or_default();
        ContactItem::read(item).map_err(|_| unreadable(GET))
    }
}

fn contact_moves(phone: &PhoneNumber, older: &PhoneNumber, contact: &Contact) -> Vec<Write> {
    let mut to = upsert(Key::contact(phone));
    let mut from: Update = update(Key::contact(older)).require(exists("pk"));
    if let Some(at) = contact.opted_out_at {
        let by = contact.opted_out_by.as_deref().unwrap_or("unknown");
        to = to.set_once("opted_out_at", at).set_once("opted_out_by", by).put_on(Worklist::OptedOut, at);
        to = to.remove("expires_at");
        from = from.require(exists("opted_out_at")).remove("opted_out_at").remove("opted_out_by");
        from = from.remove("confirmation").take_off_worklist();
    }
    if let Some(at) = contact.last_whatsapp {
        to = to.set_once("last_inbound_whatsapp", at);
        from = from.remove("last_inbound_whatsapp");
    }
    vec![to.into(), from.into()]
}
