//! The data of the table in memory.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::codes::CodeStore;
use crate::conversation::consent::{Consent, ConsentChange};
use crate::conversation::receipt::AttemptId;
use crate::conversation::step::{Progress, StepState};
use crate::conversation::{Contact, Conversation, Life, Step, Supersession, kept_until};
use crate::ports::{BookingEnd, BookingEndOutcome, QuarantinedEvent, WriteOutcome};
use crate::values::ids::{ConversationId, StepName};
use crate::values::phone::PhoneNumber;

/// The time for which items are kept after everything about them is over.
const RETENTION: TimeDelta = TimeDelta::days(90);

/// The items of the table.
#[derive(Default)]
pub struct Store {
    /// Conversations and tombstones.
    pub conversations: BTreeMap<ConversationId, Conversation>,
    /// The expiry of each conversation.
    expires: BTreeMap<ConversationId, DateTime<Utc>>,
    /// The contacts by phone.
    pub contacts: BTreeMap<PhoneNumber, Contact>,
    /// The current consents by phone.
    pub consents: BTreeMap<PhoneNumber, Consent>,
    /// Every change of consent by phone, in order.
    pub consent_changes: BTreeMap<PhoneNumber, Vec<ConsentChange>>,
    /// The bookings whose end was reported.
    ended: BTreeSet<ConversationId>,
    /// The inbound messages by provider and id.
    pub inbound: BTreeSet<(String, String)>,
    /// The attempts by provider and message id.
    pub messages: BTreeMap<(String, String), AttemptId>,
    /// Receipts that belong to no step or have an unknown status: provider, message id, status.
    pub receipts: BTreeSet<(String, String, String)>,
    /// The events in quarantine by id.
    pub quarantine: BTreeMap<String, QuarantinedEvent>,
    /// The one-time codes and their counts.
    pub(super) codes: CodeStore,
}

impl Store {
    /// Stores a conversation with its expiry.
    pub fn put(&mut self, conversation: &Conversation, now: DateTime<Utc>) {
        let last = conversation.plan.as_ref().map_or(now, crate::conversation::Plan::last_deadline);
        self.expires.insert(conversation.id.clone(), kept_until(last, RETENTION));
        self.conversations.insert(conversation.id.clone(), conversation.clone());
    }

    /// Returns a conversation that has not expired.
    #[must_use]
    pub fn live(&self, id: &ConversationId, now: DateTime<Utc>) -> Option<&Conversation> {
        let expires = *self.expires.get(id)?;
        self.conversations.get(id).filter(|_| expires.timestamp() > now.timestamp())
    }

    pub(super) fn live_mut(&mut self, id: &ConversationId, now: DateTime<Utc>) -> Option<&mut Conversation> {
        self.live(id, now)?;
        self.conversations.get_mut(id)
    }

    /// Returns the contact of a phone, an empty one if none is stored.
    #[must_use]
    pub fn contact(&self, phone: &PhoneNumber) -> Contact {
        self.contacts.get(phone).cloned().unwrap_or_default()
    }

    pub(super) fn changes(&mut self, phone: &PhoneNumber, change: &ConsentChange) {
        self.consents.entry(phone.clone()).or_default().apply(change);
        self.consent_changes.entry(phone.clone()).or_default().push(change.clone());
    }

    pub(super) fn opts_out(&mut self, phone: &PhoneNumber, at: DateTime<Utc>, by: &str) -> bool {
        let contact = self.contacts.entry(phone.clone()).or_default();
        let is_news = contact.opted_out_at.is_none();
        if is_news {
            contact.opted_out_at = Some(at);
            contact.opted_out_by = Some(by.to_owned());
        }
        is_news
    }

    /// Stores the end of a booking, as a tombstone where it has not arrived.
    pub(super) fn end(
        &mut self,
        id: &ConversationId,
        ending: &BookingEnd,
        at: DateTime<Utc>,
    ) -> BookingEndOutcome {
        let is_report = !matches!(ending, BookingEnd::Superseded { .. });
        let repeated = is_report && !self.ended.insert(id.clone());
        self.expires.entry(id.clone()).or_insert_with(|| kept_until(at, RETENTION));
        let absent = || Conversation { id: id.clone(), plan: None, life: Life::default() };
        let life = &mut self.conversations.entry(id.clone()).or_insert_with(absent).life;
        match ending {
            BookingEnd::Cancelled => {
                life.cancelled_at.get_or_insert(at);
            }
            BookingEnd::Rescheduled { by } | BookingEnd::Superseded { by } => {
                let superseded = life.superseded.get_or_insert(Supersession { at, by: None });
                superseded.by = superseded.by.take().or_else(|| by.clone());
            }
        }
        BookingEndOutcome { repeated, superseded: life.superseded.is_some() }
    }

    /// Fills a tombstone with the plan of its event.
    pub(super) fn bury(&mut self, conversation: &Conversation, now: DateTime<Utc>) -> WriteOutcome {
        let Some(tombstone) = self.conversations.get_mut(&conversation.id) else {
            return WriteOutcome::Overtaken;
        };
        if tombstone.plan.is_some() {
            return WriteOutcome::Overtaken;
        }
        tombstone.plan.clone_from(&conversation.plan);
        tombstone.life.started_at = conversation.life.started_at;
        let last = conversation.plan.as_ref().map_or(now, crate::conversation::Plan::last_deadline).max(now);
        self.expires.insert(conversation.id.clone(), kept_until(last, RETENTION));
        WriteOutcome::Done
    }

    pub(super) fn step(&mut self, id: &ConversationId, name: &StepName) -> Option<&mut Step> {
        let plan = self.conversations.get_mut(id)?.plan.as_mut()?;
        plan.steps.iter_mut().find(|step| step.name == *name)
    }

    /// Stores the next progress of a step if it has not changed since it was read, or holds the same claim. Returns
    /// whether it is stored, and whether its state has changed.
    pub(super) fn advance(
        &mut self,
        id: &ConversationId,
        read: &Step,
        next: &Progress,
    ) -> (WriteOutcome, bool) {
        let Some(stored) = self.step(id, &read.name) else { return (WriteOutcome::Overtaken, false) };
        let is_unchanged = match claim_of(&read.progress) {
            Some(claim) => claim_of(&stored.progress) == Some(claim),
            None => stored.progress == read.progress,
        };
        let moves = is_unchanged && stored.progress.state != next.state;
        if is_unchanged {
            stored.progress = next.clone();
        }
        (if stored.progress == *next { WriteOutcome::Done } else { WriteOutcome::Overtaken }, moves)
    }
}

fn claim_of(progress: &Progress) -> Option<&str> {
    match &progress.state {
        StepState::Claimed(claim) => Some(&claim.id),
        StepState::Unknown(lost) => Some(&lost.claim.id),
        StepState::Planned | StepState::Decided(_) => None,
    }
}
