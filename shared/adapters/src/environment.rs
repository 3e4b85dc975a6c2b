//! Settings from environment variables, as Lambda provides them.

use std::env::VarError;
use std::fmt;

/// The error for a setting that is missing or unusable. It names the variable, never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentError {
    name: &'static str,
    problem: &'static str,
}

impl EnvironmentError {
    /// Creates an error from the name of a setting and a description of its problem.
    #[must_use]
    pub const fn new(name: &'static str, problem: &'static str) -> Self {
        Self { name, problem }
    }
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "environment variable {}: {}", self.name, self.problem)
    }
}

impl std::error::Error for EnvironmentError {}

/// Reads a required setting.
///
/// # Errors
/// Names the variable when it is missing, empty or not UTF-8.
pub fn required(name: &'static str) -> Result<String, EnvironmentError> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Err(EnvironmentError { name, problem: "is empty" }),
        Ok(value) => Ok(value),
        Err(VarError::NotPresent) => Err(EnvironmentError { name, problem: "is not set" }),
        Err(VarError::NotUnicode(_)) => Err(EnvironmentError { name, problem: "is not UTF-8" }),
    }
}

/// Reads an optional setting. An empty one counts as absent.
#[must_use]
pub fn optional(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads an optional number.
///
/// # Errors
/// When the variable is set and is not a number.
pub fn number(name: &'static str, default: u32) -> Result<u32, EnvironmentError> {
    optional(name).map_or(Ok(default), |value| {
        value.parse().map_err(|_| EnvironmentError { name, problem: "is not a whole number" })
    })
}
