//! Lookups of a state: its definition, and the values that its paths find in the data.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::Position;
use super::run::{Failure, Run};
use crate::states::definition::{State, Text, Until};
use crate::states::path::Path;
use crate::states::time::{MAX_SECONDS, timestamp};

impl<'a> Run<'a> {
    /// Returns the instant at which a `Wait` ends.
    pub(super) fn instant(&mut self, until: &Until, input_path: &Path) -> Result<DateTime<Utc>, Failure> {
        let after = |now: DateTime<Utc>, seconds: u64| {
            let delta = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
            delta.and_then(|delta| now.checked_add_signed(delta)).unwrap_or(DateTime::<Utc>::MAX_UTC)
        };
        let read = match until {
            Until::Seconds(seconds) => return Ok(after(self.now, *seconds)),
            Until::Timestamp(instant) => return Ok(*instant),
            Until::SecondsPath(path) | Until::TimestampPath(path) => {
                self.seen(input_path).and_then(|seen| self.at(path, &seen))?
            }
        };
        let instant = match until {
            Until::TimestampPath(_) => read.as_str().and_then(timestamp),
            _ => read
                .as_u64()
                .filter(|seconds| *seconds <= MAX_SECONDS)
                .map(|seconds| after(self.now, seconds)),
        };
        instant.ok_or_else(|| {
            self.runtime(&format!(
                "The wait's path references neither a valid timestamp nor valid seconds: {read}"
            ))
        })
    }

    /// Returns the error or cause of a `Fail` state.
    pub(super) fn text(&mut self, text: Option<&Text>) -> Result<Option<String>, Failure> {
        let input = self.position().input.clone();
        match text {
            None => Ok(None),
            Some(Text::Literal(text)) => Ok(Some(text.clone())),
            Some(Text::Path(path)) => match self.at(path, &input)? {
                Value::String(text) => Ok(Some(text)),
                _ => Err(self.runtime(&format!("'{path}' must reference a string"))),
            },
            Some(Text::Format(format)) => format.fill(&input).map(Some).map_err(|path| self.missing(&path)),
        }
    }

    pub(super) fn position(&mut self) -> &mut Position {
        &mut self.execution.position
    }

    pub(super) fn state(&mut self) -> Result<&'a State, Failure> {
        let state = self.definition.states.get(&self.execution.position.state);
        state.ok_or_else(|| self.runtime("The state does not exist in the definition."))
    }

    /// Returns the part of the raw input that the state sees.
    pub(super) fn seen(&mut self, input_path: &Path) -> Result<Value, Failure> {
        let seen = input_path.get(&self.execution.position.input).cloned();
        seen.ok_or_else(|| self.missing(input_path))
    }

    /// Returns the value of a path in a document.
    pub(super) fn at(&mut self, path: &Path, document: &Value) -> Result<Value, Failure> {
        path.get(document).cloned().ok_or_else(|| self.missing(path))
    }

    fn missing(&mut self, path: &Path) -> Failure {
        self.runtime(&format!("The JSONPath '{path}' could not be found in the input."))
    }

    /// Creates the error `States.Runtime`, which nothing catches.
    pub(super) fn runtime(&mut self, what: &str) -> Failure {
        let Position { state, entered, .. } = self.position();
        let cause = format!(
            "An error occurred while executing the state '{state}' (entered at the event id #{entered}). {what}"
        );
        Failure::new("States.Runtime", cause)
    }
}
