//! Removes erased data from the files of a machine, where it is left in free pages and write-ahead logs.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

use crate::store::Store;

/// The time to wait while the embedded DynamoDB holds its file.
const PATIENCE: Duration = Duration::from_secs(10);

/// The files that may still contain erased data.
pub(crate) struct Vacuum {
    /// The store of executions, outbox and clock.
    pub(crate) store: Store,
    /// The embedded DynamoDB's file; `None` in memory.
    pub(crate) database: Option<PathBuf>,
}

impl Vacuum {
    /// Rewrites both files so that they contain current data only.
    ///
    /// # Errors
    /// Fails when a file cannot be rewritten.
    pub(crate) fn rewrite_files(&self) -> rusqlite::Result<()> {
        rewrite(&self.store.lock())?;
        if let Some(file) = &self.database {
            let connection = Connection::open(file)?;
            connection.busy_timeout(PATIENCE)?;
            rewrite(&connection)?;
        }
        Ok(())
    }
}

fn rewrite(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("VACUUM")?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
