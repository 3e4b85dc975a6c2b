//! One conditional update of one item, without a transaction: callers side by side never conflict, they
//! only lose.

use aws_sdk_dynamodb::config;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use aws_smithy_types::retry::RetryConfig;
use messaging::ports::{Unavailable, WriteOutcome};

use super::Table;
use super::expression::{Placeholders, text};
use super::item::Item;
use crate::failure::unavailable;

const UPDATE: &str = "dynamodb:UpdateItem";

/// An update and what must hold for it.
pub(super) struct Change {
    pub(super) key: (String, String),
    pub(super) update: String,
    pub(super) condition: String,
    pub(super) placeholders: Placeholders,
}

/// Whether the client may repeat a call whose answer was lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    /// Made twice it does no harm.
    Allowed,
    /// Made twice it would find what its own first call has done, or undo more than was done.
    Forbidden,
}

/// What became of an update whose item matters.
pub(super) enum ChangeOutcome {
    /// It is made; the item as it is now.
    Made(Item),
    /// The condition did not hold; the item as it is stored, as far as the refusal shows it.
    Refused(Option<Item>),
}

impl Table {
    /// Makes a change; `Overtaken` when its condition does not hold.
    pub(super) async fn change_item(
        &self,
        change: Change,
        repeats: Repeats,
    ) -> Result<WriteOutcome, Unavailable> {
        match sent(self.update(change), repeats).await {
            Ok(_) => Ok(WriteOutcome::Done),
            Err(error) if is_refused(&error) => Ok(WriteOutcome::Overtaken),
            Err(error) => Err(unavailable(UPDATE, &error)),
        }
    }

    /// Makes a change and says what the item is by then.
    pub(super) async fn change_item_and_read(&self, change: Change) -> Result<ChangeOutcome, Unavailable> {
        let update = self
            .update(change)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match sent(update, Repeats::Allowed).await {
            Ok(answer) => Ok(ChangeOutcome::Made(answer.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    Ok(ChangeOutcome::Refused(refused.item().cloned()))
                }
                _ => Err(unavailable(UPDATE, &error)),
            },
        }
    }

    fn update(&self, change: Change) -> UpdateItemFluentBuilder {
        let Change { key, update, condition, placeholders } = change;
        update_item(&self.client, &self.name, key, update, Some(condition), &placeholders)
    }
}

pub(super) fn update_item(
    client: &aws_sdk_dynamodb::Client,
    table: &str,
    (pk, sk): (String, String),
    update: String,
    condition: Option<String>,
    p: &Placeholders,
) -> UpdateItemFluentBuilder {
    client
        .update_item()
        .table_name(table)
        .key("pk", text(pk))
        .key("sk", text(sk))
        .update_expression(update)
        .set_condition_expression(condition)
        .set_expression_attribute_names(p.names())
        .set_expression_attribute_values(p.values())
}

async fn sent(
    update: UpdateItemFluentBuilder,
    repeats: Repeats,
) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
    match repeats {
        Repeats::Allowed => update.send().await,
        Repeats::Forbidden => {
            let once = config::Builder::new().retry_config(RetryConfig::disabled());
            update.customize().config_override(once).send().await
        }
    }
}

fn is_refused<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}
