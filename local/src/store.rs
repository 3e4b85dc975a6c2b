//! The SQLite file for everything that AWS and the providers would hold: executions, outbox, clock.

pub mod data_dir;
pub mod keys;
pub(crate) mod vacuum;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

/// A shared connection to the local store. Cheap to clone.
///
/// The store uses WAL with `synchronous=NORMAL`: a committed write survives the death of the process (`kill
/// -9`), as the local machine promises; a power failure may lose the last moments.
#[derive(Clone)]
pub struct Store(Arc<Mutex<Connection>>);

impl Store {
    /// Opens or creates the store at `path`.
    ///
    /// # Errors
    /// Fails when SQLite cannot open the file or set its pragmas.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        Self::prepare(Connection::open(path)?)
    }

    /// Opens a store in memory, which is lost when the process ends.
    ///
    /// # Errors
    /// Fails when SQLite cannot allocate it.
    pub fn in_memory() -> rusqlite::Result<Self> {
        Self::prepare(Connection::open_in_memory()?)
    }

    /// Locks the connection for exclusive use. Hold the lock briefly and never across an `await`.
    pub fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prepare(connection: Connection) -> rusqlite::Result<Self> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // Deleted and overwritten data is not left in the file.
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self(Arc::new(Mutex::new(connection))))
    }
}
