//! The reports of providers: stored with their step, or kept alone where they belong to none.
//!
//! ```text
//! note  Update V (a step; no report yet, one of an earlier attempt, or a lower rank of the same one)
//! price Update V (a step; prices as they were read, and a reservation or none as it was read)
//! keep  Put M#<provider>#<message> / R#<the provider's word> (absent)
//! ```

use chrono::{DateTime, Utc};
use messaging::conversation::delivery::{AttemptPrice, Delivery};
use messaging::conversation::receipt::{AttemptId, Receipt};
use messaging::conversation::{Conversation, Step};
use messaging::ports::{Receipts, Unavailable, WriteOutcome};
use messaging::values::ids::StepName;
use messaging::values::provider::Provider;

use super::builder::put;
use super::expression::{Path, absent, all, any, equals, exists, less};
use super::item::{DeliveryItem, StrayReceiptItem, Worklist, expiry, from_item};
use super::keys::Key;
use super::{Table, facts};

impl Receipts for Table {
    async fn attempt_of(
        &self,
        provider: Provider,
        message_id: &str,
    ) -> Result<Option<AttemptId>, Unavailable> {
        let item = self.get(Key::message(provider.as_str(), message_id)).await?;
        Ok(item.and_then(|item| from_item(item).ok()))
    }

    async fn note_delivery(
        &self,
        conversation: &Conversation,
        step: &StepName,
        delivery: &Delivery,
    ) -> Result<WriteOutcome, Unavailable> {
        let path = Path::step(step).at("delivery");
        let attempt = path.clone().at("attempt");
        let lower_rank = less(path.clone().at("rank"), delivery.status.replaces_below());
        let replaceable = any([
            absent(path.clone()),
            less(attempt.clone(), delivery.attempt),
            all([equals(attempt, delivery.attempt), lower_rank]),
        ]);
        let noted = facts::change(&conversation.id)
            .require(exists(Path::step(step)))
            .require(replaceable)
            .set(path, DeliveryItem::from(delivery));
        self.write(noted).await
    }

    async fn note_prices(
        &self,
        conversation: &Conversation,
        step: &Step,
        prices: &[AttemptPrice],
    ) -> Result<WriteOutcome, Unavailable> {
        let path = Path::step(&step.name).at("prices");
        let unchanged =
            if step.prices.is_empty() { absent(path.clone()) } else { equals(path.clone(), &step.prices) };
        let reserved = Path::step(&step.name).at("progress").at("reserved");
        let reservation = if step.progress.reserved.is_some() { exists(reserved) } else { absent(reserved) };
        let noted = facts::change(&conversation.id)
            .require(exists(Path::step(&step.name)))
            .require(unchanged)
            .require(reservation)
            .set(path, prices);
        self.write(noted).await
    }

    async fn keep_receipt(&self, receipt: &Receipt, now: DateTime<Utc>) -> Result<(), Unavailable> {
        let item = StrayReceiptItem {
            expires_at: expiry(now, self.retention),
            at: receipt.at,
            said: &receipt.said,
            code: receipt.code.as_deref(),
            about: receipt.about.as_ref(),
            worklist: Worklist::StrayReceipt,
            worklist_at: now,
        };
        self.write(put(Key::stray_receipt(receipt), &item).require(absent("pk"))).await.map(drop)
    }
}
