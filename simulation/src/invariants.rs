//! The invariants, judged by what took effect.
//!
//! - One event, one effect: at most one text per step.
//! - Nothing is claimed after STOP, cancel, reschedule or the deadline is stored, nor what is
//!   `unless_replied` after a reply, nor before it is due; advertising by agreement and by day only.
//! - An ambiguous send is never repeated: one call per claim, and none after a lost answer.
//! - Where money is limited, no more is spent; where the pace is, no place is given twice.
//! - Nothing accepted is lost: what was answered 2xx is stored, and each of its steps ends in a verdict
//!   that what happened bears out.

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

use crate::calls::{ADVERTISING_HOURS, Call, HOURS_BEHIND, Words, booked, event_id, number};
use crate::scenario::{DAY_LIMIT, PER_SECOND, Scenario};
use crate::scheduler::INVOCATION_LIMIT;
use crate::simulator::Run;

/// What was not kept, in words.
#[must_use]
pub fn violations(scenario: &Scenario, run: &Run) -> Vec<String> {
    let mut checker = Checker { is_limited: scenario.is_limited, ..Checker::default() };
    let mut answers = run.answered.iter().peekable();
    for read in 0..=run.facts.len() {
        while let Some((delivery, _)) = answers.next_if(|(_, facts)| *facts <= read) {
            checker.answered(&scenario.deliveries[*delivery].call);
        }
        if let Some(recorded) = run.facts.get(read) {
            checker.read(recorded);
        }
    }
    checker.conclude(scenario, run);
    checker.violations
}

#[derive(Default)]
struct Checker {
    conversations: BTreeMap<String, Known>,
    opted_out: BTreeMap<PhoneNumber, bool>,
    stops: BTreeMap<PhoneNumber, usize>,
    notices: BTreeMap<PhoneNumber, usize>,
    /// By day, in millionths of a US dollar.
    spent: BTreeMap<NaiveDate, u64>,
    /// How many have a place, by second.
    placed: BTreeMap<DateTime<Utc>, usize>,
    consents: BTreeMap<PhoneNumber, Consent>,
    /// Phones that have agreed, and that have withdrawn.
    agreed: BTreeSet<(PhoneNumber, bool)>,
    is_limited: bool,
    violations: Vec<String>,
}

/// What is known of a conversation.
#[derive(Default)]
struct Known {
    phone: Option<PhoneNumber>,
    steps: Vec<Step>,
    ended: bool,
    superseded: bool,
    replied: bool,
    /// An agreement has been missing at some time.
    disagreed: bool,
    /// By step.
    texts: BTreeMap<String, Texts>,
}

/// What became of a step's text.
#[derive(Default)]
struct Texts {
    claimed: BTreeSet<u32>,
    called: BTreeSet<u32>,
    delivered: Vec<u32>,
    /// What the provider says did not arrive.
    lost: BTreeSet<u32>,
    /// Attempts whose answer was lost.
    unknown: BTreeSet<u32>,
    decided: Option<Verdict>,
}

impl Texts {
    /// How many texts may be on the phone.
    fn arrived(&self) -> usize {
        self.delivered.iter().filter(|attempt| !self.lost.contains(attempt)).count()
    }

    /// Whether a text may be on the phone, or on its way.
    fn may_have_arrived(&self) -> bool {
        self.arrived() > 0 || self.unknown.iter().any(|attempt| !self.lost.contains(attempt))
    }
}

impl Checker {
    fn violation(&mut self, what: String) {
        self.violations.push(what);
    }

    fn read(&mut self, recorded: &RecordedFact) {
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
                known.disagreed = steps.iter().any(|step| consent.refuses(step).is_some());
                for step in steps {
                    known.texts.entry(step.name.to_string()).or_default().decided = step.progress.verdict();
                }
            }
            Fact::Started { .. } => {}
            Fact::Ended { conversation, superseded } => {
                let known = self.conversations.entry(conversation.to_string()).or_default();
                known.ended |= !superseded;
                known.superseded |= superseded;
            }
            Fact::Replied { conversation } => {
                self.conversations.entry(conversation.to_string()).or_default().replied = true;
            }
            Fact::OptedOut { phone } => {
                self.opted_out.insert(phone.clone(), true);
                *self.stops.entry(phone.clone()).or_default() += 1;
            }
            Fact::OptedIn { phone } => {
                self.opted_out.insert(phone.clone(), false);
            }
            Fact::Moved { conversation, step, to, attempt } => {
                self.moved(recorded, conversation.as_str(), step.as_str(), to, *attempt);
            }
            Fact::Called { conversation, step, attempt } => {
                let texts = self.texts(conversation.as_str(), step.as_str());
                let (claimed, first) = (texts.claimed.contains(attempt), texts.called.insert(*attempt));
                if !claimed || !first {
                    self.violation(format!("{conversation}.{step}: attempt {attempt} called the provider without a claim of its own"));
                }
            }
            Fact::Consented { phone, change } => {
                self.consents.entry(phone.clone()).or_default().apply(change);
                let withdrawn = change.act == Act::Withdrawn;
                if withdrawn || change.act == Act::Given {
                    self.agreed.insert((phone.clone(), withdrawn));
                }
                let theirs =
                    self.conversations.values_mut().filter(|known| known.phone.as_ref() == Some(phone));
                theirs.for_each(|known| known.disagreed |= withdrawn);
            }
            Fact::SlotAcquired { slot } => {
                let placed = self.placed.entry(*slot).or_default();
                *placed += 1;
                let placed = *placed;
                if placed > PER_SECOND {
                    self.violation(format!("{slot} was given to {placed} texts"));
                }
            }
            Fact::Delivered { conversation, step, attempt } => {
                self.pays(recorded, conversation.as_str(), step.as_str());
                let texts = self.texts(conversation.as_str(), step.as_str());
                texts.delivered.push(*attempt);
                if texts.arrived() > 1 {
                    self.violation(format!("{conversation}.{step} was delivered twice"));
                }
            }
            Fact::Lost { conversation, step, attempt } => {
                self.texts(conversation.as_str(), step.as_str()).lost.insert(*attempt);
            }
            Fact::Noticed { phone } => {
                let told = self.notices.entry(phone.clone()).or_default();
                *told += 1;
                if *told > self.stops.get(phone).copied().unwrap_or_default() {
                    self.violation("an opt-out was confirmed twice".to_owned());
                }
            }
        }
    }

    fn pays(&mut self, recorded: &RecordedFact, conversation: &str, step: &str) {
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

    fn texts(&mut self, conversation: &str, step: &str) -> &mut Texts {
        let known = self.conversations.entry(conversation.to_owned()).or_default();
        known.texts.entry(step.to_owned()).or_default()
    }

    fn moved(
        &mut self,
        recorded: &RecordedFact,
        conversation: &str,
        step: &str,
        to: &StepState,
        attempt: u32,
    ) {
        let texts = self.texts(conversation, step);
        match to {
            // Planned anew: what was decided before is no longer so, and must not have arrived.
            StepState::Planned => {
                let arrived = texts.may_have_arrived();
                if texts.decided.take().is_some() && arrived {
                    self.violation(format!(
                        "{conversation}.{step} was planned again though it may have been sent"
                    ));
                }
            }
            StepState::Unknown(_) => {
                texts.unknown.insert(attempt);
            }
            StepState::Decided(decision) => {
                let before = texts.decided.replace(decision.verdict);
                // Late evidence settles what is held; nothing else is decided anew.
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
                let again = texts.may_have_arrived() || texts.decided.is_some();
                texts.claimed.insert(attempt);
                if again {
                    self.violation(format!(
                        "{conversation}.{step} was claimed again though it may have been sent"
                    ));
                }
                // The instant of the visit: a claim takes effect up to an invocation's life later, and the
                // table has no clock to hold it against.
                if recorded.at - claim.at >= INVOCATION_LIMIT {
                    self.violation(format!(
                        "{conversation}.{step} was claimed by an invocation that is gone"
                    ));
                }
                self.may_be_claimed(claim.at, conversation, step);
            }
        }
    }

    /// Whether a text could still have been sent: advertising may find no decent hour left, and where the
    /// pace is limited, no place.
    fn had_time(&self, at: DateTime<Utc>, conversation: &str, step: &str) -> bool {
        let planned = self.conversations.get(conversation).into_iter().flat_map(|known| &known.steps);
        planned
            .filter(|planned| planned.name.as_str() == step && planned.category != Category::Promotional)
            .any(|planned| at < planned.deadline && !self.is_limited)
    }

    fn may_be_claimed(&mut self, at: DateTime<Utc>, conversation: &str, step: &str) {
        let Some(known) = self.conversations.get(conversation) else { return };
        let plan = known.steps.iter().find(|planned| planned.name.as_str() == step);
        let opted_out = known.phone.as_ref().and_then(|phone| self.opted_out.get(phone)).copied();
        let consent =
            known.phone.as_ref().and_then(|phone| self.consents.get(phone)).cloned().unwrap_or_default();
        let refused = plan.is_some_and(|step| consent.refuses(step).is_some());
        let reasons = [
            (known.ended, "it was cancelled"),
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

    /// What was answered 2xx must have been stored by then.
    fn answered(&mut self, call: &Call) {
        let is_kept =
            match *call {
                Call::Sms { event, .. } => self.is_stored(&format!("sms-{}", event_id(event))),
                Call::Offer { event, .. } => self.is_stored(&format!("messages-{}", event_id(event))),
                Call::Consent { phone, withdrawn } => {
                    self.agreed.iter().any(|(who, how)| who.as_e164() == number(phone) && *how == withdrawn)
                }
                Call::Delete { event } => {
                    self.known(&format!("sms-{}", event_id(event)), |known| known.ended)
                }
                Call::Booked { booking, replaces, .. } => {
                    let superseded =
                        replaces.is_none_or(|old| self.known(&booked(old), |known| known.superseded));
                    superseded && self.is_stored(&booked(booking))
                }
                Call::Cancelled { booking, moved_to } => self.known(&booked(booking), |known| {
                    if moved_to.is_some() { known.superseded } else { known.ended }
                }),
                Call::Message { phone, words: Words::Stop, .. } => {
                    self.stops.keys().any(|stopped| stopped.as_e164() == number(phone))
                }
                Call::Message { .. } => true,
            };
        if !is_kept {
            self.violation(format!("{call:?} was answered as done and is not stored"));
        }
    }

    fn is_stored(&self, id: &str) -> bool {
        self.known(id, |known| known.phone.is_some())
    }

    fn known(&self, id: &str, is: impl Fn(&Known) -> bool) -> bool {
        self.conversations.get(id).is_some_and(is)
    }
}

/// Whether it is no hour for advertising where the customer lives.
fn is_outside_advertising_hours(step: &Step, at: DateTime<Utc>) -> bool {
    let there = at - TimeDelta::hours(HOURS_BEHIND);
    step.category == Category::Promotional && !ADVERTISING_HOURS.contains(&there.hour())
}
