//! The reads: one item, everything under a partition key, and the lists for operators.

use aws_sdk_dynamodb::types::AttributeValue;
use messaging::ports::Unavailable;
use messaging::values::phone::PhoneNumber;
use serde::de::DeserializeOwned;

use super::Table;
use super::item::{Item, Worklist, from_item, string};
use super::keys::{Key, Partition};
use crate::failure::unavailable;

pub(super) const GET: &str = "dynamodb:GetItem";
pub(super) const QUERY: &str = "dynamodb:Query";

impl Table {
    /// Reads an item, strongly consistent.
    pub(super) async fn get(&self, key: Key) -> Result<Option<Item>, Unavailable> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(key.pk))
            .key("sk", AttributeValue::S(key.sk))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable(GET, &error))?;
        Ok(answer.item)
    }

    /// Reads an item as a struct.
    pub(crate) async fn read<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, Unavailable> {
        match self.get(key).await? {
            Some(item) => from_item(item).map(Some).map_err(|_| unreadable(GET)),
            None => Ok(None),
        }
    }

    /// Reads everything under a phone, in each of its spellings.
    pub(super) async fn items_of(&self, phone: &PhoneNumber) -> Result<Vec<Item>, Unavailable> {
        let mut items = self.items_under(Partition::phone(phone)).await?;
        if let Some(older) = phone.older_spelling() {
            items.extend(self.items_under(Partition::phone(&older)).await?);
        }
        Ok(items)
    }

    /// Reads everything under a partition key, strongly consistent.
    pub(super) async fn items_under(&self, partition: Partition) -> Result<Vec<Item>, Unavailable> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(partition.0.clone()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable(QUERY, &error))?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// Reads the last items under a partition key, in descending order of their sort keys.
    pub(crate) async fn last_items<T: DeserializeOwned>(
        &self,
        partition: Partition,
        limit: i32,
    ) -> Result<Vec<T>, Unavailable> {
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(partition.0))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(limit)
            .send()
            .await
            .map_err(|error| unavailable(QUERY, &error))?;
        let items = answer.items.unwrap_or_default().into_iter();
        items.map(|item| from_item(item).map_err(|_| unreadable(QUERY))).collect()
    }

    /// Reads the partition keys on one list of the sparse index, oldest first.
    pub(super) async fn keys_on(&self, worklist: Worklist) -> Result<Vec<String>, Unavailable> {
        let mut keys = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .index_name("worklist")
                .key_condition_expression("worklist = :list")
                .expression_attribute_values(":list", AttributeValue::S(worklist.as_str().to_owned()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| unavailable(QUERY, &error))?;
            let items = page.items.unwrap_or_default();
            keys.extend(items.iter().filter_map(|item| string(item, "pk")).map(str::to_owned));
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(keys);
            }
        }
    }
}

/// The error for an item that this code cannot read.
pub(super) fn unreadable(operation: &'static str) -> Unavailable {
    Unavailable { operation, reason: "unreadable item".to_owned() }
}
