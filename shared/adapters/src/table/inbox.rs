//! Inbound messages: who wrote, which conversations they have open, and what the message changes.
//!
//! ```text
//! store    Put I (absent)     Put R (leads to it from the phone)     Update P/C (opted out as it was read)
//!          [Put P/K#, Update P/K (consent)]     Update V of each conversation (stored)
//! confirm  Update P/C (opted out, confirmation in the expected state)
//! ```

use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all};
use messaging::conversation::{Contact, Conversation, Reply};
use messaging::ports::{
    ConfirmationChange, Conversations, Inbox, OptOutChange, StoreOutcome, StoredInbound, Unavailable,
    WriteOutcome,
};
use messaging::receive_message::MAX_REPLIES;
use messaging::values::channel::Channel;
use messaging::values::ids::ConversationId;
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;

use super::builder::{Update, Write, update, upsert};
use super::execute::Transacted;
use super::expression::{absent, exists, one_of};
use super::inbound_messages::{put_inbound, put_received};
use super::item::{
    CONFIRMATION_DUE, ContactItem, Item, Worklist, confirmation_taken, expiry, integer, string,
};
use super::keys::{Key, conversation_in, sort_key};
use super::older_spelling::merged;
use super::read::{QUERY, unreadable};
use super::{Table, consents, facts, opt_outs};

/// A transaction has at most 100 parts. Five of them are the message, what leads to it from the phone, the
/// contact, its consent and the change of that consent.
const CONVERSATIONS_AT_ONCE: usize = 95;

impl Inbox for Table {
    async fn open_conversations(
        &self,
        phone: &PhoneNumber,
        now: DateTime<Utc>,
    ) -> Result<(Contact, Vec<Conversation>), Unavailable> {
        let mut contact = Contact::default();
        let mut open: Vec<ConversationId> = Vec::new();
        self.move_from_older_spelling(phone).await?;
        let (items, suppressed) = try_join(self.items_of(phone), self.suppression(phone)).await?;
        for item in items {
            match sort_key(&item) {
                Some("C") => {
                    contact = merged(ContactItem::read(item).map_err(|_| unreadable(QUERY))?, contact);
                }
                Some(pointer) if is_open(&item, now) => open.extend(conversation_in(pointer)),
                _ => {}
            }
        }
        // The phone is known again, so its opt-out is stored under the number again.
        if let (None, Some(suppressed)) = (contact.opted_out_at, suppressed) {
            self.restore_opt_out(phone, &suppressed, now).await?;
            contact = suppressed;
        }
        let loaded = try_join_all(open.iter().map(|id| self.load(id, now))).await?;
        Ok((contact, loaded.into_iter().flatten().collect()))
    }

    async fn conversation_of(
        &self,
        provider: Provider,
        message_id: &str,
    ) -> Result<Option<ConversationId>, Unavailable> {
        let item = self.get(Key::message(provider.as_str(), message_id)).await?.unwrap_or_default();
        Ok(string(&item, "conversation").and_then(|id| ConversationId::new(id).ok()))
    }

    async fn store(&self, inbound: &StoredInbound<'_>) -> Result<StoreOutcome, Unavailable> {
        // Nobody should have more conversations open than a transaction holds. If somebody has, the
        // remaining ones stop before the message is stored. Each of these writes can be repeated safely.
        let beyond = inbound.conversations.len().saturating_sub(CONVERSATIONS_AT_ONCE);
        let (before, together) = inbound.conversations.split_at(beyond);
        for conversation in before {
            self.transact(vec![reply(inbound, conversation).into()]).await?;
        }
        let mut writes = vec![
            put_inbound(inbound, self.retention),
            put_received(inbound, self.retention),
            self.contact_update(inbound).into(),
        ];
        if let Some(change) = &inbound.consent {
            writes.extend(consents::writes_of(&inbound.message.from, change));
        }
        writes.extend(together.iter().map(|conversation| Write::from(reply(inbound, conversation))));
        Ok(match self.transact(writes).await? {
            Transacted::Done => StoreOutcome::Stored,
            Transacted::Refused(refusal) if refusal.index == 0 => StoreOutcome::Duplicate,
            Transacted::Refused(_) => StoreOutcome::Overtaken,
        })
    }

    async fn take_confirmation(&self, phone: &PhoneNumber, by: &str) -> Result<bool, Unavailable> {
        let taken = confirmation_taken(by);
        self.move_confirmation(phone, &[CONFIRMATION_DUE, &taken], &taken).await
    }

    async fn give_back_confirmation(&self, phone: &PhoneNumber, by: &str) -> Result<(), Unavailable> {
        let taken = confirmation_taken(by);
        self.move_confirmation(phone, &[&taken], CONFIRMATION_DUE).await.map(drop)
    }
}

impl Table {
    /// Moves the confirmation of an opt-out from one of the states to another; returns whether it was in
    /// one of them.
    async fn move_confirmation(
        &self,
        phone: &PhoneNumber,
        from: &[&str],
        to: &str,
    ) -> Result<bool, Unavailable> {
        let moved = update(Key::contact(phone))
            .require(exists("opted_out_at"))
            .require(one_of("confirmation", from))
            .set("confirmation", to);
        Ok(self.write_without_retry(moved).await? == WriteOutcome::Done)
    }

    /// Stores the last inbound message of a contact, and the opt-out where it changes. A contact that has
    /// opted out does not expire: the wish outlives every conversation.
    fn contact_update(&self, inbound: &StoredInbound<'_>) -> Update {
        let message = inbound.message;
        let is_opted_out = inbound.contact.opted_out_at.is_some();
        let last_inbound = match message.channel {
            Channel::Sms => "last_inbound_sms",
            Channel::Whatsapp => "last_inbound_whatsapp",
        };
        let contact = upsert(Key::contact(&message.from))
            .require(if is_opted_out { exists("opted_out_at") } else { absent("opted_out_at") })
            .set(last_inbound, message.at);
        let contact = match inbound.confirmation {
            ConfirmationChange::Due => contact.set("confirmation", CONFIRMATION_DUE),
            ConfirmationChange::Over => contact.remove("confirmation"),
            ConfirmationChange::None => contact,
        };
        match inbound.opt_out {
            OptOutChange::OptOut => contact
                .set("opted_out_at", message.at)
                .set("opted_out_by", &message.id)
                .put_on(Worklist::OptedOut, message.at)
                .remove("expires_at"),
            OptOutChange::OptIn => opt_outs::opted_in(contact, &message.id, message.at, self.retention),
            OptOutChange::None if is_opted_out => contact,
            // Not earlier than it was: a claim may have set it by a later deadline.
            OptOutChange::None => contact.set_once("expires_at", expiry(message.at, self.retention)),
        }
    }
}

/// Stores a message in a conversation for which it counts.
fn reply(inbound: &StoredInbound<'_>, conversation: &Conversation) -> Update {
    let mut update = facts::change_or_bury(&conversation.id).require(exists("pk"));
    if inbound.is_reply {
        update = update.set_once("replied_at", inbound.message.at);
    }
    if conversation.life.replies.len() < MAX_REPLIES {
        update = update.append("replies", Reply { at: inbound.message.at, meaning: inbound.meaning });
    }
    update
}

/// Returns whether an item is a pointer to a conversation whose last deadline is ahead.
fn is_open(item: &Item, now: DateTime<Utc>) -> bool {
    integer(item, "open_until").is_some_and(|until| until > now.timestamp())
}
