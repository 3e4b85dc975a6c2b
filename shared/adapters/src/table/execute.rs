//! Sends writes to DynamoDB: one alone, or several in a transaction.
//!
//! Writes alone never conflict with each other: one of two that exclude each other finds its condition
//! false. Transactions can conflict, and are then tried again.

use aws_sdk_dynamodb::config;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update as SdkUpdate,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::retry::RetryConfig;
use messaging::ports::{Unavailable, WriteOutcome};

use super::Table;
use super::builder::{Action, Built, Update, Write};
use super::item::Item;
use crate::failure::unavailable;

const DELETE: &str = "dynamodb:DeleteItem";
const PUT: &str = "dynamodb:PutItem";
const UPDATE: &str = "dynamodb:UpdateItem";
const TRANSACT: &str = "dynamodb:TransactWriteItems";

/// The number of times a transaction that conflicts with another one is tried.
const CONFLICT_TRIES: usize = 3;

/// The result of a transaction.
pub(crate) enum Transacted {
    Done,
    Refused(Refusal),
}

/// A transaction in which at least one condition did not hold. Nothing was written.
pub(crate) struct Refusal {
    /// The index of the first write whose condition did not hold.
    pub(super) index: usize,
    /// The stored item of each write, for those that DynamoDB reports.
    pub(super) stored: Vec<Option<Item>>,
}

impl Refusal {
    /// Returns the stored item of the transaction's first write.
    pub(super) fn into_first(self) -> Option<Item> {
        self.stored.into_iter().next().flatten()
    }
}

/// The result of an update whose item matters.
pub(super) enum Updated {
    /// The update is made; the item as the call asked for it.
    Done(Item),
    /// A condition did not hold; the item as it is stored, `None` where DynamoDB does not report it.
    Refused(Option<Item>),
}

impl Table {
    /// Makes one write; `Overtaken` when a condition does not hold.
    pub(super) async fn write(&self, write: impl Into<Write>) -> Result<WriteOutcome, Unavailable> {
        let built = write.into().build().map_err(|error| unbuildable(UPDATE, error.0))?;
        match built.action {
            Action::Update(_) => outcome(UPDATE, self.update_item(built)?.send().await),
            Action::Put(item) => {
                let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
                let put = put
                    .set_condition_expression(built.condition)
                    .set_expression_attribute_names(built.names)
                    .set_expression_attribute_values(built.values);
                outcome(PUT, put.send().await)
            }
            Action::Delete => {
                let delete = self.client.delete_item().table_name(&self.name).set_key(Some(built.key));
                let delete = delete
                    .set_condition_expression(built.condition)
                    .set_expression_attribute_names(built.names)
                    .set_expression_attribute_values(built.values);
                outcome(DELETE, delete.send().await)
            }
            Action::Check => Err(unbuildable(TRANSACT, "a check outside of a transaction")),
        }
    }

    /// Makes an update with a single call, which is not repeated when its response is lost: a second call
    /// would find what the first has done, or do it twice.
    pub(super) async fn write_without_retry(&self, update: Update) -> Result<WriteOutcome, Unavailable> {
        let once = config::Builder::new().retry_config(RetryConfig::disabled());
        outcome(UPDATE, self.built(update)?.customize().config_override(once).send().await)
    }

    /// Makes an update and returns the item as it is afterwards.
    pub(super) async fn update_and_read(&self, update: Update) -> Result<Updated, Unavailable> {
        let update = self
            .built(update)?
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        updated(update).await
    }

    /// Makes an update and returns the item as it was before, empty where there was none.
    pub(super) async fn update_and_read_previous(&self, update: Update) -> Result<Updated, Unavailable> {
        updated(self.built(update)?.return_values(ReturnValue::AllOld)).await
    }

    /// Makes all writes or none. A conflict with another transaction is tried again.
    pub(crate) async fn transact(&self, writes: Vec<Write>) -> Result<Transacted, Unavailable> {
        let mut items = Vec::new();
        for write in writes {
            items.push(self.part(write)?);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let sent =
                self.client.transact_write_items().set_transact_items(Some(items.clone())).send().await;
            let Err(error) = sent else { return Ok(Transacted::Done) };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(unavailable(TRANSACT, &error));
            };
            let reasons = cancelled.cancellation_reasons();
            let first = |code: &str| reasons.iter().position(|reason| reason.code() == Some(code));
            if let Some(index) = first("ConditionalCheckFailed") {
                let stored = reasons.iter().map(|reason| reason.item().cloned()).collect();
                return Ok(Transacted::Refused(Refusal { index, stored }));
            }
            if tries == CONFLICT_TRIES || first("TransactionConflict").is_none() {
                let code = reasons.iter().filter_map(|reason| reason.code()).find(|code| *code != "None");
                return Err(Unavailable {
                    operation: TRANSACT,
                    reason: code.unwrap_or("cancelled").to_owned(),
                });
            }
        }
    }

    fn built(&self, update: Update) -> Result<UpdateItemFluentBuilder, Unavailable> {
        self.update_item(Write::from(update).build().map_err(|error| unbuildable(UPDATE, error.0))?)
    }

    fn update_item(&self, built: Built) -> Result<UpdateItemFluentBuilder, Unavailable> {
        let Action::Update(expression) = built.action else {
            return Err(unbuildable(UPDATE, "another write in place of an update"));
        };
        Ok(self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(built.key))
            .update_expression(expression)
            .set_condition_expression(built.condition)
            .set_expression_attribute_names(built.names)
            .set_expression_attribute_values(built.values))
    }

    /// A write as a part of a transaction. A refused update or put reports what is stored.
    fn part(&self, write: Write) -> Result<TransactWriteItem, Unavailable> {
        let Built { key, action, condition, names, values } =
            write.build().map_err(|error| unbuildable(TRANSACT, error.0))?;
        let all_old = ReturnValuesOnConditionCheckFailure::AllOld;
        let item = TransactWriteItem::builder();
        let item = match action {
            Action::Put(whole) => Put::builder()
                .table_name(&self.name)
                .set_item(Some(whole))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(all_old)
                .build()
                .map(|put| item.put(put)),
            Action::Update(expression) => SdkUpdate::builder()
                .table_name(&self.name)
                .set_key(Some(key))
                .update_expression(expression)
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .return_values_on_condition_check_failure(all_old)
                .build()
                .map(|update| item.update(update)),
            Action::Check => ConditionCheck::builder()
                .table_name(&self.name)
                .set_key(Some(key))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .build()
                .map(|check| item.condition_check(check)),
            Action::Delete => Delete::builder()
                .table_name(&self.name)
                .set_key(Some(key))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .build()
                .map(|delete| item.delete(delete)),
        };
        item.map(aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder::build)
            .map_err(|_| unbuildable(TRANSACT, "a part of a transaction is not complete"))
    }
}

async fn updated(update: UpdateItemFluentBuilder) -> Result<Updated, Unavailable> {
    match update.send().await {
        Ok(answer) => Ok(Updated::Done(answer.attributes.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Updated::Refused(refused.item().cloned()))
            }
            _ => Err(unavailable(UPDATE, &error)),
        },
    }
}

/// Reads the result of a write whose item does not matter.
fn outcome<T, E: aws_smithy_types::error::metadata::ProvideErrorMetadata>(
    operation: &'static str,
    sent: Result<T, SdkError<E, HttpResponse>>,
) -> Result<WriteOutcome, Unavailable> {
    match sent {
        Ok(_) => Ok(WriteOutcome::Done),
        Err(error) if is_refused(&error) => Ok(WriteOutcome::Overtaken),
        Err(error) => Err(unavailable(operation, &error)),
    }
}

fn is_refused<E: aws_smithy_types::error::metadata::ProvideErrorMetadata>(
    error: &SdkError<E, HttpResponse>,
) -> bool {
    error.as_service_error().and_then(E::code) == Some("ConditionalCheckFailedException")
}

fn unbuildable(operation: &'static str, reason: impl Into<String>) -> Unavailable {
    Unavailable { operation, reason: reason.into() }
}
