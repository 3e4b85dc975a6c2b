//! Inbound messages: who wrote, which conversations they have open, what changes.

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use chrono::{DateTime, Utc};
use futures_util::future::{try_join, try_join_all};
use messaging::conversation::{Contact, Conversation, Reply};
use messaging::ports::{
    ConfirmationChange, Conversations, Inbox, OptOutChange, StoreOutcome, StoredInbound, Unavailable,
    WriteOutcome,
};
use messaging::receive_message::MAX_REPLIES;
use messaging::values::channel::Channel;
use messaging::values::ids::ConversationId;
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;

use super::change::{Change, Repeats};
use super::consents;
use super::expression::{Placeholders, number, text};
use super::item::{
    CONFIRMATION_DUE, CONFIRMATION_TAKEN, ContactItem, Item, VERSION, contact_key, conversation_key, expiry,
    inbound_key, message_key, received_key, to_item,
};
use super::write::{instant, transact_update, unbuildable, worklist};
use super::{Table, Transacted};
use crate::failure::unavailable;

/// A transaction takes 100 items, five of which are the message, what leads to it from the phone, the
/// contact, its consent and the change of it.
const CONVERSATIONS_AT_ONCE: usize = 95;

impl Inbox for Table {
    async fn open_conversations(
        &self,
        phone: &PhoneNumber,
        now: DateTime<Utc>,
    ) -> Result<(Contact, Vec<Conversation>), Unavailable> {
        let unreadable =
            |_| Unavailable { operation: "dynamodb:Query", reason: "unreadable item".to_owned() };
        let mut contact = Contact::default();
        let mut open: Vec<ConversationId> = Vec::new();
        let (items, suppressed) = try_join(self.items_of(phone), self.suppression(phone)).await?;
        for item in items {
            match item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str) {
                Some("C") => contact = ContactItem::read(item).map_err(unreadable)?,
                Some(pointer) if is_open(&item, now) => {
                    open.extend(pointer.strip_prefix("V#").and_then(|id| ConversationId::new(id).ok()));
                }
                _ => {}
            }
        }
        // The phone is known again, and so its opt-out stands under it again.
        if let (None, Some(suppressed)) = (contact.opted_out_at, suppressed) {
            self.restore(phone, &suppressed, now).await?;
            contact = suppressed;
        }
        let loaded = try_join_all(open.iter().map(|id| self.load(id, now))).await?;
        Ok((contact, loaded.into_iter().flatten().collect()))
    }

    async fn conversation_of(
        &self,
        provider: Provider,
        message_id: &str,
    ) -> Result<Option<ConversationId>, Unavailable> {
        let item = self.get(message_key(provider.as_str(), message_id)).await?;
        let id = item.as_ref().and_then(|item| item.get("conversation")).and_then(|id| id.as_s().ok());
        Ok(id.and_then(|id| ConversationId::new(id).ok()))
    }

    async fn store(&self, inbound: &StoredInbound<'_>) -> Result<StoreOutcome, Unavailable> {
        let (now_or_never, first) =
            inbound.conversations.split_at(inbound.conversations.len().saturating_sub(CONVERSATIONS_AT_ONCE));
        // Nobody has so many conversations open; if somebody does, each stops no later than the message
        // is stored. Each write alone is harmless to repeat.
        for conversation in now_or_never {
            self.transact(vec![replied(&self.name, inbound, conversation)?]).await?;
        }
        let mut items =
            vec![self.inbound_message(inbound)?, self.received(inbound)?, self.contact_update(inbound)?];
        if let Some(change) = &inbound.consent {
            items.extend(consents::changed(&self.name, &inbound.message.from, change)?);
        }
        for conversation in first {
            items.push(replied(&self.name, inbound, conversation)?);
        }
        match self.transact_named(items).await? {
            (Transacted::Done, _) => Ok(StoreOutcome::Stored),
            (Transacted::Refused(_), Some(0)) => Ok(StoreOutcome::Duplicate),
            (Transacted::Refused(_), _) => Ok(StoreOutcome::Overtaken),
        }
    }

    async fn take_confirmation(&self, phone: &PhoneNumber, by: &str) -> Result<bool, Unavailable> {
        let taken = format!("{CONFIRMATION_TAKEN}{by}");
        self.confirmation_goes(phone, &[CONFIRMATION_DUE, &taken], &taken).await
    }

    async fn give_back_confirmation(&self, phone: &PhoneNumber, by: &str) -> Result<(), Unavailable> {
        let taken = format!("{CONFIRMATION_TAKEN}{by}");
        self.confirmation_goes(phone, &[&taken], CONFIRMATION_DUE).await.map(drop)
    }
}

impl Table {
    /// Moves the confirmation that an opted-out contact is owed; whether it stood there.
    async fn confirmation_goes(
        &self,
        phone: &PhoneNumber,
        from: &[&str],
        to: &str,
    ) -> Result<bool, Unavailable> {
        let mut p = Placeholders::default();
        let confirmation = p.path("confirmation");
        let from = from.iter().enumerate();
        let from: Vec<_> = from.map(|(n, from)| p.value(&format!("from_{n}"), text(*from))).collect();
        let condition = format!(
            "attribute_exists({}) AND {confirmation} IN ({})",
            p.path("opted_out_at"),
            from.join(", ")
        );
        let update = format!("SET {confirmation} = {}", p.value("to", text(to)));
        let change = Change { key: contact_key(phone), update, condition, placeholders: p };
        Ok(self.change_item(change, Repeats::Forbidden).await? == WriteOutcome::Done)
    }

    /// Everything under a phone, in one consistent query.
    pub(super) async fn items_of(&self, phone: &PhoneNumber) -> Result<Vec<Item>, Unavailable> {
        self.items_under(contact_key(phone).0).await
    }

    /// Everything under a partition key, in one consistent query.
    pub(super) async fn items_under(&self, pk: String) -> Result<Vec<Item>, Unavailable> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable("dynamodb:Query", &error))?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    fn inbound_message(&self, inbound: &StoredInbound<'_>) -> Result<TransactWriteItem, Unavailable> {
        let message = inbound.message;
        let conversations =
            inbound.conversations.iter().map(|conversation| text(conversation.id.as_str())).collect();
        let item = Item::from([
            ("pk".to_owned(), text(inbound_key(message.provider.as_str(), &message.id).0)),
            ("sk".to_owned(), text(inbound_key(message.provider.as_str(), &message.id).1)),
            ("v".to_owned(), number(VERSION)),
            ("expires_at".to_owned(), number(expiry(message.at, self.retention))),
            ("at".to_owned(), instant(message.at)),
            ("from".to_owned(), text(message.from.as_e164())),
            ("to".to_owned(), text(&message.to)),
            ("channel".to_owned(), text(channel(message.channel))),
            ("text".to_owned(), text(message.body.expose())),
            ("media".to_owned(), number(message.media)),
            ("meaning".to_owned(), text(inbound.meaning.as_str())),
            ("conversations".to_owned(), AttributeValue::L(conversations)),
        ]);
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|_| unbuildable("the message"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// What leads from the phone to the message, for erasure.
    fn received(&self, inbound: &StoredInbound<'_>) -> Result<TransactWriteItem, Unavailable> {
        let message = inbound.message;
        let item = Item::from([
            ("pk".to_owned(), text(received_key(&message.from))),
            ("sk".to_owned(), text(inbound_key(message.provider.as_str(), &message.id).0)),
            ("v".to_owned(), number(VERSION)),
            ("expires_at".to_owned(), number(expiry(message.at, self.retention))),
        ]);
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .build()
            .map_err(|_| unbuildable("what leads to the message"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The contact: last inbound, and the opt-out where it changes. A contact who has opted out does
    /// not expire: the wish outlives every conversation.
    fn contact_update(&self, inbound: &StoredInbound<'_>) -> Result<TransactWriteItem, Unavailable> {
        let message = inbound.message;
        let mut p = Placeholders::default();
        let opted_out_at = p.path("opted_out_at");
        let mut sets = format!(
            "SET {} = {}, {} = {}",
            p.path("v"),
            p.value("v", number(VERSION)),
            p.path(&format!("last_inbound_{}", channel(message.channel))),
            p.value("at", instant(message.at)),
        );
        let mut removes = Vec::new();
        let is_opted_out = inbound.contact.opted_out_at.is_some();
        match inbound.confirmation {
            ConfirmationChange::Due => sets.push_str(&format!(
                ", {} = {}",
                p.path("confirmation"),
                p.value("confirmation", text(CONFIRMATION_DUE))
            )),
            ConfirmationChange::Over => removes.push(p.path("confirmation")),
            ConfirmationChange::None => {}
        }
        match inbound.opt_out {
            OptOutChange::OptOut => {
                let by = p.path("opted_out_by");
                sets.push_str(&format!(
                    ", {opted_out_at} = {}, {by} = {}{}",
                    p.value("opted_out_at", instant(message.at)),
                    p.value("by", text(&message.id)),
                    worklist(&mut p, "opted_out", message.at),
                ));
                removes.push(p.path("expires_at"));
            }
            OptOutChange::OptIn => {
                let names = ["opted_out_at", "opted_out_by", "worklist", "worklist_at"];
                removes.extend(names.map(|name| p.path(name)));
                sets.push_str(&format!(
                    ", {} = {}, {} = {}, {} = {}",
                    p.path("opted_in_at"),
                    p.value("opted_in_at", instant(message.at)),
                    p.path("opted_in_by"),
                    p.value("by", text(&message.id)),
                    p.path("expires_at"),
                    p.value("expires_at", number(expiry(message.at, self.retention))),
                ));
            }
            OptOutChange::None if !is_opted_out => {
                let expires_at = p.path("expires_at");
                // Not earlier than it was: a claim may have set it by a later deadline.
                sets.push_str(&format!(
                    ", {expires_at} = if_not_exists({expires_at}, {})",
                    p.value("expires_at", number(expiry(message.at, self.retention)))
                ));
            }
            OptOutChange::None => {}
        }
        let exists = if is_opted_out { "attribute_exists" } else { "attribute_not_exists" };
        let condition = format!("{exists}({opted_out_at})");
        let removes =
            if removes.is_empty() { String::new() } else { format!(" REMOVE {}", removes.join(", ")) };
        transact_update(&self.name, contact_key(&message.from), sets + &removes, Some(condition), &p)
    }
}

/// A message noted on a conversation.
fn replied(
    table: &str,
    inbound: &StoredInbound<'_>,
    conversation: &Conversation,
) -> Result<TransactWriteItem, Unavailable> {
    let mut p = Placeholders::default();
    let mut sets = vec![format!("{} = {}", p.path("v"), p.value("v", number(VERSION)))];
    if inbound.is_reply {
        let replied_at = p.path("replied_at");
        let at = p.value("at", instant(inbound.message.at));
        sets.push(format!("{replied_at} = if_not_exists({replied_at}, {at})"));
    }
    if conversation.life.replies.len() < MAX_REPLIES {
        let reply = Reply { at: inbound.message.at, meaning: inbound.meaning };
        let reply = to_item(&reply).map_err(|_| unbuildable("the reply"))?;
        let replies = p.path("replies");
        sets.push(format!(
            "{replies} = list_append(if_not_exists({replies}, {}), {})",
            p.value("none", AttributeValue::L(Vec::new())),
            p.value("reply", AttributeValue::L(vec![AttributeValue::M(reply)])),
        ));
    }
    let condition = format!("attribute_exists({})", p.path("pk"));
    let update = format!("SET {}", sets.join(", "));
    transact_update(table, conversation_key(&conversation.id), update, Some(condition), &p)
}

fn is_open(item: &Item, now: DateTime<Utc>) -> bool {
    let until = item
        .get("open_until")
        .and_then(|until| until.as_n().ok())
        .and_then(|until| until.parse::<i64>().ok());
    until.is_some_and(|until| until > now.timestamp())
}

const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "sms",
        Channel::Whatsapp => "whatsapp",
    }
}
