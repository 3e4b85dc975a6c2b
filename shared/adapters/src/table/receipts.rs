//! What providers report: noted on the step, or kept where it belongs to none.
//!
//! ```text
//! note  Update V (a conversation; nothing known, an earlier attempt, or a lower rank of the same one)
//! price Update V (prices as they were read, and the same said of a reservation)
//! keep  Put M#<provider>#<message> / R#<what was said> (absent)
//! ```

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use messaging::conversation::delivery::{AttemptPrice, Delivery};
use messaging::conversation::receipt::{AttemptId, Receipt};
use messaging::conversation::{Conversation, Step};
use messaging::ports::{Receipts, Unavailable, WriteOutcome};
use messaging::values::ids::{ConversationId, StepName};
use messaging::values::provider::Provider;

use super::Table;
use super::change::{Change, Repeats};
use super::expression::{Placeholders, number, text};
use super::item::{DeliveryItem, Item, VERSION, conversation_key, expiry, message_key, to_item};
use super::write::{instant, unbuildable};
use crate::failure::unavailable;

impl Table {
    /// Notes something on a conversation's step; `Overtaken` when the condition does not hold.
    async fn note(
        &self,
        id: &ConversationId,
        update: String,
        condition: String,
        placeholders: Placeholders,
    ) -> Result<WriteOutcome, Unavailable> {
        let change = Change { key: conversation_key(id), update, condition, placeholders };
        self.change_item(change, Repeats::Allowed).await
    }
}

impl Receipts for Table {
    async fn attempt_of(
        &self,
        provider: Provider,
        message_id: &str,
    ) -> Result<Option<AttemptId>, Unavailable> {
        Ok(self.get(message_key(provider.as_str(), message_id)).await?.as_ref().and_then(attempt))
    }

    async fn note_delivery(
        &self,
        conversation: &Conversation,
        step: &StepName,
        delivery: &Delivery,
    ) -> Result<WriteOutcome, Unavailable> {
        let item = to_item(&DeliveryItem::from(delivery)).map_err(|_| unbuildable("the delivery"))?;
        let at = |attribute: &str| format!("steps.{step}.delivery{attribute}");
        let mut p = Placeholders::default();
        let (whole, of_attempt, rank) = (p.path(&at("")), p.path(&at(".attempt")), p.path(&at(".rank")));
        let this = p.value("attempt", number(delivery.attempt));
        let below = p.value("below", number(delivery.status.replaces_below()));
        let condition = format!(
            "attribute_exists({}) AND (attribute_not_exists({whole}) OR {of_attempt} < {this} OR ({of_attempt} = {this} AND {rank} < {below}))",
            p.path(&format!("steps.{step}")),
        );
        let update = format!("SET {whole} = {}", p.value("delivery", AttributeValue::M(item)));
        self.note(&conversation.id, update, condition, p).await
    }

    async fn note_prices(
        &self,
        conversation: &Conversation,
        step: &Step,
        prices: &[AttemptPrice],
    ) -> Result<WriteOutcome, Unavailable> {
        let value = |prices: &[AttemptPrice]| {
            serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(prices)
                .map_err(|_| unbuildable("the prices"))
        };
        let mut p = Placeholders::default();
        let whole = p.path(&format!("steps.{}", step.name));
        let known = p.path(&format!("steps.{}.prices", step.name));
        let reserved = p.path(&format!("steps.{}.progress.reserved", step.name));
        let unchanged = if step.prices.is_empty() {
            format!("attribute_not_exists({known})")
        } else {
            format!("{known} = {}", p.value("known", value(&step.prices)?))
        };
        let has = if step.progress.reserved.is_some() { "attribute_exists" } else { "attribute_not_exists" };
        let condition = format!("attribute_exists({whole}) AND {unchanged} AND {has}({reserved})");
        let update = format!("SET {known} = {}", p.value("prices", value(prices)?));
        self.note(&conversation.id, update, condition, p).await
    }

    async fn keep_receipt(&self, receipt: &Receipt, now: DateTime<Utc>) -> Result<(), Unavailable> {
        let mut item = Item::from([
            ("pk".to_owned(), text(message_key(receipt.provider.as_str(), &receipt.message_id).0)),
            ("sk".to_owned(), text(format!("R#{}", receipt.said))),
            ("v".to_owned(), number(VERSION)),
            ("expires_at".to_owned(), number(expiry(now, self.retention))),
            ("at".to_owned(), instant(receipt.at)),
            ("said".to_owned(), text(&receipt.said)),
            // For operators, and for the count.
            ("worklist".to_owned(), text("stray_receipt")),
            ("worklist_at".to_owned(), instant(now)),
        ]);
        if let Some(code) = &receipt.code {
            item.insert("code".to_owned(), text(code));
        }
        if let Some(about) = &receipt.about {
            item.insert("conversation".to_owned(), text(about.conversation.as_str()));
            item.insert("step".to_owned(), text(about.step.as_str()));
            item.insert("attempt".to_owned(), number(about.attempt));
        }
        let sent = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable("dynamodb:PutItem", &error)),
        }
    }
}

fn attempt(item: &Item) -> Option<AttemptId> {
    Some(AttemptId {
        conversation: ConversationId::new(item.get("conversation")?.as_s().ok()?).ok()?,
        step: StepName::new(item.get("step")?.as_s().ok()?).ok()?,
        attempt: item.get("attempt")?.as_n().ok()?.parse().ok()?,
    })
}
