//! One conditional update of one item, without a transaction: callers side by side never conflict, they
//! only lose.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use messaging::ports::{Unavailable, Written};

use super::Table;
use super::expression::{Placeholders, text};
use super::item::Item;
use crate::connection::never_twice;
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
pub(super) enum Changed {
    /// It is made; the item as it is now.
    Made(Item),
    /// The condition did not hold; the item as it is stored, if there is one.
    Refused(Option<Item>),
}

impl Table {
    /// Makes a change; `Overtaken` when its condition does not hold.
    pub(super) async fn change_item(&self, change: Change, repeats: Repeats) -> Result<Written, Unavailable> {
        match sent(self.update(change), repeats).await {
            Ok(_) => Ok(Written::Done),
            Err(error) if is_refused(&error) => Ok(Written::Overtaken),
            Err(error) => Err(unavailable(UPDATE, &error)),
        }
    }

    /// Makes a change and says what the item is by then.
    pub(super) async fn change_item_and_read(&self, change: Change) -> Result<Changed, Unavailable> {
        let key = change.key.clone();
        let update = self
            .update(change)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match sent(update, Repeats::Allowed).await {
            Ok(answer) => Ok(Changed::Made(answer.attributes.unwrap_or_default())),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    Ok(Changed::Refused(match refused.item() {
                        Some(stored) => Some(stored.clone()),
                        None => self.get(key).await?,
                    }))
                }
                _ => Err(unavailable(UPDATE, &error)),
            },
        }
    }

    fn update(&self, change: Change) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .key("pk", text(change.key.0))
            .key("sk", text(change.key.1))
            .update_expression(change.update)
            .condition_expression(change.condition)
            .set_expression_attribute_names(change.placeholders.names())
            .set_expression_attribute_values(change.placeholders.values())
    }
}

async fn sent(
    update: UpdateItemFluentBuilder,
    repeats: Repeats,
) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
    match repeats {
        Repeats::Allowed => update.send().await,
        Repeats::Forbidden => update.customize().config_override(never_twice()).send().await,
    }
}

fn is_refused<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}
