//! Erasing a person. What stays of an item is listed here; whatever else an item has, now or in a
//! later version, goes.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use chrono::{DateTime, Utc};
use messaging::conversation::Contact;
use messaging::ports::{
    ErasedConversation, Erasure, InboundId, QuarantinedEvent, Traces, Unavailable, WriteOutcome,
};
use messaging::values::ids::ConversationId;
use messaging::values::phone::PhoneNumber;

use super::expression::{Placeholders, text};
use super::item::{ContactItem, Item, contact_key, conversation_key, inbound_key, received_key};
use super::write::{instant, transact_update, unbuildable};
use super::{Table, Transacted, codes};

/// What stays of a conversation.
const CONVERSATION: [&str; 19] = [
    "pk",
    "sk",
    "v",
    "expires_at",
    "source",
    "journey",
    "journeys_version",
    "accepted_at",
    "correlation_id",
    "steps",
    "started_at",
    "cancelled_at",
    "superseded_at",
    "superseded_by",
    "replied_at",
    "replies",
    "ended_at",
    "worklist",
    "worklist_at",
];
/// What stays of a step.
const STEP: [&str; 13] = [
    "due",
    "deadline",
    "unless_replied",
    "follows",
    "category",
    "channel",
    "providers",
    "delivery",
    "prices",
    "truncated",
    "cost_micro_usd",
    "sent_from",
    "progress",
];
/// What stays of a customer's message.
const INBOUND: [&str; 9] =
    ["pk", "sk", "v", "expires_at", "at", "channel", "media", "meaning", "conversations"];
/// What stays of an event in quarantine. It is off the operators' list: nothing can be done with it.
const QUARANTINED: [&str; 7] = ["pk", "sk", "v", "expires_at", "source", "reason", "received_at"];

impl Erasure for Table {
    async fn traces(&self, phone: &PhoneNumber) -> Result<Traces, Unavailable> {
        let mut traces = Traces::default();
        for item in self.items_of(phone).await? {
            match sort_key(&item) {
                Some("C") => traces.contact = ContactItem::read(item).map_err(|_| unreadable())?,
                Some(pointer) => {
                    let id = pointer.strip_prefix("V#").and_then(|id| ConversationId::new(id).ok());
                    traces.conversations.extend(id);
                }
                None => {}
            }
        }
        for item in self.items_under(received_key(phone)).await? {
            let message = sort_key(&item).and_then(|key| key.strip_prefix("I#")?.split_once('#'));
            traces.inbound.extend(
                message.map(|(provider, id)| InboundId { provider: provider.to_owned(), id: id.to_owned() }),
            );
        }
        Ok(traces)
    }

    async fn erase_conversation(
        &self,
        phone: &PhoneNumber,
        id: &ConversationId,
        at: DateTime<Utc>,
    ) -> Result<ErasedConversation, Unavailable> {
        let pointer = (contact_key(phone).0, conversation_key(id).0);
        let stored = self.get(conversation_key(id)).await?;
        let is_theirs = |item: &Item| string(item, "contact") == Some(phone.as_e164());
        let Some(stored) = stored.filter(is_theirs) else {
            self.transact(vec![self.delete(pointer, None)?]).await?;
            return Ok(ErasedConversation::NotTheirs);
        };
        let mut p = Placeholders::default();
        let (erased_at, cancelled_at) = (p.path("erased_at"), p.path("cancelled_at"));
        let now = p.value("at", instant(at));
        let mut removes = others(&mut p, "", &stored, &CONVERSATION);
        let steps = stored.get("steps").and_then(|steps| steps.as_m().ok());
        for (name, step) in steps.into_iter().flatten() {
            if let Ok(step) = step.as_m() {
                removes.extend(others(&mut p, &format!("steps.{name}."), step, &STEP));
            }
        }
        let update = format!(
            "SET {erased_at} = {now}, {cancelled_at} = if_not_exists({cancelled_at}, {now}) REMOVE {}",
            removes.join(", ")
        );
        let condition = format!("{} = {}", p.path("contact"), p.value("phone", text(phone.as_e164())));
        let erased = transact_update(&self.name, conversation_key(id), update, Some(condition), &p)?;
        match self.transact(vec![erased, self.delete(pointer, None)?]).await? {
            Transacted::Done => {
                let sending = steps.into_iter().flatten().any(|(_, step)| is_claimed(step));
                Ok(ErasedConversation::Erased { sending })
            }
            Transacted::Refused(_) => Ok(ErasedConversation::NotTheirs),
        }
    }

    async fn erase_inbound(
        &self,
        phone: &PhoneNumber,
        message: &InboundId,
        at: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        let key = inbound_key(&message.provider, &message.id);
        let mut items = vec![self.delete((received_key(phone), key.0.clone()), None)?];
        if let Some(stored) = self.get(key.clone()).await? {
            items.push(self.erased(key, &stored, &INBOUND, at)?);
        }
        self.transact(items).await.map(drop)
    }

    async fn quarantined_events(&self) -> Result<Vec<QuarantinedEvent>, Unavailable> {
        let mut events = Vec::new();
        for id in self.quarantined().await? {
            events.extend(self.quarantined_event(&id).await?);
        }
        Ok(events)
    }

    async fn erase_quarantined(&self, id: &str, at: DateTime<Utc>) -> Result<(), Unavailable> {
        let key = (format!("Q#{id}"), "Q".to_owned());
        let Some(stored) = self.get(key.clone()).await? else { return Ok(()) };
        self.transact(vec![self.erased(key, &stored, &QUARANTINED, at)?]).await.map(drop)
    }

    async fn erase_contact(&self, phone: &PhoneNumber, read: &Contact) -> Result<WriteOutcome, Unavailable> {
        self.erase_beside_contact(phone).await?;
        let exists = if read.opted_out_at.is_some() { "attribute_exists" } else { "attribute_not_exists" };
        let mut items = vec![self.delete(contact_key(phone), Some(format!("{exists}(opted_out_at)")))?];
        if read.opted_out_at.is_some() {
            items.push(self.suppressed(phone, read)?);
        }
        match self.transact(items).await? {
            Transacted::Done => Ok(WriteOutcome::Done),
            Transacted::Refused(_) => Ok(WriteOutcome::Overtaken),
        }
    }
}

impl Table {
    /// Deletes what stands beside the contact: agreements with their changes, what was spent, and one-time
    /// codes with what is counted of them.
    async fn erase_beside_contact(&self, phone: &PhoneNumber) -> Result<(), Unavailable> {
        for item in self.items_of(phone).await? {
            if let Some(key) = sort_key(&item).filter(|key| key.starts_with('K') || key.starts_with("L#")) {
                self.transact(vec![self.delete((contact_key(phone).0, key.to_owned()), None)?]).await?;
            }
        }
        for pk in codes::keys_of(phone) {
            for item in self.items_under(pk.clone()).await? {
                if let Some(key) = sort_key(&item) {
                    self.transact(vec![self.delete((pk.clone(), key.to_owned()), None)?]).await?;
                }
            }
        }
        Ok(())
    }

    fn delete(
        &self,
        (pk, sk): (String, String),
        condition: Option<String>,
    ) -> Result<TransactWriteItem, Unavailable> {
        let delete = Delete::builder()
            .table_name(&self.name)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .set_condition_expression(condition)
            .build()
            .map_err(|_| unbuildable("the deletion"))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// An item without everything but what stays. It is not made anew where it has expired meanwhile.
    fn erased(
        &self,
        key: (String, String),
        stored: &Item,
        stays: &[&str],
        at: DateTime<Utc>,
    ) -> Result<TransactWriteItem, Unavailable> {
        let mut p = Placeholders::default();
        let mut update = format!("SET {} = {}", p.path("erased_at"), p.value("at", instant(at)));
        let removes = others(&mut p, "", stored, stays);
        if !removes.is_empty() {
            update.push_str(&format!(" REMOVE {}", removes.join(", ")));
        }
        let condition = format!("attribute_exists({})", p.path("pk"));
        transact_update(&self.name, key, update, Some(condition), &p)
    }
}

/// The paths of what does not stay. When it was erased is set anew.
fn others(p: &mut Placeholders, prefix: &str, item: &Item, stays: &[&str]) -> Vec<String> {
    let goes = |name: &&String| !stays.contains(&name.as_str()) && *name != "erased_at";
    let mut names: Vec<_> = item.keys().filter(goes).collect();
    names.sort();
    names.into_iter().map(|name| p.path(&format!("{prefix}{name}"))).collect()
}

fn is_claimed(step: &AttributeValue) -> bool {
    let progress = step.as_m().ok().and_then(|step| step.get("progress")).and_then(|p| p.as_m().ok());
    progress.and_then(|progress| string(progress, "state")) == Some("claimed")
}

fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

fn sort_key(item: &Item) -> Option<&str> {
    string(item, "sk")
}

fn unreadable() -> Unavailable {
    Unavailable { operation: "dynamodb:Query", reason: "unreadable item".to_owned() }
}
