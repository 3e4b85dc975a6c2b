//! What is left in the files of a machine when data is gone from its tables: free pages and the
//! write-ahead logs.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::Connection;

use crate::store::Store;

/// How long the embedded DynamoDB may be busy with something else.
const PATIENCE: Duration = Duration::from_secs(10);

/// The files that may hold what has been erased.
pub(crate) struct Vacuum {
    /// Executions, outbox, clock.
    pub(crate) store: Store,
    /// The embedded DynamoDB's file, if it has one.
    pub(crate) database: Option<PathBuf>,
}

impl Vacuum {
    /// Rewrites both files with what they hold now and nothing else.
    ///
    /// # Errors
    /// When a file cannot be rewritten.
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
