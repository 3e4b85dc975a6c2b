//! Erasing a person. The attributes that stay are listed here. Every other attribute is removed, also one
//! that a later version of the code has written.
//!
//! ```text
//! conversation  Update V (the contact is this person)          Delete pointer P/V
//! message       Update I (stored)                              Delete R
//! quarantine    Update Q (stored)
//! contact       Delete P/C (opted out as it was read)          [Update O of the opt-out]
//! ```

use chrono::{DateTime, Utc};
use messaging::conversation::Contact;
use messaging::ports::{
    ErasedConversation, Erasure, InboundId, QuarantinedEvent, Traces, Unavailable, WriteOutcome,
};
use messaging::values::ids::ConversationId;
use messaging::values::phone::PhoneNumber;

use super::builder::{Update, Write, delete, update};
use super::execute::Transacted;
use super::expression::{Path, absent, equals, exists};
use super::item::{ContactItem, Item, map, string};
use super::keys::{Key, Partition, conversation_in, inbound_in, is_consent, is_spent, sort_key};
use super::older_spelling::merged;
use super::read::{QUERY, unreadable};
use super::suppression::suppress;
use super::{Table, facts};

/// The attributes of a conversation that stay.
const CONVERSATION: [&str; 19] = [
    "pk",
    "sk",
    "v",
    "expires_at",
    "source",
    "journey",
    "journeys_version",
    "accepted_at",
    "correlation_id",
    "steps",
    "started_at",
    "cancelled_at",
    "superseded_at",
    "superseded_by",
    "replied_at",
    "replies",
    "ended_at",
    "worklist",
    "worklist_at",
];
/// The attributes of a step that stay.
const STEP: [&str; 13] = [
    "due",
    "deadline",
    "unless_replied",
    "follows",
    "category",
    "channel",
    "providers",
    "delivery",
    "prices",
    "truncated",
    "cost_micro_usd",
    "sent_from",
    "progress",
];
/// The attributes of a customer's message that stay.
const INBOUND: [&str; 9] =
    ["pk", "sk", "v", "expires_at", "at", "channel", "media", "meaning", "conversations"];
/// The attributes of an event in quarantine that stay. The event leaves the operators' list, because
/// nothing can be done with it any more.
const QUARANTINED: [&str; 7] = ["pk", "sk", "v", "expires_at", "source", "reason", "received_at"];

impl Erasure for Table {
    async fn traces(&self, phone: &PhoneNumber) -> Result<Traces, Unavailable> {
        self.move_from_older_spelling(phone).await?;
        let mut traces = Traces::default();
        for item in self.items_of(phone).await? {
            match sort_key(&item) {
                Some("C") => {
                    let contact = ContactItem::read(item).map_err(|_| unreadable(QUERY))?;
                    traces.contact = merged(contact, traces.contact);
                }
                Some(pointer) => traces.conversations.extend(conversation_in(pointer)),
                None => {}
            }
        }
        let mut received = self.items_under(Partition::received(phone)).await?;
        if let Some(older) = phone.older_spelling() {
            received.extend(self.items_under(Partition::received(&older)).await?);
        }
        for item in received {
            traces.inbound.extend(sort_key(&item).and_then(inbound_in));
        }
        Ok(traces)
    }

    async fn erase_conversation(
        &self,
        phone: &PhoneNumber,
        id: &ConversationId,
        at: DateTime<Utc>,
    ) -> Result<ErasedConversation, Unavailable> {
        let older = phone.older_spelling();
        let spellings = || std::iter::once(phone).chain(&older);
        let pointers: Vec<Write> = spellings().map(|spelling| delete(Key::pointer(spelling, id))).collect();
        let stored = self.get(Key::conversation(id)).await?.unwrap_or_default();
        let contact = string(&stored, "contact").unwrap_or_default();
        if !spellings().any(|spelling| spelling.as_e164() == contact) {
            self.transact(pointers).await?;
            return Ok(ErasedConversation::NotTheirs);
        }
        let erased = facts::change(id)
            .require(equals("contact", contact))
            .set("erased_at", at)
            .set_once("cancelled_at", at);
        let mut erased = remove_others(erased, &stored, &CONVERSATION, |name| Path::from(name));
        let mut sending = false;
        for (name, step) in map(&stored, "steps").into_iter().flatten() {
            if let Ok(step) = step.as_m() {
                let path = Path::from("steps").at(name);
                erased = remove_others(erased, step, &STEP, |attribute| path.clone().at(attribute));
                sending |= is_claimed(step);
            }
        }
        Ok(match self.transact(std::iter::once(erased.into()).chain(pointers).collect()).await? {
            Transacted::Done => ErasedConversation::Erased { sending },
            Transacted::Refused(_) => ErasedConversation::NotTheirs,
        })
    }

    async fn erase_inbound(
        &self,
        phone: &PhoneNumber,
        message: &InboundId,
        at: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        let mut writes = vec![delete(Key::received(phone, message))];
        if let Some(older) = phone.older_spelling() {
            writes.push(delete(Key::received(&older, message)));
        }
        if let Some(stored) = self.get(Key::inbound(message)).await? {
            writes.push(erased(Key::inbound(message), &stored, &INBOUND, at).into());
        }
        self.transact(writes).await.map(drop)
    }

    async fn quarantined_events(&self) -> Result<Vec<QuarantinedEvent>, Unavailable> {
        let mut events = Vec::new();
        for id in self.quarantined().await? {
            events.extend(self.quarantined_event(&id).await?);
        }
        Ok(events)
    }

    async fn erase_quarantined(&self, id: &str, at: DateTime<Utc>) -> Result<(), Unavailable> {
        let Some(stored) = self.get(Key::quarantined(id)).await? else { return Ok(()) };
        let erased = erased(Key::quarantined(id), &stored, &QUARANTINED, at);
        self.transact(vec![erased.into()]).await.map(drop)
    }

    async fn erase_contact(&self, phone: &PhoneNumber, read: &Contact) -> Result<WriteOutcome, Unavailable> {
        self.erase_beside_contact(phone).await?;
        let contact = delete(Key::contact(phone));
        let writes = if read.opted_out_at.is_some() {
            vec![contact.require(exists("opted_out_at")), suppress(phone, read).into()]
        } else {
            vec![contact.require(absent("opted_out_at"))]
        };
        let older = phone.older_spelling().map(|older| delete(Key::contact(&older)));
        let writes = writes.into_iter().chain(older).collect();
        Ok(match self.transact(writes).await? {
            Transacted::Done => WriteOutcome::Done,
            Transacted::Refused(_) => WriteOutcome::Overtaken,
        })
    }
}

impl Table {
    /// Deletes what is stored beside the contact: the consent with its history, the spending counters, and
    /// one-time codes with their counters.
    async fn erase_beside_contact(&self, phone: &PhoneNumber) -> Result<(), Unavailable> {
        for item in self.items_of(phone).await? {
            let Some(sk) = sort_key(&item) else { continue };
            if is_consent(sk) || is_spent(sk) {
                let pk = string(&item, "pk").unwrap_or_default();
                self.transact(vec![delete(Key::stored(pk, sk))]).await?;
            }
        }
        for partition in Partition::all_codes(phone) {
            for item in self.items_under(partition.clone()).await? {
                if let Some(sk) = sort_key(&item) {
                    self.delete_stored(&partition, sk).await?;
                }
            }
        }
        Ok(())
    }

    async fn delete_stored(&self, partition: &Partition, sk: &str) -> Result<(), Unavailable> {
        self.transact(vec![delete(Key::stored(&partition.0, sk))]).await.map(drop)
    }
}

/// Removes every attribute of an item except those that stay. An item that has expired since is not created again.
fn erased(key: Key, stored: &Item, stays: &[&str], at: DateTime<Utc>) -> Update {
    let update = update(key).require(exists("pk")).set("erased_at", at);
    remove_others(update, stored, stays, |name| Path::from(name))
}

/// Removes the attributes that do not stay. `erased_at` is set by the same update.
fn remove_others(mut update: Update, item: &Item, stays: &[&str], path: impl Fn(&str) -> Path) -> Update {
    let mut names: Vec<_> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    for name in names {
        if name != "erased_at" && !stays.contains(&name) {
            update = update.remove(path(name));
        }
    }
    update
}

fn is_claimed(step: &Item) -> bool {
    map(step, "progress").and_then(|progress| string(progress, "state")) == Some("claimed")
}
