//! Erasure of a person's data in memory.

use chrono::{DateTime, Utc};

use super::{Fact, World};
use crate::conversation::Contact;
use crate::conversation::step::StepState;
use crate::ports::{
    ErasedConversation, Erasure, InboundId, QuarantinedEvent, Traces, Unavailable, WriteOutcome,
};
use crate::text::template::MessageText;
use crate::values::ids::ConversationId;
use crate::values::phone::PhoneNumber;

impl Erasure for World {
    async fn traces(&self, phone: &PhoneNumber) -> Result<Traces, Unavailable> {
        self.call("traces", |state| {
            let theirs = state.store.conversations.values().filter(|conversation| {
                conversation.plan.as_ref().is_some_and(|plan| plan.contact.as_ref() == Some(phone))
            });
            Traces {
                contact: state.store.contact(phone),
                conversations: theirs.map(|conversation| conversation.id.clone()).collect(),
                // An inbound message in memory consists of its id, so there is nothing to erase.
                inbound: Vec::new(),
            }
        })
        .await
    }

    async fn erase_conversation(
        &self,
        phone: &PhoneNumber,
        id: &ConversationId,
        at: DateTime<Utc>,
    ) -> Result<ErasedConversation, Unavailable> {
        self.call("erase_conversation", |state| {
            let stored = state.store.conversations.get_mut(id);
            let Some((life, plan)) =
                stored.and_then(|stored| Some((&mut stored.life, stored.plan.as_mut()?)))
            else {
                return ErasedConversation::NotTheirs;
            };
            if plan.contact.as_ref() != Some(phone) {
                return ErasedConversation::NotTheirs;
            }
            (plan.contact, plan.name, plan.content_hash) = (None, None, String::new());
            let mut sending = false;
            for step in &mut plan.steps {
                (step.text, step.content) = (MessageText::new(""), None);
                sending |= matches!(step.progress.state, StepState::Claimed(_));
            }
            life.erased_at = Some(at);
            life.cancelled_at.get_or_insert(at);
            state.note(Fact::Ended { conversation: id.clone(), superseded: false });
            ErasedConversation::Erased { sending }
        })
        .await
    }

    async fn erase_inbound(
        &self,
        _: &PhoneNumber,
        _: &InboundId,
        _: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        self.call("erase_inbound", |_| ()).await
    }

    async fn quarantined_events(&self) -> Result<Vec<QuarantinedEvent>, Unavailable> {
        self.call("quarantined_events", |state| state.store.quarantine.values().cloned().collect()).await
    }

    async fn erase_quarantined(&self, id: &str, _: DateTime<Utc>) -> Result<(), Unavailable> {
        self.call("erase_quarantined", |state| {
            if let Some(event) = state.store.quarantine.get_mut(id) {
                (event.body, event.details) = (Vec::new(), Vec::new());
            }
        })
        .await
    }

    /// Erases a contact. The opt-out stays under the number, which replaces the digest here.
    async fn erase_contact(&self, phone: &PhoneNumber, read: &Contact) -> Result<WriteOutcome, Unavailable> {
        self.call("erase_contact", |state| {
            if state.store.contact(phone).opted_out_at != read.opted_out_at {
                return WriteOutcome::Overtaken;
            }
            state.store.consents.remove(phone);
            state.store.consent_changes.remove(phone);
            state.spent.retain(|(_, owner), _| owner.as_ref() != Some(phone));
            state.store.codes.forget(phone);
            if read.opted_out_at.is_none() {
                state.store.contacts.remove(phone);
            }
            WriteOutcome::Done
        })
        .await
    }
}
