//! Inbound messages in memory.

use chrono::{DateTime, Utc};

use super::{Fact, State, World};
use crate::conversation::{Confirmation, Contact, Conversation, Reply};
use crate::ports::{ConfirmationChange, Inbox, OptOutChange, StoreOutcome, StoredInbound, Unavailable};
use crate::receive_message::MAX_REPLIES;
use crate::values::channel::Channel;
use crate::values::ids::ConversationId;
use crate::values::phone::PhoneNumber;
use crate::values::provider::Provider;

impl Inbox for World {
    async fn open_conversations(
        &self,
        phone: &PhoneNumber,
        now: DateTime<Utc>,
    ) -> Result<(Contact, Vec<Conversation>), Unavailable> {
        self.call("open_conversations", |state| {
            let is_open = |conversation: &&Conversation| {
                let plan = conversation.plan.as_ref();
                plan.is_some_and(|plan| plan.contact.as_ref() == Some(phone) && plan.last_deadline() > now)
            };
            let open = state.store.conversations.values().filter(is_open).cloned().collect();
            (state.store.contact(phone), open)
        })
        .await
    }

    async fn conversation_of(
        &self,
        provider: Provider,
        id: &str,
    ) -> Result<Option<ConversationId>, Unavailable> {
        let key = (provider.as_str().to_owned(), id.to_owned());
        self.call("conversation_of", |state| {
            state.store.messages.get(&key).map(|about| about.conversation.clone())
        })
        .await
    }

    async fn store(&self, inbound: &StoredInbound<'_>) -> Result<StoreOutcome, Unavailable> {
        self.call("store", |state| state.store_inbound(inbound)).await
    }

    async fn take_confirmation(&self, phone: &PhoneNumber, by: &str) -> Result<bool, Unavailable> {
        let taken = Confirmation::Taken(by.to_owned());
        self.call("take_confirmation", |state| {
            state.move_confirmation(phone, &[&Confirmation::Due, &taken], &taken)
        })
        .await
    }

    async fn give_back_confirmation(&self, phone: &PhoneNumber, by: &str) -> Result<(), Unavailable> {
        let taken = Confirmation::Taken(by.to_owned());
        self.call("give_back_confirmation", |state| {
            state.move_confirmation(phone, &[&taken], &Confirmation::Due);
        })
        .await
    }
}

impl State {
    /// Moves the confirmation of an opt-out on, if it is in one of these states. Returns whether it was.
    fn move_confirmation(&mut self, phone: &PhoneNumber, from: &[&Confirmation], to: &Confirmation) -> bool {
        let contact = self.store.contacts.get_mut(phone);
        let contact = contact.filter(|contact| from.contains(&&contact.confirmation));
        let Some(contact) = contact.filter(|contact| contact.opted_out_at.is_some()) else { return false };
        contact.confirmation = to.clone();
        true
    }

    fn store_inbound(&mut self, inbound: &StoredInbound<'_>) -> StoreOutcome {
        let (message, phone) = (inbound.message, &inbound.message.from);
        let key = (message.provider.as_str().to_owned(), message.id.clone());
        if self.store.inbound.contains(&key) {
            return StoreOutcome::Duplicate;
        }
        let opted_out = self.store.contact(phone).opted_out_at.is_some();
        if opted_out != inbound.contact.opted_out_at.is_some() {
            return StoreOutcome::Overtaken;
        }
        self.store.inbound.insert(key);
        if message.channel == Channel::Whatsapp {
            self.store.contacts.entry(phone.clone()).or_default().last_whatsapp = Some(message.at);
        }
        let contact = self.store.contacts.entry(phone.clone()).or_default();
        match inbound.confirmation {
            ConfirmationChange::Due => contact.confirmation = Confirmation::Due,
            ConfirmationChange::Over => contact.confirmation = Confirmation::None,
            ConfirmationChange::None => {}
        }
        match inbound.opt_out {
            OptOutChange::OptOut => self.opts_out(phone, message.at, &message.id),
            OptOutChange::OptIn => {
                let contact = self.store.contacts.entry(phone.clone()).or_default();
                (contact.opted_out_at, contact.opted_out_by) = (None, None);
                self.note(Fact::OptedIn { phone: phone.clone() });
            }
            OptOutChange::None => {}
        }
        if let Some(change) = &inbound.consent {
            self.consents_to(phone, change);
        }
        for counted in &inbound.conversations {
            let Some(stored) = self.store.conversations.get_mut(&counted.id) else { continue };
            if stored.life.replies.len() < MAX_REPLIES {
                stored.life.replies.push(Reply { at: message.at, meaning: inbound.meaning });
            }
            if inbound.is_reply {
                stored.life.replied_at.get_or_insert(message.at);
                self.note(Fact::Replied { conversation: counted.id.clone() });
            }
        }
        StoreOutcome::Stored
    }
}
