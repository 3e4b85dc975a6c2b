//! The table as data: conversations, contacts, messages, quarantine.

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

/// How long items are kept after everything about them is over.
const RETENTION: TimeDelta = TimeDelta::days(90);

/// The table.
#[derive(Default)]
pub struct Store {
    /// Conversations and tombstones.
    pub conversations: BTreeMap<ConversationId, Conversation>,
    /// Until when each of them counts.
    expires: BTreeMap<ConversationId, DateTime<Utc>>,
    /// What is known of phones.
    pub contacts: BTreeMap<PhoneNumber, Contact>,
    /// What phones have agreed to.
    pub consents: BTreeMap<PhoneNumber, Consent>,
    /// Every change of what a phone has agreed to.
    pub consent_changes: BTreeMap<PhoneNumber, Vec<ConsentChange>>,
    /// Bookings whose end was reported.
    ended: BTreeSet<ConversationId>,
    /// Inbound messages by provider and id.
    pub inbound: BTreeSet<(String, String)>,
    /// Which attempt a provider's message was.
    pub messages: BTreeMap<(String, String), AttemptId>,
    /// Receipts that belong to no step or are of no known kind: provider, message, what was said.
    pub receipts: BTreeSet<(String, String, String)>,
    /// Events that cannot be used, by id.
    pub quarantine: BTreeMap<String, QuarantinedEvent>,
    /// One-time codes and what is counted of them.
    pub(super) codes: CodeStore,
}

impl Store {
    /// Puts a conversation in.
    pub fn put(&mut self, conversation: &Conversation, now: DateTime<Utc>) {
        let last = conversation.plan.as_ref().map_or(now, crate::conversation::Plan::last_deadline);
        self.expires.insert(conversation.id.clone(), kept_until(last, RETENTION));
        self.conversations.insert(conversation.id.clone(), conversation.clone());
    }

    /// A conversation that has not expired.
    #[must_use]
    pub fn live(&self, id: &ConversationId, now: DateTime<Utc>) -> Option<&Conversation> {
        let expires = *self.expires.get(id)?;
        self.conversations.get(id).filter(|_| expires.timestamp() > now.timestamp())
    }

    pub(super) fn live_mut(&mut self, id: &ConversationId, now: DateTime<Utc>) -> Option<&mut Conversation> {
        self.live(id, now)?;
        self.conversations.get_mut(id)
    }

    /// What is known of a phone.
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

    /// Moves a step on if it stands where it was read, or holds the same claim; what was learned is
    /// stored with it or not at all.
    pub(super) fn advance(
        &mut self,
        id: &ConversationId,
        read: &Step,
        next: &Progress,
    ) -> (WriteOutcome, bool) {
        let Some(stored) = self.step(id, &read.name) else { return (WriteOutcome::Overtaken, false) };
        let stands = match claim_of(&read.progress) {
            Some(claim) => claim_of(&stored.progress) == Some(claim),
            None => stored.progress == read.progress,
        };
        let moves = stands && stored.progress.state != next.state;
        if stands {
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
