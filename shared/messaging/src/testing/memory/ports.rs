//! The ports of conversations and of settings, on the world's own data.

use chrono::{DateTime, Utc};

use super::{Fact, State, World};
use crate::conversation::consent::{Act, ConsentChange};
use crate::conversation::receipt::AttemptId;
use crate::conversation::step::{Progress, Switch};
use crate::conversation::{Contact, Conversation, Step};
use crate::ports::{
    AcceptOutcome, BookingEnd, BookingEndOutcome, CancelOutcome, ClaimRequest, Conversations,
    CurrentJourneys, JourneySource, KeyRing, ProviderReport, Quarantine, QuarantinedEvent, SendingSwitch,
    Unavailable, WriteOutcome,
};
use crate::values::ids::ConversationId;
use crate::values::phone::PhoneNumber;
use crate::values::secret::SecretText;

impl State {
    fn ends(&mut self, id: &ConversationId, ending: &BookingEnd, at: DateTime<Utc>) -> BookingEndOutcome {
        let superseded = !matches!(ending, BookingEnd::Cancelled);
        self.note(Fact::Ended { conversation: id.clone(), superseded });
        self.store.end(id, ending, at)
    }

    fn supersedes(&mut self, predecessor: Option<&ConversationId>, by: &ConversationId) {
        if let Some(predecessor) = predecessor {
            self.ends(predecessor, &BookingEnd::Superseded { by: Some(by.clone()) }, self.now);
        }
    }

    fn is_stored(&mut self, conversation: &Conversation) {
        if let Some(plan) = &conversation.plan
            && let Some(phone) = &plan.contact
        {
            self.note(Fact::Stored {
                conversation: conversation.id.clone(),
                phone: phone.clone(),
                steps: plan.steps.clone(),
            });
        }
    }

    pub(super) fn opts_out(&mut self, phone: &PhoneNumber, at: DateTime<Utc>, by: &str) {
        if self.store.opts_out(phone, at, by) {
            self.note(Fact::OptedOut { phone: phone.clone() });
        }
    }

    pub(super) fn consents_to(&mut self, phone: &PhoneNumber, change: &ConsentChange) {
        self.store.changes(phone, change);
        self.note(Fact::Consented { phone: phone.clone(), change: change.clone() });
    }

    /// Whether the conversation or the contact rejects a claim.
    fn is_stopped(&self, request: &ClaimRequest<'_>) -> bool {
        let Some(conversation) = self.store.live(request.conversation, request.now) else { return true };
        let life = &conversation.life;
        let replied = request.step.unless_replied && life.replied_at.is_some();
        let opted_out = self.store.contact(request.contact).opted_out_at.is_some();
        let consent = self.store.consents.get(request.contact).cloned().unwrap_or_default();
        let refused = consent.refuses(request.step).is_some();
        life.cancelled_at.is_some() || life.superseded.is_some() || replied || opted_out || refused
    }

    fn claim(&mut self, request: &ClaimRequest<'_>) -> WriteOutcome {
        let stopped = self.is_stopped(request);
        let Some(stored) = self.store.step(request.conversation, &request.step.name) else {
            return WriteOutcome::Overtaken;
        };
        if stored.progress == *request.next {
            return WriteOutcome::Done;
        }
        if stopped || stored.progress != request.step.progress {
            return WriteOutcome::Overtaken;
        }
        stored.progress = request.next.clone();
        self.moved(request.conversation, request.step, request.next);
        WriteOutcome::Done
    }

    fn moved(&mut self, conversation: &ConversationId, step: &Step, next: &Progress) {
        self.note(Fact::Moved {
            conversation: conversation.clone(),
            step: step.name.clone(),
            to: next.state.clone(),
            attempt: next.attempt,
        });
    }

    fn advance(&mut self, id: &ConversationId, step: &Step, next: &Progress) -> WriteOutcome {
        let (written, moves) = self.store.advance(id, step, next);
        if moves {
            self.moved(id, step, next);
        }
        written
    }
}

impl Conversations for World {
    async fn accept(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> Result<AcceptOutcome, Unavailable> {
        self.call("accept", |state| {
            let now = conversation.plan.as_ref().map_or(state.now, |plan| plan.accepted_at);
            match state.store.live(&conversation.id, now) {
                Some(stored) => AcceptOutcome::Existing(Box::new(stored.clone())),
                None => {
                    state.store.put(conversation, now);
                    state.is_stored(conversation);
                    state.supersedes(supersedes, &conversation.id);
                    AcceptOutcome::Stored
                }
            }
        })
        .await
    }

    async fn bury(
        &self,
        conversation: &Conversation,
        supersedes: Option<&ConversationId>,
    ) -> Result<WriteOutcome, Unavailable> {
        self.call("bury", |state| {
            let written = state.store.bury(conversation, state.now);
            if written == WriteOutcome::Done {
                state.is_stored(conversation);
                state.supersedes(supersedes, &conversation.id);
            }
            written
        })
        .await
    }

    async fn end_booking(
        &self,
        id: &ConversationId,
        ending: &BookingEnd,
        at: DateTime<Utc>,
    ) -> Result<BookingEndOutcome, Unavailable> {
        self.call("end_booking", |state| state.ends(id, ending, at)).await
    }

    async fn mark_started(&self, id: &ConversationId, at: DateTime<Utc>) -> Result<(), Unavailable> {
        self.call("mark_started", |state| {
            if let Some(conversation) = state.store.conversations.get_mut(id) {
                conversation.life.started_at.get_or_insert(at);
            }
        })
        .await
    }

    async fn load(
        &self,
        id: &ConversationId,
        now: DateTime<Utc>,
    ) -> Result<Option<Conversation>, Unavailable> {
        self.call("load", |state| state.store.live(id, now).cloned()).await
    }

    async fn contact(&self, phone: &PhoneNumber) -> Result<Contact, Unavailable> {
        self.call("contact", |state| state.store.contact(phone)).await
    }

    async fn claim(&self, request: &ClaimRequest<'_>) -> Result<WriteOutcome, Unavailable> {
        self.call("claim", |state| state.claim(request)).await
    }

    async fn advance(
        &self,
        conversation: &Conversation,
        step: &Step,
        next: &Progress,
        report: &ProviderReport,
        now: DateTime<Utc>,
    ) -> Result<WriteOutcome, Unavailable> {
        self.call("advance", |state| {
            let written = state.advance(&conversation.id, step, next);
            if written == WriteOutcome::Done {
                if let Some(message) = &report.message {
                    let key = (message.provider.clone(), message.id.clone());
                    let about = AttemptId {
                        conversation: conversation.id.clone(),
                        step: step.name.clone(),
                        attempt: next.attempt,
                    };
                    state.store.messages.insert(key, about);
                    if let (Some(from), Some(stored)) =
                        (&message.from, state.store.step(&conversation.id, &step.name))
                    {
                        stored.sent_from = Some(from.clone());
                    }
                }
                let contact = conversation.plan.as_ref().and_then(|plan| plan.contact.as_ref());
                if let (true, Some(phone)) = (report.opted_out, contact) {
                    state.opts_out(phone, now, "provider");
                    state.consents_to(phone, &ConsentChange::global(Act::OptedOut, "provider", now));
                }
            }
            written
        })
        .await
    }

    async fn cancel(&self, id: &ConversationId, at: DateTime<Utc>) -> Result<CancelOutcome, Unavailable> {
        self.call("cancel", |state| {
            let Some(conversation) = state.store.live_mut(id, at) else { return CancelOutcome::Absent };
            if conversation.life.cancelled_at.is_some() {
                return CancelOutcome::AlreadyCancelled;
            }
            conversation.life.cancelled_at = Some(at);
            state.note(Fact::Ended { conversation: id.clone(), superseded: false });
            CancelOutcome::Cancelled
        })
        .await
    }
}

impl SendingSwitch for World {
    async fn read(&self) -> Switch {
        self.call("switch", |state| state.switch).await.unwrap_or(Switch::Unreadable)
    }
}

impl KeyRing for World {
    async fn keys(&self, entry: &str) -> Result<Vec<SecretText>, Unavailable> {
        let keys = self.call("keys", |state| state.keys.get(entry).cloned().unwrap_or_default()).await?;
        Ok(keys.into_iter().filter_map(|key| SecretText::new(key).ok()).collect())
    }

    async fn refresh(&self) -> Result<bool, Unavailable> {
        Ok(false)
    }
}

impl JourneySource for World {
    async fn current(&self) -> Result<CurrentJourneys, Unavailable> {
        let current = self.call("journeys", |state| state.journeys.clone()).await?;
        current.ok_or(Unavailable { operation: "journeys", reason: "none".to_owned() })
    }
}

impl Quarantine for World {
    async fn keep(&self, event: &QuarantinedEvent) -> Result<(), Unavailable> {
        self.call("keep", |state| {
            state.store.quarantine.entry(event.id.clone()).or_insert_with(|| event.clone());
        })
        .await
    }
}
