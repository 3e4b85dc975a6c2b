//! What customers agree to: `P#<phone>` / `K` is what stands, `P#<phone>` / `K#<when>#<what>` each change.
//!
//! Neither expires: an agreement must be shown as long as it is used, and a withdrawal holds for good.

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};
use chrono::SecondsFormat;
use messaging::conversation::Step;
use messaging::conversation::consent::{Act, Agreement, Consent, ConsentChange, needs_agreement, scopes_of};
use messaging::ports::{Consents, Unavailable};
use messaging::values::ids::Scope;
use messaging::values::phone::PhoneNumber;
use serde::{Deserialize, Serialize};

use super::Table;
use super::expression::{Placeholders, number, text};
use super::item::{Item, VERSION, contact_key, to_item};
use super::write::{transact_update, unbuildable};

const GIVEN: &str = "given_";
const WITHDRAWN: &str = "withdrawn_";

/// A change, as it is kept.
#[derive(Serialize, Deserialize)]
struct ChangeItem {
    pk: String,
    sk: String,
    v: u32,
    act: Act,
    scope: Scope,
    #[serde(flatten)]
    agreement: Agreement,
}

impl Consents for Table {
    async fn consent(&self, phone: &PhoneNumber) -> Result<Consent, Unavailable> {
        let item = self.get(consent_key(phone)).await?.unwrap_or_default();
        Ok(Consent { given: agreements(&item, GIVEN)?, withdrawn: agreements(&item, WITHDRAWN)? })
    }

    async fn change(&self, phone: &PhoneNumber, change: &ConsentChange) -> Result<(), Unavailable> {
        self.transact(changed(&self.name, phone, change)?).await.map(drop)
    }

    async fn history(&self, phone: &PhoneNumber) -> Result<Vec<ConsentChange>, Unavailable> {
        let mut changes = Vec::new();
        for item in self.items_of(phone).await? {
            if !item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk.starts_with("K#")) {
                continue;
            }
            let item: ChangeItem =
                serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(|_| unreadable())?;
            changes.push(ConsentChange { act: item.act, scope: item.scope, agreement: item.agreement });
        }
        Ok(changes)
    }
}

/// The writes of a change: what stands from now on, and the change itself.
pub(super) fn changed(
    table: &str,
    phone: &PhoneNumber,
    change: &ConsentChange,
) -> Result<Vec<TransactWriteItem>, Unavailable> {
    let mut items = vec![kept(table, phone, change)?];
    let (set, removed) = match change.act {
        Act::Given => (GIVEN, WITHDRAWN),
        Act::Withdrawn => (WITHDRAWN, GIVEN),
        Act::OptedOut | Act::OptedIn => return Ok(items),
    };
    let mut p = Placeholders::default();
    let agreement = to_item(&change.agreement).map_err(|_| unbuildable("the agreement"))?;
    let update = format!(
        "SET {} = {}, {} = {} REMOVE {}",
        p.path("v"),
        p.value("v", number(VERSION)),
        p.path(&format!("{set}{}", change.scope)),
        p.value("agreement", AttributeValue::M(agreement)),
        p.path(&format!("{removed}{}", change.scope)),
    );
    items.push(transact_update(table, consent_key(phone), update, None, &p)?);
    Ok(items)
}

/// Keeps a change. The same change at the same instant is one.
pub(super) fn kept(
    table: &str,
    phone: &PhoneNumber,
    change: &ConsentChange,
) -> Result<TransactWriteItem, Unavailable> {
    let act = serde_json::to_value(change.act).unwrap_or_default();
    let at = change.agreement.at.to_rfc3339_opts(SecondsFormat::Nanos, true);
    let item = to_item(&ChangeItem {
        pk: contact_key(phone).0,
        sk: format!("K#{at}#{}_{}", act.as_str().unwrap_or_default(), change.scope),
        v: VERSION,
        act: change.act,
        scope: change.scope.clone(),
        agreement: change.agreement.clone(),
    });
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item.map_err(|_| unbuildable("the change"))?))
        .build()
        .map_err(|_| unbuildable("the change"))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// What a claim demands of the consent; nothing for a step that heeds none.
pub(super) fn agreement_check(
    table: &str,
    phone: &PhoneNumber,
    step: &Step,
) -> Result<Option<TransactWriteItem>, Unavailable> {
    let scopes = scopes_of(step);
    if scopes.is_empty() {
        return Ok(None);
    }
    let mut p = Placeholders::default();
    let mut each = |exists: &str, prefix: &str| -> Vec<String> {
        scopes.iter().map(|scope| format!("{exists}({})", p.path(&format!("{prefix}{scope}")))).collect()
    };
    let mut conditions = each("attribute_not_exists", WITHDRAWN);
    if needs_agreement(step) {
        conditions.push(format!("({})", each("attribute_exists", GIVEN).join(" OR ")));
    }
    let (pk, sk) = consent_key(phone);
    let check = ConditionCheck::builder()
        .table_name(table)
        .key("pk", text(pk))
        .key("sk", text(sk))
        .condition_expression(conditions.join(" AND "))
        .set_expression_attribute_names(p.names())
        .build()
        .map_err(|_| unbuildable("the check"))?;
    Ok(Some(TransactWriteItem::builder().condition_check(check).build()))
}

/// What stands in an item, each as the change that led to it.
pub(super) fn changes_of(item: &Item) -> Result<Vec<ConsentChange>, Unavailable> {
    let mut changes = Vec::new();
    for (prefix, act) in [(GIVEN, Act::Given), (WITHDRAWN, Act::Withdrawn)] {
        let said = agreements(item, prefix)?.into_iter();
        changes.extend(said.map(|(scope, agreement)| ConsentChange { act, scope, agreement }));
    }
    Ok(changes)
}

fn consent_key(phone: &PhoneNumber) -> (String, String) {
    (contact_key(phone).0, "K".to_owned())
}

fn agreements(
    item: &Item,
    prefix: &str,
) -> Result<std::collections::BTreeMap<Scope, Agreement>, Unavailable> {
    let named = item.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
    named
        .map(|(scope, value)| {
            let scope = Scope::new(scope).map_err(|_| unreadable())?;
            let fields = value.as_m().map_err(|_| unreadable())?.clone();
            let agreement = serde_dynamo::aws_sdk_dynamodb_1::from_item(fields).map_err(|_| unreadable())?;
            Ok((scope, agreement))
        })
        .collect()
}

fn unreadable() -> Unavailable {
    Unavailable { operation: "dynamodb:GetItem", reason: "unreadable item".to_owned() }
}
