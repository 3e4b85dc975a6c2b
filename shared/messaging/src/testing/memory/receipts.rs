//! Receipts in memory.

use chrono::{DateTime, Utc};

use super::World;
use crate::conversation::delivery::{AttemptPrice, Delivery};
use crate::conversation::receipt::{AttemptId, Receipt};
use crate::conversation::{Conversation, Step};
use crate::ports::{Receipts, Unavailable, WriteOutcome};
use crate::values::ids::StepName;
use crate::values::provider::Provider;

impl Receipts for World {
    async fn attempt_of(&self, provider: Provider, id: &str) -> Result<Option<AttemptId>, Unavailable> {
        let key = (provider.as_str().to_owned(), id.to_owned());
        self.call("attempt_of", |state| state.store.messages.get(&key).cloned()).await
    }

    async fn note_delivery(
        &self,
        conversation: &Conversation,
        step: &StepName,
        delivery: &Delivery,
    ) -> Result<WriteOutcome, Unavailable> {
        self.call("note_delivery", |state| match state.store.step(&conversation.id, step) {
            Some(stored) if delivery.replaces(stored.delivery.as_ref()) => {
                stored.delivery = Some(delivery.clone());
                WriteOutcome::Done
            }
            _ => WriteOutcome::Overtaken,
        })
        .await
    }

    async fn note_prices(
        &self,
        conversation: &Conversation,
        step: &Step,
        prices: &[AttemptPrice],
    ) -> Result<WriteOutcome, Unavailable> {
        self.call("note_prices", |state| match state.store.step(&conversation.id, &step.name) {
            Some(stored)
                if stored.prices == step.prices
                    && stored.progress.reserved.is_some() == step.progress.reserved.is_some() =>
            {
                stored.prices = prices.to_vec();
                WriteOutcome::Done
            }
            _ => WriteOutcome::Overtaken,
        })
        .await
    }

    async fn keep_receipt(&self, receipt: &Receipt, _: DateTime<Utc>) -> Result<(), Unavailable> {
        let key = (receipt.provider.as_str().to_owned(), receipt.message_id.clone(), receipt.said.clone());
        self.call("keep_receipt", |state| {
            state.store.receipts.insert(key);
        })
        .await
    }
}
