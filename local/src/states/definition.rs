//! The definition of a state machine in the part of Amazon States Language that the local engine implements.

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
    /// Returns every problem, constructs that the local engine does not implement included, with its pointer.
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
    /// Fails as [`Definition::load`] does.
    pub fn parse(text: String) -> Result<Self, Problems> {
        if text.len() > MAX_DEFINITION {
            return Err(Problems(vec![Problem::new("", format!("larger than {MAX_DEFINITION} bytes"))]));
        }
        let document = serde_json::from_str(&text)
            .map_err(|error| Problems(vec![Problem::new("", format!("not JSON: {error}"))]))?;
        let (start_at, states) = read::machine(document)?;
        Ok(Self { start_at, states, text })
    }

    /// Returns the text of the definition after substitution.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the SHA-256 of the text in hex, by which an execution refers to its definition.
    #[must_use]
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.text.as_bytes()))
    }

    /// Returns the names of all states.
    pub fn state_names(&self) -> impl Iterator<Item = &str> {
        self.states.keys().map(String::as_str)
    }
}

/// A state of the machine.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The part of the raw input that the state sees.
    pub input_path: Path,
    /// The part of the result that becomes the output.
    pub output_path: Path,
    /// The work of the state, by its type.
    pub work: Work,
}

/// The work of a state, by its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Waits until an instant.
    Wait {
        /// The time at which the wait ends.
        until: Until,
        /// The transition that follows.
        next: Next,
    },
    /// Calls a function.
    Task(Box<Task>),
    /// Goes to the state of the first matching rule.
    Choice {
        /// The rules and their target states, in order; the first match decides.
        rules: Vec<(Rule, String)>,
        /// The state to go to when no rule matches.
        default: Option<String>,
    },
    /// Ends the execution successfully.
    Succeed,
    /// Ends the execution with an error.
    Fail {
        /// The name of the error.
        error: Option<Text>,
        /// The explanation for a person.
        cause: Option<Text>,
    },
}

/// A call of a function, with its error handling.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The ARN of the function.
    pub resource: String,
    /// The seconds after which the call fails with `States.Timeout`.
    pub timeout_seconds: Option<u64>,
    /// The entries in order; the first that names the error decides.
    pub retry: Vec<Retrier>,
    /// The entries in order; the first that names the error decides.
    pub catch: Vec<Catcher>,
    /// The path in the raw input at which the result is stored; `None` drops it.
    pub result_path: Option<Path>,
    /// The transition that follows.
    pub next: Next,
}

/// The end of a `Wait`.
#[derive(Debug, Clone, PartialEq)]
pub enum Until {
    /// A number of seconds after the wait began.
    Seconds(u64),
    /// A fixed instant in the definition.
    Timestamp(DateTime<Utc>),
    /// A number of seconds, read from the input at this path.
    SecondsPath(Path),
    /// An instant, read from the input at this path.
    TimestampPath(Path),
}

/// The transition after a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Continues with the named state.
    State(String),
    /// Ends the execution successfully.
    End,
}

/// The error or cause of a `Fail` state.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    /// A literal text in the definition.
    Literal(String),
    /// A string that is read from the input at this path.
    Path(Path),
    /// A text that is formatted with values from the input.
    Format(Format),
}
