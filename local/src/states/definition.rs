//! A state machine's definition: Amazon States Language, as far as the local engine speaks it.

mod check;
mod choice;
mod errors;
mod fields;
mod read;
mod substitute;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

pub use choice::{Rule, Test};
pub use errors::{Catcher, Retrier, covers};
pub use fields::{Problem, Problems};

use super::format::Format;
use super::path::Path;

/// AWS's limit for a definition, in bytes.
const MAX_DEFINITION: usize = 1_048_576;

/// A state machine that the local engine can run from beginning to end.
#[derive(Debug, Clone)]
pub struct Definition {
    pub(super) start_at: String,
    pub(super) states: BTreeMap<String, State>,
    text: String,
}

impl Definition {
    /// Loads a definition after replacing each `${Name}` by its value.
    ///
    /// # Errors
    /// Everything that is wrong with it or that the local engine does not implement, with places.
    pub fn load(text: &str, values: &HashMap<String, String>) -> Result<Self, Problems> {
        let (text, mut problems) = substitute::substitute(text, values);
        match Self::parse(text) {
            Ok(definition) if problems.is_empty() => return Ok(definition),
            Ok(_) => {}
            Err(more) => problems.extend(more.0),
        }
        Err(Problems(problems))
    }

    /// Loads a definition in which nothing is left to replace.
    ///
    /// # Errors
    /// As [`Definition::load`].
    pub fn parse(text: String) -> Result<Self, Problems> {
        if text.len() > MAX_DEFINITION {
            return Err(Problems(vec![Problem::new("", format!("larger than {MAX_DEFINITION} bytes"))]));
        }
        let document = serde_json::from_str(&text)
            .map_err(|error| Problems(vec![Problem::new("", format!("not JSON: {error}"))]))?;
        let (start_at, states) = read::machine(document)?;
        Ok(Self { start_at, states, text })
    }

    /// The text that was loaded, after substitution.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What a running execution remembers its definition by: the SHA-256 of the text, in hex.
    #[must_use]
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.text.as_bytes()))
    }

    /// The names of all states.
    pub fn state_names(&self) -> impl Iterator<Item = &str> {
        self.states.keys().map(String::as_str)
    }
}

/// A state of the machine.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// What part of its raw input the state sees.
    pub input_path: Path,
    /// What part of its result goes on.
    pub output_path: Path,
    /// What the state does.
    pub work: Work,
}

/// What a state does.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Waits until an instant.
    Wait {
        /// How long.
        until: Until,
        /// Where to go then.
        next: Next,
    },
    /// Calls a function.
    Task(Box<Task>),
    /// Goes where the first matching rule says.
    Choice {
        /// In order; the first that matches wins.
        rules: Vec<(Rule, String)>,
        /// Where to go when none matches.
        default: Option<String>,
    },
    /// Ends the execution well.
    Succeed,
    /// Ends the execution badly.
    Fail {
        /// The error's name.
        error: Option<Text>,
        /// What a person should know.
        cause: Option<Text>,
    },
}

/// A call of a function with its handling of errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The function's ARN.
    pub resource: String,
    /// After how many seconds the call counts as `States.Timeout`.
    pub timeout_seconds: Option<u64>,
    /// In order; the first that names the error decides.
    pub retry: Vec<Retrier>,
    /// In order; the first that names the error decides.
    pub catch: Vec<Catcher>,
    /// Where the result goes in the raw input; `None` drops it.
    pub result_path: Option<Path>,
    /// Where to go then.
    pub next: Next,
}

/// How long a `Wait` waits.
#[derive(Debug, Clone, PartialEq)]
pub enum Until {
    /// So many seconds.
    Seconds(u64),
    /// Until this instant.
    Timestamp(DateTime<Utc>),
    /// As many seconds as the input says here.
    SecondsPath(Path),
    /// Until the instant that the input says here.
    TimestampPath(Path),
}

/// Where a state leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// To another state.
    State(String),
    /// To the execution's success.
    End,
}

/// A text of a `Fail` state.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    /// Written in the definition.
    Literal(String),
    /// A string in the input.
    Path(Path),
    /// Composed from the input.
    Format(Format),
}
