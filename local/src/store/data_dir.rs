//! The directory for all data of one machine.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A data directory, locked for this process until the value is dropped.
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// An error that keeps a directory from being used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process uses the directory. Two processes on the same files would send every text twice.
    #[error("another afterword is already using {0}")]
    InUse(PathBuf),
    /// The directory cannot be created, read or written.
    #[error("cannot use {0}: {1}")]
    Io(PathBuf, io::Error),
}

impl DataDir {
    /// Creates the directory unless it exists, and locks it. Only the owner can read it, because it holds
    /// personal data.
    ///
    /// # Errors
    /// Fails when another process uses the directory, or when it cannot be written.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |error| DataDirError::Io(path.to_owned(), error);
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(failed)?;
        let lock = File::options().create(true).append(true).open(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let ours = Self { path: path.to_owned(), _lock: lock };
        own(&ours.dynamodb()).and_then(|()| own(&ours.store())).map_err(failed)?;
        Ok(ours)
    }

    /// Returns the path of the embedded DynamoDB's file.
    #[must_use]
    pub fn dynamodb(&self) -> PathBuf {
        self.path.join("dynamodb.sqlite")
    }

    /// Returns the path of the file with everything else: executions, outbox, clock.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.path.join("local.sqlite")
    }

    /// Returns the path of the file with the generated keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.path.join("keys.json")
    }
}

/// Creates a database file that only its owner can read. SQLite gives the files beside it the same mode.
fn own(path: &Path) -> io::Result<()> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(0o600);
        options.open(path)?.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    options.open(path)?;
    Ok(())
}
