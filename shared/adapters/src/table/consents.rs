//! The consent of customers: `P#<phone>` / `K` is the consent in force, `P#<phone>` / `K#..` each change.
//!
//! Neither expires: an agreement must be shown as long as it is used, and a withdrawal holds for good.

use std::collections::BTreeMap;

use messaging::conversation::Step;
use messaging::conversation::consent::{Act, Agreement, Consent, ConsentChange, needs_agreement, scopes_of};
use messaging::ports::{Consents, Unavailable};
use messaging::values::ids::Scope;
use messaging::values::phone::PhoneNumber;
use serde::{Deserialize, Serialize};

use super::Table;
use super::builder::{Update, Write, check, put, upsert};
use super::expression::{absent, any, exists};
use super::item::{Item, from_item};
use super::keys::{Key, is_consent_change, sort_key};
use super::read::{GET, unreadable};

/// The prefix of an attribute with an agreement; the scope follows.
const GIVEN: &str = "given_";
/// The prefix of an attribute with a withdrawal; the scope follows.
const WITHDRAWN: &str = "withdrawn_";

/// A change of the consent, as it is stored.
#[derive(Serialize, Deserialize)]
struct ConsentChangeItem {
    act: Act,
    scope: Scope,
    #[serde(flatten)]
    agreement: Agreement,
}

impl Consents for Table {
    async fn consent(&self, phone: &PhoneNumber) -> Result<Consent, Unavailable> {
        self.move_from_older_spelling(phone).await?;
        let item = self.get(Key::consent(phone)).await?.unwrap_or_default();
        Ok(Consent { given: agreements(&item, GIVEN)?, withdrawn: agreements(&item, WITHDRAWN)? })
    }

    async fn change(&self, phone: &PhoneNumber, change: &ConsentChange) -> Result<(), Unavailable> {
        self.move_from_older_spelling(phone).await?;
        self.transact(writes_of(phone, change)).await.map(drop)
    }

    async fn history(&self, phone: &PhoneNumber) -> Result<Vec<ConsentChange>, Unavailable> {
        let mut changes = Vec::new();
        for item in self.items_of(phone).await? {
            if sort_key(&item).is_some_and(is_consent_change) {
                let ConsentChangeItem { act, scope, agreement } =
                    from_item(item).map_err(|_| unreadable(GET))?;
                changes.push(ConsentChange { act, scope, agreement });
            }
        }
        Ok(changes)
    }
}

/// The writes of a change: the change itself, and the consent that is in force from now on.
pub(super) fn writes_of(phone: &PhoneNumber, change: &ConsentChange) -> Vec<Write> {
    let mut writes = vec![put_change(phone, change)];
    if matches!(change.act, Act::Given | Act::Withdrawn) {
        writes.push(in_force(upsert(Key::consent(phone)), change).into());
    }
    writes
}

/// Adds to the update of a consent that a change is in force.
pub(super) fn in_force(consent: Update, change: &ConsentChange) -> Update {
    let (set, removed) = match change.act {
        Act::Given => (GIVEN, WITHDRAWN),
        Act::Withdrawn => (WITHDRAWN, GIVEN),
        Act::OptedOut | Act::OptedIn => return consent,
    };
    consent.set(attribute(set, &change.scope), &change.agreement).remove(attribute(removed, &change.scope))
}

/// Removes the scope of a change from a consent, as a part of the consent's update.
pub(super) fn removed(consent: Update, change: &ConsentChange) -> Update {
    let prefix = if change.act == Act::Given { GIVEN } else { WITHDRAWN };
    consent.remove(attribute(prefix, &change.scope))
}

/// Stores a change. The same change at the same instant is stored once.
pub(super) fn put_change(phone: &PhoneNumber, change: &ConsentChange) -> Write {
    let ConsentChange { act, scope, agreement } = change.clone();
    put(Key::consent_change(phone, change), &ConsentChangeItem { act, scope, agreement })
}

/// Requires the consent that a claim of a step needs; `None` for a step that needs none.
pub(super) fn agreement_check(phone: &PhoneNumber, step: &Step) -> Option<Write> {
    let scopes = scopes_of(step);
    if scopes.is_empty() {
        return None;
    }
    let mut consent = check(Key::consent(phone));
    for scope in &scopes {
        consent = consent.require(absent(attribute(WITHDRAWN, scope)));
    }
    if needs_agreement(step) {
        consent = consent.require(any(scopes.iter().map(|scope| exists(attribute(GIVEN, scope)))));
    }
    Some(consent)
}

/// Reads the consent of an item, each agreement and withdrawal as the change that led to it.
pub(super) fn changes_of(item: &Item) -> Result<Vec<ConsentChange>, Unavailable> {
    let mut changes = Vec::new();
    for (prefix, act) in [(GIVEN, Act::Given), (WITHDRAWN, Act::Withdrawn)] {
        for (scope, agreement) in agreements(item, prefix)? {
            changes.push(ConsentChange { act, scope, agreement });
        }
    }
    Ok(changes)
}

fn attribute(prefix: &str, scope: &Scope) -> String {
    format!("{prefix}{scope}")
}

fn agreements(item: &Item, prefix: &str) -> Result<BTreeMap<Scope, Agreement>, Unavailable> {
    let mut agreements = BTreeMap::new();
    for (name, value) in item {
        let Some(scope) = name.strip_prefix(prefix) else { continue };
        let scope = Scope::new(scope).map_err(|_| unreadable(GET))?;
        let fields = value.as_m().map_err(|_| unreadable(GET))?.clone();
        agreements.insert(scope, from_item(fields).map_err(|_| unreadable(GET))?);
    }
    Ok(agreements)
}
