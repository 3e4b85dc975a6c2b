//! Authentic events that cannot be used.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use messaging::ports::{Quarantine, QuarantinedEvent, Unavailable};
use messaging::values::ids::SourceName;

use super::Table;
use super::expression::{number, text};
use super::item::{Item, VERSION, expiry};
use super::write::instant;
use crate::failure::unavailable;

/// An item holds 400 KB; a larger body is cut, and then only good for looking at.
const BODY_LIMIT: usize = 300 * 1024;

impl Quarantine for Table {
    async fn keep(&self, event: &QuarantinedEvent) -> Result<(), Unavailable> {
        let body = &event.body[..event.body.len().min(BODY_LIMIT)];
        let details = event.details.iter().map(text).collect();
        let item = Item::from([
            ("pk".to_owned(), text(format!("Q#{}", event.id))),
            ("sk".to_owned(), text("Q")),
            ("v".to_owned(), number(VERSION)),
            ("expires_at".to_owned(), number(expiry(event.received_at, self.retention))),
            ("source".to_owned(), text(event.source.as_str())),
            ("reason".to_owned(), text(&event.reason)),
            ("details".to_owned(), AttributeValue::L(details)),
            ("received_at".to_owned(), instant(event.received_at)),
            ("body".to_owned(), AttributeValue::B(Blob::new(body))),
            ("worklist".to_owned(), text("quarantined")),
            ("worklist_at".to_owned(), instant(event.received_at)),
        ]);
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
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

impl Table {
    /// What is in quarantine, oldest first: ids, by the worklist.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn quarantined(&self) -> Result<Vec<String>, Unavailable> {
        let keys = self.worklist("quarantined").await?;
        Ok(keys.iter().filter_map(|pk| pk.strip_prefix("Q#")).map(str::to_owned).collect())
    }

    /// One event of the quarantine.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn quarantined_event(&self, id: &str) -> Result<Option<QuarantinedEvent>, Unavailable> {
        let item = self.get((format!("Q#{id}"), "Q".to_owned())).await?;
        Ok(item.and_then(|item| read(id, &item)))
    }

    /// Takes an event out of quarantine.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn release(&self, id: &str) -> Result<(), Unavailable> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.name)
            .key("pk", text(format!("Q#{id}")))
            .key("sk", text("Q"));
        delete.send().await.map(|_| ()).map_err(|error| unavailable("dynamodb:DeleteItem", &error))
    }

    /// The partition keys on one list of the sparse index, oldest first.
    pub(super) async fn worklist(&self, list: &str) -> Result<Vec<String>, Unavailable> {
        let mut keys = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .index_name("worklist")
                .key_condition_expression("worklist = :list")
                .expression_attribute_values(":list", text(list))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable("dynamodb:Query", &error))?;
            let items = page.items.unwrap_or_default();
            keys.extend(
                items.iter().filter_map(|item| item.get("pk")).filter_map(|pk| pk.as_s().ok()).cloned(),
            );
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(keys);
            }
        }
    }
}

fn read(id: &str, item: &Item) -> Option<QuarantinedEvent> {
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    let details = item.get("details").and_then(|details| details.as_l().ok());
    Some(QuarantinedEvent {
        id: id.to_owned(),
        source: SourceName::new(string("source")?).ok()?,
        reason: string("reason")?,
        details: details.into_iter().flatten().filter_map(|detail| detail.as_s().ok()).cloned().collect(),
        received_at: DateTime::parse_from_rfc3339(&string("received_at")?).ok()?.with_timezone(&Utc),
        body: item.get("body")?.as_b().ok()?.clone().into_inner(),
    })
}
