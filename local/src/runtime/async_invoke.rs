//! Asynchronous invocations, as AWS makes them for a topic or a subscription to logs. An event that fails is
//! tried twice more and then moved to the dead letters, as Lambda does with its dead-letter queue.

use std::sync::Arc;

use messaging::values::clock::{Clock, to_rfc3339};
use serde_json::{Value, json};

use crate::runtime::clock::LocalClock;
use crate::runtime::invoke::Functions;
use crate::store::Store;

/// The number of attempts: the first and Lambda's two retries.
const TRIES: usize = 3;

/// Invokes functions for the simulated AWS services.
pub struct AsyncInvoker {
    functions: Functions,
    store: Store,
    clock: Arc<LocalClock>,
}

impl AsyncInvoker {
    /// Returns an invoker of these functions, which stores the events that no attempt could handle.
    ///
    /// # Errors
    /// Fails when the store cannot be written.
    pub fn open(functions: Functions, store: Store, clock: Arc<LocalClock>) -> rusqlite::Result<Self> {
        store.lock().execute_batch(
            "CREATE TABLE IF NOT EXISTS dead_letters (
                 seq INTEGER PRIMARY KEY AUTOINCREMENT,
                 function TEXT NOT NULL, error TEXT NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL
             ) STRICT",
        )?;
        Ok(Self { functions, store, clock })
    }

    /// Invokes a function with an event, and returns whether an attempt succeeded.
    pub(crate) async fn invoke(&self, function: &str, event: Value) -> bool {
        let mut last = String::new();
        for _ in 0..TRIES {
            match self.functions.invoke(function, event.clone()).await {
                Ok(_) => return true,
                Err(failed) => last = failed.error_type,
            }
        }
        tracing::warn!(
            function,
            error_type = last,
            "Moved an event to the dead letters after its last attempt failed"
        );
        let sql = "INSERT INTO dead_letters (function, error, event, at) VALUES (?1, ?2, ?3, ?4)";
        let row = (function, &last, event.to_string(), to_rfc3339(self.clock.now()));
        if let Err(error) = self.store.lock().execute(sql, row) {
            tracing::error!(%error, "Could not store a dead letter");
        }
        false
    }

    /// Returns the dead letters, oldest first: function, error and time of each. The events contain personal
    /// data and stay in the store.
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
