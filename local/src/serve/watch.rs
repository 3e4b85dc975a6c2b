//! Activates `journeys.toml` each time it is saved.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use adapters::journeys::{JourneyStore, PushError};

use crate::runtime::clock::LocalClock;

/// The interval at which the file's time of modification is checked.
const INTERVAL: Duration = Duration::from_secs(1);

/// Watches one file. Errors in the file are logged, and the active journeys stay in force.
pub(crate) struct JourneysWatch {
    file: PathBuf,
    store: JourneyStore<Arc<LocalClock>>,
    seen: Option<SystemTime>,
}

impl JourneysWatch {
    pub(crate) fn new(file: PathBuf, store: JourneyStore<Arc<LocalClock>>) -> Self {
        let seen = saved_at(&file);
        Self { file, store, seen }
    }

    pub(crate) async fn run(mut self) -> Infallible {
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            let saved = saved_at(&self.file);
            if saved.is_none() || saved == self.seen {
                continue;
            }
            self.seen = saved;
            let Ok(toml) = std::fs::read_to_string(&self.file) else { continue };
            match self.store.push_journeys(&toml).await {
                Ok(version) => tracing::info!(version, "Activated the saved journeys.toml"),
                Err(PushError::Refused(findings)) => {
                    for finding in findings {
                        tracing::error!(
                            place = finding.location,
                            detail = finding.detail,
                            "The saved journeys.toml has an error and was not activated"
                        );
                    }
                }
                Err(PushError::Unavailable(trouble)) => {
                    tracing::error!(error = %trouble, "Could not store the saved journeys.toml")
                }
            }
        }
    }
}

fn saved_at(file: &PathBuf) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}
