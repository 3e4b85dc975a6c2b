//! What became of each line, written down as it becomes known: one line per message, on disk before
//! more is sent. Event ids and statuses, no numbers and no words.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::lines::Line;

/// What is known.
pub(super) struct Progress {
    statuses: HashMap<String, Outcome>,
    file: Option<File>,
}

/// What became of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// As the bulk's result says.
    pub(super) status: String,
    /// What is wrong with it: places and codes.
    pub(super) reason: String,
}

impl Progress {
    /// What is known so far, to be read only.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        let mut statuses = HashMap::new();
        // A last line without an end was being written when the campaign stopped: it is not known.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let mut parts = line.splitn(3, '\t');
            if let (Some(id), Some(status)) = (parts.next(), parts.next()) {
                let reason = parts.next().unwrap_or_default().to_owned();
                statuses.insert(id.to_owned(), Outcome { status: status.to_owned(), reason });
            }
        }
        Ok(Self { statuses, file: None })
    }

    /// What is known so far, to be gone on with.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let known = Self::read(path)?;
        let failed = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        // Takes a line away that was cut off.
        let text = std::fs::read(path).map_err(failed)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(failed)?;
        }
        Ok(Self { file: Some(file), ..known })
    }

    /// Whether nothing is left to be done about a message. One that was refused is tried again in the
    /// next run: what stood in its way may have been mended.
    pub(super) fn is_done(&self, event_id: &str) -> bool {
        self.statuses
            .get(event_id)
            .is_some_and(|outcome| matches!(outcome.status.as_str(), "accepted" | "duplicate"))
    }

    /// Writes outcomes down, on disk when this returns.
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

    /// How many messages have come to what; `open` for those that nothing is known of.
    pub(super) fn counts(&self, lines: &[Line]) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for line in lines {
            let status = self.statuses.get(&line.event_id).map_or("open", |outcome| outcome.status.as_str());
            *counts.entry(status.to_owned()).or_default() += 1;
        }
        counts
    }

    /// The first messages that were refused, by their lines.
    pub(super) fn rejections(&self, lines: &[Line]) -> Vec<String> {
        let refused = lines.iter().filter_map(|line| {
            let outcome = self.statuses.get(&line.event_id)?;
            let is_refused = !matches!(outcome.status.as_str(), "accepted" | "duplicate");
            is_refused.then(|| format!("line {}: {} {}", line.number, outcome.status, outcome.reason))
        });
        refused.take(20).collect()
    }
}
