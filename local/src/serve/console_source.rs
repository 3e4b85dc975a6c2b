//! The data behind the console, read directly from the embedded database, where a scan of the whole table is
//! acceptable. (On AWS nothing scans the table: operators read executions.)

use std::sync::Arc;

use adapters::table::Table;
use console::{ConsoleSource, Listing, Story};
use futures_util::future::{BoxFuture, try_join_all};
use messaging::ports::Conversations;
use messaging::values::clock::Clock;
use messaging::values::ids::ConversationId;
use serde_json::{Value, json};

use super::deploy::TABLE;
use crate::runtime::clock::LocalClock;

/// The number of conversations on a page of the list.
const ON_A_PAGE: usize = 200;

/// Lists and loads the conversations of this machine.
pub(crate) struct LocalConsole {
    pub(crate) database: dynoxide::Database,
    pub(crate) table: Table,
    pub(crate) clock: Arc<LocalClock>,
}

impl ConsoleSource for LocalConsole {
    fn newest(&self, page: usize) -> BoxFuture<'_, Result<Listing, String>> {
        Box::pin(async move {
            let mut ids = self.ids()?;
            ids.sort_by(|a, b| b.cmp(a));
            let now = self.clock.now();
            let start = page.saturating_mul(ON_A_PAGE);
            let loads = ids.iter().skip(start).take(ON_A_PAGE).map(|(_, id)| self.table.load(id, now));
            let loaded = try_join_all(loads).await.map_err(|trouble| trouble.to_string())?;
            Ok(Listing {
                conversations: loaded.into_iter().flatten().collect(),
                total: ids.len(),
                has_more: ids.len() > start.saturating_add(ON_A_PAGE),
            })
        })
    }

    fn conversation(&self, id: ConversationId) -> BoxFuture<'_, Result<Option<Story>, String>> {
        Box::pin(async move {
            let now = self.clock.now();
            let found = self.table.load(&id, now).await.map_err(|trouble| trouble.to_string())?;
            let Some(conversation) = found else { return Ok(None) };
            let messages = self.table.messages_of(&conversation, now).await;
            Ok(Some(Story { messages: messages.map_err(|trouble| trouble.to_string())?, conversation }))
        })
    }
}

impl LocalConsole {
    /// Returns the id of every conversation with its time of acceptance, which is empty for a tombstone.
    fn ids(&self) -> Result<Vec<(String, ConversationId)>, String> {
        let mut found = Vec::new();
        let mut start = Value::Null;
        loop {
            let mut scan = json!({
                "TableName": TABLE,
                "FilterExpression": "sk = :sk",
                "ExpressionAttributeValues": { ":sk": { "S": "V" } },
                "ProjectionExpression": "pk, accepted_at",
            });
            if !start.is_null() {
                scan["ExclusiveStartKey"] = start;
            }
            let scan = serde_json::from_value(scan).map_err(|error| error.to_string())?;
            let page = self.database.scan(scan).map_err(|error| error.to_string())?;
            let page = serde_json::to_value(page).map_err(|error| error.to_string())?;
            for item in page.get("Items").and_then(Value::as_array).into_iter().flatten() {
                let text = |name: &str| item.pointer(&format!("/{name}/S")).and_then(Value::as_str);
                let id = text("pk")
                    .and_then(|pk| pk.strip_prefix("V#"))
                    .and_then(|id| ConversationId::new(id).ok());
                found.extend(id.map(|id| (text("accepted_at").unwrap_or_default().to_owned(), id)));
            }
            start = page.get("LastEvaluatedKey").cloned().unwrap_or_default();
            if start.is_null() {
                return Ok(found);
            }
        }
    }
}
