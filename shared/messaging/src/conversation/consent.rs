//! Consent: the agreements of a customer, by program, and their withdrawals.
//!
//! Advertising needs an agreement. Any other text of a program does not, but respects a withdrawal. STOP
//! takes precedence over both: it ends all texts and is stored with the contact.

use crate::conversation::Step;
use crate::values::channel::Category;
use crate::values::clock::to_rfc3339;
use crate::values::ids::Scope;
use crate::values::verdict::Because;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The present consent of a phone's owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consent {
    /// The agreements in force, by scope.
    pub given: BTreeMap<Scope, Agreement>,
    /// The withdrawals that no later agreement has replaced, by scope.
    pub withdrawn: BTreeMap<Scope, Agreement>,
}

/// The circumstances of an agreement or of its withdrawal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The time at which the customer agreed or withdrew.
    pub at: DateTime<Utc>,
    /// The place where the customer agreed or withdrew: `web-form`, `reply`, `operator`.
    pub source: String,
    /// The version of the wording that was agreed to, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_version: Option<String>,
}

/// A change of the texts that a customer may receive. Each change is stored with its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentChange {
    /// The kind of change.
    pub act: Act,
    /// The program or category that the change is about.
    pub scope: Scope,
    /// The time and the cause.
    pub agreement: Agreement,
}

/// The kind of a change of consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The customer agreed.
    Given,
    /// The customer withdrew an agreement.
    Withdrawn,
    /// The customer wants no texts at all.
    OptedOut,
    /// The customer, who wanted none, wants texts again.
    OptedIn,
}

impl ConsentChange {
    /// Returns the change by a customer's START: an agreement to advertising.
    #[must_use]
    pub fn started(at: DateTime<Utc>) -> Self {
        let agreement = Agreement { at, source: "reply".to_owned(), text_version: None };
        Self { act: Act::Given, scope: Scope::promotional(), agreement }
    }

    /// Returns a customer's refusal of promotions alone.
    #[must_use]
    pub fn no_promotions(at: DateTime<Utc>) -> Self {
        let agreement = Agreement { at, source: "reply".to_owned(), text_version: None };
        Self { act: Act::Withdrawn, scope: Scope::promotional(), agreement }
    }

    /// Returns a change that applies to all texts: an opt-out or an opt-in.
    #[must_use]
    pub fn global(act: Act, source: impl Into<String>, at: DateTime<Utc>) -> Self {
        let agreement = Agreement { at, source: source.into(), text_version: None };
        Self { act, scope: Scope::everything(), agreement }
    }
}

impl Consent {
    /// Applies a change of an agreement. An opt-out or opt-in is stored with the contact and changes nothing here.
    pub fn apply(&mut self, change: &ConsentChange) {
        let (scope, agreement) = (change.scope.clone(), change.agreement.clone());
        match change.act {
            Act::Given => {
                self.withdrawn.remove(&scope);
                self.given.insert(scope, agreement);
            }
            Act::Withdrawn => {
                self.given.remove(&scope);
                self.withdrawn.insert(scope, agreement);
            }
            Act::OptedOut | Act::OptedIn => {}
        }
    }

    /// Returns whether a change would change nothing but the time.
    #[must_use]
    pub fn has(&self, change: &ConsentChange) -> bool {
        let known = match change.act {
            Act::Given => self.given.get(&change.scope),
            Act::Withdrawn => self.withdrawn.get(&change.scope),
            Act::OptedOut | Act::OptedIn => None,
        };
        known.is_some_and(|known| {
            known.source == change.agreement.source && known.text_version == change.agreement.text_version
        })
    }

    /// Returns the reason why a step may not be sent; `None` if it may be sent.
    #[must_use]
    pub fn refuses(&self, step: &Step) -> Option<Because> {
        let scopes = scopes_of(step);
        let fact = |scope: &Scope| Because::fact("rule", "consent").and("scope", scope.as_str());
        for scope in &scopes {
            if let Some(withdrawn) = self.withdrawn.get(scope) {
                return Some(fact(scope).and("withdrawn_at", to_rfc3339(withdrawn.at)));
            }
        }
        if !needs_agreement(step) || scopes.iter().any(|scope| self.given.contains_key(scope)) {
            return None;
        }
        Some(fact(scopes.first()?).and("consent", "none"))
    }
}

/// Returns whether a step is sent only to customers who have agreed to one of its scopes.
#[must_use]
pub fn needs_agreement(step: &Step) -> bool {
    step.category == Category::Promotional
}

/// Returns the scopes of a step: its program, and advertising if it is advertising. A withdrawal of any of
/// them stops the step.
#[must_use]
pub fn scopes_of(step: &Step) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = step.policy.program.iter().cloned().collect();
    if needs_agreement(step) {
        scopes.push(Scope::promotional());
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::memory::{at, conversation};

    fn step(category: Category, program: Option<&str>) -> Step {
        let mut step = conversation("sms-1", &["text"]).plan.unwrap().steps.remove(0);
        step.category = category;
        step.policy.program = program.map(|program| Scope::new(program).unwrap());
        step
    }

    fn change(act: Act, scope: &str) -> ConsentChange {
        let agreement =
            Agreement { at: at(0), source: "web-form".to_owned(), text_version: Some("v1".to_owned()) };
        ConsentChange { act, scope: Scope::new(scope).unwrap(), agreement }
    }

    #[test]
    fn advertising_needs_an_agreement_and_a_withdrawal_stops_every_text_in_its_scope() {
        use Act::{Given, Withdrawn};
        let offers = || step(Category::Promotional, Some("offers"));
        let any = || step(Category::Promotional, None);
        let reminder = || step(Category::Transactional, Some("reminders"));
        let order = || step(Category::Transactional, None);
        for (changes, step, goes) in [
            (vec![], offers(), false),
            (vec![], any(), false),
            (vec![], reminder(), true),
            (vec![], order(), true),
            (vec![(Given, "offers")], offers(), true),
            (vec![(Given, "offers")], any(), false),
            (vec![(Given, "promotional")], offers(), true),
            (vec![(Given, "promotional")], any(), true),
            (vec![(Given, "other")], offers(), false),
            (vec![(Given, "promotional"), (Withdrawn, "offers")], offers(), false),
            (vec![(Given, "promotional"), (Withdrawn, "offers")], any(), true),
            (vec![(Given, "offers"), (Withdrawn, "promotional")], offers(), false),
            (vec![(Withdrawn, "offers"), (Given, "offers")], offers(), true),
            (vec![(Withdrawn, "reminders")], reminder(), false),
            (vec![(Withdrawn, "promotional")], reminder(), true),
            (vec![(Withdrawn, "promotional")], order(), true),
        ] {
            let mut consent = Consent::default();
            for (act, scope) in &changes {
                consent.apply(&change(*act, scope));
            }
            let refusal = consent.refuses(&step);
            assert_eq!(refusal.is_none(), goes, "{changes:?} {:?} {refusal:?}", step.policy.program);
        }
    }

    #[test]
    fn the_same_agreement_changes_nothing_the_second_time() {
        let mut consent = Consent::default();
        let given = change(Act::Given, "offers");
        assert!(!consent.has(&given));
        consent.apply(&given);
        assert!(consent.has(&given));
        let mut newer = given.clone();
        newer.agreement.text_version = Some("v2".to_owned());
        assert!(!consent.has(&newer) && !consent.has(&change(Act::Withdrawn, "offers")));
    }
}
