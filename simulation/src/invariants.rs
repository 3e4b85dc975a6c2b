//! The invariants, checked against the recorded effects of a run.
//!
//! - One event has one effect: at most one text per step.
//! - No step is claimed before it is due, after STOP, cancellation, rescheduling or the deadline is stored, nor,
//!   where it is `unless_replied`, after a reply. Advertising needs consent and is sent by day only.
//! - An ambiguous send is never repeated: one call of the provider per claim, and none after a lost answer.
//! - A spending limit is never exceeded, and no slot of a rate limiter is acquired twice.
//! - Nothing accepted is lost: every event that was answered 2xx is stored, and each of its steps ends in a verdict
//!   that the record supports.

mod end;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use messaging::conversation::Step;
use messaging::conversation::consent::{Act, Consent};
use messaging::conversation::step::StepState;
use messaging::testing::memory::{Fact, RecordedFact};
use messaging::values::channel::Category;
use messaging::values::phone::PhoneNumber;
use messaging::values::verdict::Verdict;

use crate::calls::{
    ADVERTISING_HOURS, Call, HOURS_BEHIND, InboundText, booking_conversation, event_id, number,
};
use crate::scenario::{DAY_LIMIT, PER_SECOND, Scenario};
use crate::scheduler::INVOCATION_LIMIT;
use crate::simulator::Run;

/// Returns every violation of an invariant in a run, in words.
#[must_use]
pub fn violations(scenario: &Scenario, run: &Run) -> Vec<String> {
    let mut checker = Checker { is_limited: scenario.is_limited, ..Checker::default() };
    let mut answers = run.answered.iter().peekable();
    for read in 0..=run.facts.len() {
        while let Some((delivery, _)) = answers.next_if(|(_, facts)| *facts <= read) {
            checker.check_answered(&scenario.deliveries[*delivery].call);
        }
        if let Some(recorded) = run.facts.get(read) {
            checker.check(recorded);
        }
    }
    checker.conclude(scenario, run);
    checker.violations
}

#[derive(Default)]
struct Checker {
    conversations: BTreeMap<String, ConversationRecord>,
    opted_out: BTreeMap<PhoneNumber, bool>,
    /// The number of opt-outs.
    opt_outs: BTreeMap<PhoneNumber, usize>,
    /// The number of confirmations of an opt-out.
    notices: BTreeMap<PhoneNumber, usize>,
    /// The cost of the texts that left, by day, in millionths of a US dollar.
    spent: BTreeMap<NaiveDate, u64>,
    /// The number of slots that were acquired, by second.
    slots: BTreeMap<DateTime<Utc>, usize>,
    consents: BTreeMap<PhoneNumber, Consent>,
    /// Changes of consent: the phone, and whether its consent was withdrawn instead of given.
    consent_changes: BTreeSet<(PhoneNumber, bool)>,
    is_limited: bool,
    violations: Vec<String>,
}

/// The effects on one conversation.
#[derive(Default)]
struct ConversationRecord {
    phone: Option<PhoneNumber>,
    steps: Vec<Step>,
    cancelled: bool,
    superseded: bool,
    replied: bool,
    /// Whether consent has been missing at some time.
    lacked_consent: bool,
    /// The attempts to send each step, by the step's name.
    attempts: BTreeMap<String, Attempts>,
}

/// The attempts to send one step, by their numbers.
#[derive(Default)]
struct Attempts {
    claimed: BTreeSet<u32>,
    called: BTreeSet<u32>,
    delivered: Vec<u32>,
    /// Attempts that the provider has reported as not delivered.
    lost: BTreeSet<u32>,
    /// Attempts whose outcome is unknown.
    unknown: BTreeSet<u32>,
    decided: Option<Verdict>,
}

impl Attempts {
    /// Returns the number of texts that may be on the phone.
    fn arrived(&self) -> usize {
        self.delivered.iter().filter(|attempt| !self.lost.contains(attempt)).count()
    }

    /// Whether a text may be on the phone or on its way.
    fn may_have_arrived(&self) -> bool {
        self.arrived() > 0 || self.unknown.iter().any(|attempt| !self.lost.contains(attempt))
    }
}

impl Checker {
    fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    fn check(&mut self, recorded: &RecordedFact) {
        match &recorded.fact {
            Fact::Stored { conversation, phone, steps } => {
                let known = self.conversations.entry(conversation.to_string()).or_default();
                if known.phone.is_some() {
                    self.violation(format!("{conversation} was stored twice"));
                    return;
                }
                known.phone = Some(phone.clone());
                known.steps.clone_from(steps);
                let consent = self.consents.get(phone).cloned().unwrap_or_default();
                known.lacked_consent = steps.iter().any(|step| consent.refuses(step).is_some());
                for step in steps {
                    known.attempts.entry(step.name.to_string()).or_default().decided =
                        step.progress.verdict();
                }
            }
            Fact::Started { .. } => {}
            Fact::Ended { conversation, superseded } => {
                let known = self.conversations.entry(conversation.to_string()).or_default();
                known.cancelled |= !superseded;
                known.superseded |= superseded;
            }
            Fact::Replied { conversation } => {
                self.conversations.entry(conversation.to_string()).or_default().replied = true;
            }
            Fact::OptedOut { phone } => {
                self.opted_out.insert(phone.clone(), true);
                *self.opt_outs.entry(phone.clone()).or_default() += 1;
            }
            Fact::OptedIn { phone } => {
                self.opted_out.insert(phone.clone(), false);
            }
            Fact::Moved { conversation, step, to, attempt } => {
                self.check_move(recorded, conversation.as_str(), step.as_str(), to, *attempt);
            }
            Fact::Called { conversation, step, attempt } => {
                let attempts = self.attempts(conversation.as_str(), step.as_str());
                let (claimed, first) = (attempts.claimed.contains(attempt), attempts.called.insert(*attempt));
                if !claimed || !first {
                    self.violation(format!(
                        "{conversation}.{step}: attempt {attempt} called the provider without a claim of its own"
                    ));
                }
            }
            Fact::Consented { phone, change } => {
                self.consents.entry(phone.clone()).or_default().apply(change);
                let withdrawn = change.act == Act::Withdrawn;
                if withdrawn || change.act == Act::Given {
                    self.consent_changes.insert((phone.clone(), withdrawn));
                }
                for known in self.conversations.values_mut() {
                    if known.phone.as_ref() == Some(phone) {
                        known.lacked_consent |= withdrawn;
                    }
                }
            }
            Fact::SlotAcquired { slot } => {
                let taken = self.slots.entry(*slot).or_default();
                *taken += 1;
                let taken = *taken;
                if taken > PER_SECOND {
                    self.violation(format!("the slot {slot} was acquired by {taken} texts"));
                }
            }
            Fact::Delivered { conversation, step, attempt } => {
                self.check_spending(recorded, conversation.as_str(), step.as_str());
                let attempts = self.attempts(conversation.as_str(), step.as_str());
                attempts.delivered.push(*attempt);
                if attempts.arrived() > 1 {
                    self.violation(format!("{conversation}.{step} was delivered twice"));
                }
            }
            Fact::Lost { conversation, step, attempt } => {
                self.attempts(conversation.as_str(), step.as_str()).lost.insert(*attempt);
            }
            Fact::Noticed { phone } => {
                let notices = self.notices.entry(phone.clone()).or_default();
                *notices += 1;
                if *notices > self.opt_outs.get(phone).copied().unwrap_or_default() {
                    self.violation("an opt-out was confirmed twice".to_owned());
                }
            }
        }
    }

    fn check_spending(&mut self, recorded: &RecordedFact, conversation: &str, step: &str) {
        let steps = self.conversations.get(conversation).map_or(&[][..], |known| &known.steps);
        let step = steps.iter().find(|planned| planned.name.as_str() == step);
        let cost = step.and_then(|step| step.cost_micro_usd).unwrap_or_default();
        let spent = self.spent.entry(recorded.at.date_naive()).or_default();
        *spent += cost;
        if self.is_limited && *spent > DAY_LIMIT {
            let spent = *spent;
            self.violation(format!("{spent} were spent in a day"));
        }
    }

    fn attempts(&mut self, conversation: &str, step: &str) -> &mut Attempts {
        let known = self.conversations.entry(conversation.to_owned()).or_default();
        known.attempts.entry(step.to_owned()).or_default()
    }

    fn check_move(
        &mut self,
        recorded: &RecordedFact,
        conversation: &str,
        step: &str,
        to: &StepState,
        attempt: u32,
    ) {
        let attempts = self.attempts(conversation, step);
        match to {
            // The step is planned again: its earlier decision is void, and no text may have arrived.
            StepState::Planned => {
                let arrived = attempts.may_have_arrived();
                if attempts.decided.take().is_some() && arrived {
                    self.violation(format!(
                        "{conversation}.{step} was planned again though it may have been sent"
                    ));
                }
            }
            StepState::Unknown(_) => {
                attempts.unknown.insert(attempt);
            }
            StepState::Decided(decision) => {
                let before = attempts.decided.replace(decision.verdict);
                // Late evidence settles a step that is held. No other step is decided twice.
                if before.is_some_and(|before| before != Verdict::HeldUnknownOutcome) {
                    self.violation(format!("{conversation}.{step} was decided twice"));
                }
                if decision.verdict == Verdict::ExpiredTooLate
                    && self.had_time(decision.at, conversation, step)
                {
                    self.violation(format!("{conversation}.{step} expired before its deadline"));
                }
            }
            StepState::Claimed(claim) => {
                let again = attempts.may_have_arrived() || attempts.decided.is_some();
                attempts.claimed.insert(attempt);
                if again {
                    self.violation(format!(
                        "{conversation}.{step} was claimed again though it may have been sent"
                    ));
                }
                // The checks use the instant of the visit. The claim takes effect later, within the invocation's
                // limit, because the table has no clock to compare it with.
                if recorded.at - claim.at >= INVOCATION_LIMIT {
                    self.violation(format!(
                        "{conversation}.{step} was claimed by an invocation that is gone"
                    ));
                }
                self.check_claim(claim.at, conversation, step);
            }
        }
    }

    /// Whether a text could still have been sent at an instant. Advertising may have no permitted hour left before its
    /// deadline, and a limited sender may have no slot left.
    fn had_time(&self, at: DateTime<Utc>, conversation: &str, step: &str) -> bool {
        let planned = self.conversations.get(conversation).into_iter().flat_map(|known| &known.steps);
        planned
            .filter(|planned| planned.name.as_str() == step && planned.category != Category::Promotional)
            .any(|planned| at < planned.deadline && !self.is_limited)
    }

    fn check_claim(&mut self, at: DateTime<Utc>, conversation: &str, step: &str) {
        let Some(known) = self.conversations.get(conversation) else { return };
        let plan = known.steps.iter().find(|planned| planned.name.as_str() == step);
        let opted_out = known.phone.as_ref().and_then(|phone| self.opted_out.get(phone)).copied();
        let consent =
            known.phone.as_ref().and_then(|phone| self.consents.get(phone)).cloned().unwrap_or_default();
        let refused = plan.is_some_and(|step| consent.refuses(step).is_some());
        let reasons = [
            (known.cancelled, "it was cancelled"),
            (known.superseded, "it was superseded"),
            (known.replied && plan.is_some_and(|step| step.unless_replied), "a reply"),
            (opted_out == Some(true), "an opt-out"),
            (refused, "its consent was missing"),
            (plan.is_none_or(|step| at > step.deadline), "its deadline"),
            (plan.is_some_and(|step| is_outside_advertising_hours(step, at)), "its day was over"),
        ];
        let after: Vec<_> = reasons.iter().filter(|(holds, _)| *holds).map(|(_, why)| *why).collect();
        let early = plan.is_some_and(|step| at < step.due);
        if !after.is_empty() {
            self.violation(format!("{conversation}.{step} was claimed after {}", after.join(", ")));
        }
        if early {
            self.violation(format!("{conversation}.{step} was claimed before it was due"));
        }
    }

    /// Checks that an event which was answered 2xx is stored by then.
    fn check_answered(&mut self, call: &Call) {
        let is_stored = match *call {
            Call::Sms { event, .. } => self.is_stored(&format!("sms-{}", event_id(event))),
            Call::Offer { event, .. } => self.is_stored(&format!("messages-{}", event_id(event))),
            Call::Consent { phone, withdrawn } => self
                .consent_changes
                .iter()
                .any(|(changed, withdrew)| changed.as_e164() == number(phone) && *withdrew == withdrawn),
            Call::Delete { event } => {
                self.known(&format!("sms-{}", event_id(event)), |known| known.cancelled)
            }
            Call::Booked { booking, replaces, .. } => {
                let superseded = replaces
                    .is_none_or(|old| self.known(&booking_conversation(old), |known| known.superseded));
                superseded && self.is_stored(&booking_conversation(booking))
            }
            Call::Cancelled { booking, moved_to } => self.known(&booking_conversation(booking), |known| {
                if moved_to.is_some() { known.superseded } else { known.cancelled }
            }),
            Call::Message { phone, text: InboundText::Stop, .. } => {
                self.opt_outs.keys().any(|opted_out| opted_out.as_e164() == number(phone))
            }
            Call::Message { .. } => true,
        };
        if !is_stored {
            self.violation(format!("{call:?} was answered as done and is not stored"));
        }
    }

    fn is_stored(&self, id: &str) -> bool {
        self.known(id, |known| known.phone.is_some())
    }

    /// Whether the record of a conversation fulfils a condition; `false` if there is none.
    fn known(&self, id: &str, condition: impl Fn(&ConversationRecord) -> bool) -> bool {
        self.conversations.get(id).is_some_and(condition)
    }
}

/// Whether a step is advertising and the instant is outside the permitted hours of the customer's time zone.
fn is_outside_advertising_hours(step: &Step, at: DateTime<Utc>) -> bool {
    let local = at - TimeDelta::hours(HOURS_BEHIND);
    step.category == Category::Promotional && !ADVERTISING_HOURS.contains(&local.hour())
}
