//! Consent: what a customer has agreed to, by program, and what they have withdrawn.
//!
//! Advertising needs an agreement. Any other text of a program needs none, but heeds a withdrawal.
//! STOP stands above both: it ends everything, and lives with the contact.

use crate::conversation::Step;
use crate::values::channel::Category;
use crate::values::clock::to_rfc3339;
use crate::values::ids::Scope;
use crate::values::verdict::Because;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands for a phone at present.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consent {
    /// What was agreed to.
    pub given: BTreeMap<Scope, Agreement>,
    /// What was withdrawn, and not agreed to again since.
    pub withdrawn: BTreeMap<Scope, Agreement>,
}

/// The circumstances of an agreement, or of its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// When.
    pub at: DateTime<Utc>,
    /// Where it was said: `web-form`, `reply`, `operator`.
    pub source: String,
    /// Which wording was agreed to, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_version: Option<String>,
}

/// Something that changes what a customer may be sent. Each is kept, with its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentChange {
    /// What.
    pub act: Act,
    /// About what.
    pub scope: Scope,
    /// When, and because of what.
    pub agreement: Agreement,
}

/// What was done.
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
    /// A customer's START: an agreement to advertising.
    #[must_use]
    pub fn started(at: DateTime<Utc>) -> Self {
        let agreement = Agreement { at, source: "reply".to_owned(), text_version: None };
        Self { act: Act::Given, scope: Scope::promotional(), agreement }
    }

    /// The end, or the new beginning, of all texts.
    #[must_use]
    pub fn global(act: Act, source: impl Into<String>, at: DateTime<Utc>) -> Self {
        let agreement = Agreement { at, source: source.into(), text_version: None };
        Self { act, scope: Scope::everything(), agreement }
    }
}

impl Consent {
    /// Makes a change.
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

    /// Whether a change changes nothing but the time.
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

    /// Why a step may not be sent, if that is so.
    #[must_use]
    pub fn refuses(&self, step: &Step) -> Option<Because> {
        let scopes = scopes_of(step);
        let fact = |scope: &Scope| Because::fact("rule", "consent").and("scope", scope.as_str());
        if let Some((scope, withdrawn)) =
            scopes.iter().find_map(|scope| Some((scope, self.withdrawn.get(scope)?)))
        {
            return Some(fact(scope).and("withdrawn_at", to_rfc3339(withdrawn.at)));
        }
        let is_missing = needs_agreement(step) && !scopes.iter().any(|scope| self.given.contains_key(scope));
        let scope = scopes.first().filter(|_| is_missing)?;
        Some(fact(scope).and("consent", "none"))
    }
}

/// Whether a step is sent only to who has agreed to one of its scopes.
#[must_use]
pub fn needs_agreement(step: &Step) -> bool {
    step.category == Category::Promotional
}

/// What a step is about: its program, and advertising. A withdrawal of any of them stops it.
#[must_use]
pub fn scopes_of(step: &Step) -> Vec<Scope> {
    let advertising = needs_agreement(step).then(Scope::promotional);
    step.policy.program.iter().cloned().chain(advertising).collect()
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
    fn advertising_needs_an_agreement_and_a_withdrawal_stops_everything_it_is_about() {
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
    fn the_same_agreement_is_none_again() {
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
