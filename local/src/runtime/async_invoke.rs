//! Functions invoked by AWS itself (a topic, a subscription to logs): an event that fails is tried twice
//! more and then put aside, as Lambda does with its dead-letter queue. It never goes round in a loop.

use std::sync::Arc;

use messaging::values::clock::{Clock, to_rfc3339};
use serde_json::{Value, json};

use crate::runtime::clock::LocalClock;
use crate::runtime::invoke::Functions;
use crate::store::Store;

/// Lambda's two retries, and the first try.
const TRIES: usize = 3;

/// The way from AWS's services to the functions.
pub struct AsyncInvoker {
    functions: Functions,
    store: Store,
    clock: Arc<LocalClock>,
}

impl AsyncInvoker {
    /// Invokes these functions; what cannot be handled is kept in the store.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn open(functions: Functions, store: Store, clock: Arc<LocalClock>) -> rusqlite::Result<Self> {
        store.lock().execute_batch(
            "CREATE TABLE IF NOT EXISTS dead_letters (
                 seq INTEGER PRIMARY KEY AUTOINCREMENT,
                 function TEXT NOT NULL, error TEXT NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL
             ) STRICT",
        )?;
        Ok(Self { functions, store, clock })
    }

    /// Hands an event to a function, and says whether it was handled in the end.
    pub(crate) async fn invoke(&self, function: &str, event: Value) -> bool {
        let mut last = String::new();
        for _ in 0..TRIES {
            match self.functions.invoke(function, event.clone()).await {
                Ok(_) => return true,
                Err(failed) => last = failed.error_type,
            }
        }
        tracing::warn!(function, error_type = last, "an event was put aside");
        let sql = "INSERT INTO dead_letters (function, error, event, at) VALUES (?1, ?2, ?3, ?4)";
        let row = (function, &last, event.to_string(), to_rfc3339(self.clock.now()));
        if let Err(error) = self.store.lock().execute(sql, row) {
            tracing::error!(%error, "a dead letter could not be kept");
        }
        false
    }

    /// What was put aside, oldest first: which function, which error, when. The events themselves are
    /// personal data and stay in the store.
    pub(crate) fn dead_letters(&self) -> rusqlite::Result<Value> {
        let connection = self.store.lock();
        let mut statement =
            connection.prepare_cached("SELECT function, error, at FROM dead_letters ORDER BY seq")?;
        let rows = statement.query_map((), |row| {
            Ok(json!({
                "function": row.get::<_, String>(0)?,
                "error": row.get::<_, String>(1)?,
                "at": row.get::<_, String>(2)?,
            }))
        })?;
        let rows: rusqlite::Result<Vec<Value>> = rows.collect();
        Ok(json!({ "dead_letters": rows? }))
    }
}
