//! The directory that holds everything of one machine.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A data directory that is ours while this value lives.
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Two processes on the same files would send everything twice.
    #[error("another afterword is already using {0}")]
    InUse(PathBuf),
    /// It cannot be created or written.
    #[error("cannot use {0}: {1}")]
    Io(PathBuf, io::Error),
}

impl DataDir {
    /// Creates the directory if need be, readable to nobody else, and locks it. What is personal in it is
    /// nobody else's to read wherever it lies.
    ///
    /// # Errors
    /// When another process has it, or it cannot be written.
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

    /// The embedded DynamoDB's file.
    #[must_use]
    pub fn dynamodb(&self) -> PathBuf {
        self.path.join("dynamodb.sqlite")
    }

    /// The file of everything else: executions, outbox, clock.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.path.join("local.sqlite")
    }

    /// The generated keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.path.join("keys.json")
    }
}

/// A database file that only its owner reads. SQLite gives the files beside it the same mode.
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
