//! The progress file: the result of each message on a line of its own, on disk before more is sent. It
//! contains event ids and statuses, but no numbers and no words.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::lines::Line;

/// The results so far, by event id.
pub(super) struct Progress {
    statuses: HashMap<String, Outcome>,
    file: Option<File>,
}

/// The result of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The status that `/messages/bulk` returned.
    pub(super) status: String,
    /// The violations: pointers and details.
    pub(super) reason: String,
}

impl Progress {
    /// Reads the results so far.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        let mut statuses = HashMap::new();
        // A last line without an end was cut off when the campaign stopped, so it does not count.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let mut parts = line.splitn(3, '\t');
            if let (Some(id), Some(status)) = (parts.next(), parts.next()) {
                let reason = parts.next().unwrap_or_default().to_owned();
                statuses.insert(id.to_owned(), Outcome { status: status.to_owned(), reason });
            }
        }
        Ok(Self { statuses, file: None })
    }

    /// Reads the results so far and opens the file for more.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let known = Self::read(path)?;
        let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        // Removes a line that was cut off.
        let text = std::fs::read(path).map_err(failed)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(failed)?;
        }
        Ok(Self { file: Some(file), ..known })
    }

    /// Returns whether a message needs no further call. A rejected message is sent again by the next run,
    /// because the cause may have been removed.
    pub(super) fn is_done(&self, event_id: &str) -> bool {
        self.statuses
            .get(event_id)
            .is_some_and(|outcome| matches!(outcome.status.as_str(), "accepted" | "duplicate"))
    }

    /// Stores outcomes. They are on disk when this returns.
    pub(super) fn record(&mut self, outcomes: &[(&str, Outcome)]) -> Result<(), String> {
        let mut text = String::new();
        for (id, outcome) in outcomes {
            text.push_str(&format!("{id}\t{}\t{}\n", outcome.status, outcome.reason));
            self.statuses.insert((*id).to_owned(), outcome.clone());
        }
        if let Some(file) = &mut self.file {
            let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
            written.map_err(|error| format!("cannot write the progress: {error}"))?;
        }
        Ok(())
    }

    /// Counts the messages by status; `open` counts those without a result.
    pub(super) fn counts(&self, lines: &[Line]) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for line in lines {
            let status = self.statuses.get(&line.event_id).map_or("open", |outcome| outcome.status.as_str());
            *counts.entry(status.to_owned()).or_default() += 1;
        }
        counts
    }

    /// Describes the first 20 rejected messages, by line.
    pub(super) fn rejections(&self, lines: &[Line]) -> Vec<String> {
        let rejections = lines.iter().filter_map(|line| {
            let outcome = self.statuses.get(&line.event_id)?;
            let is_rejected = !matches!(outcome.status.as_str(), "accepted" | "duplicate");
            is_rejected.then(|| format!("line {}: {} {}", line.number, outcome.status, outcome.reason))
        });
        rejections.take(20).collect()
    }
}
