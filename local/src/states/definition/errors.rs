//! The error handling of a `Task`: `Retry` and `Catch`.

use serde_json::Value;

use super::fields::{Fields, join};
use crate::states::path::Path;
use crate::states::time::MAX_SECONDS;

/// AWS's limit for `MaxDelaySeconds`, exclusive: a leap year.
const MAX_DELAY: u64 = 31_622_400;

/// The error names that AWS reserves and that a `Retry` or `Catch` may name.
const RESERVED: [&str; 11] = [
    "States.ALL",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.HeartbeatTimeout",
    "States.IntrinsicFailure",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.ResultPathMatchFailure",
    "States.TaskFailed",
    "States.Timeout",
];

/// A retrier: the number and the delays of retries after certain errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrier {
    /// The names of the errors that it handles.
    pub errors: Vec<String>,
    /// The seconds before the first retry.
    pub interval_seconds: u64,
    /// The most retries that it makes.
    pub max_attempts: u64,
    /// The factor by which each delay grows.
    pub backoff_rate: f64,
    /// The longest delay, in seconds.
    pub max_delay_seconds: Option<u64>,
    /// Whether a delay is a random part of the computed one (`FULL`).
    pub full_jitter: bool,
}

impl Retrier {
    /// Returns the delay before the retry that follows `earlier` retries, without jitter, in milliseconds.
    #[must_use]
    pub fn delay_millis(&self, earlier: u64) -> u64 {
        let most = self.max_delay_seconds.unwrap_or(MAX_DELAY).min(MAX_DELAY);
        let exponent = i32::try_from(earlier).unwrap_or(i32::MAX);
        #[expect(clippy::cast_precision_loss, reason = "both are below 10^8")]
        let seconds = (self.interval_seconds as f64 * self.backoff_rate.powi(exponent)).min(most as f64);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and MAX_DELAY"
        )]
        let millis = (seconds * 1000.0) as u64;
        millis
    }
}

/// A catcher: the state that follows certain errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catcher {
    /// The names of the errors that it handles.
    pub errors: Vec<String>,
    /// The path in the raw input at which the error is stored; `None` drops it.
    pub result_path: Option<Path>,
    /// The state to go to.
    pub next: String,
}

/// Returns whether a list of error names covers `error`.
///
/// `States.ALL` and `States.TaskFailed` do not cover the errors that no wildcard may catch on AWS.
#[must_use]
pub fn covers(errors: &[String], error: &str) -> bool {
    errors.iter().any(|name| match name.as_str() {
        exact if exact == error => error != "States.Runtime",
        "States.ALL" => !matches!(error, "States.Runtime" | "States.DataLimitExceeded"),
        "States.TaskFailed" => {
            !matches!(error, "States.Timeout" | "States.Runtime" | "States.DataLimitExceeded")
        }
        _ => false,
    })
}

pub(super) fn retriers(fields: &mut Fields<'_>) -> Vec<Retrier> {
    let all = fields.objects("Retry");
    let last = all.len().saturating_sub(1);
    all.into_iter()
        .enumerate()
        .map(|(index, mut fields)| {
            fields.text("Comment");
            let retrier = Retrier {
                errors: error_names(&mut fields, index == last),
                interval_seconds: fields.whole("IntervalSeconds", 1, MAX_SECONDS).unwrap_or(1),
                max_attempts: fields.whole("MaxAttempts", 0, MAX_SECONDS).unwrap_or(3),
                backoff_rate: backoff_rate(&mut fields),
                max_delay_seconds: fields.whole("MaxDelaySeconds", 1, MAX_DELAY - 1),
                full_jitter: full_jitter(&mut fields),
            };
            fields.finish();
            retrier
        })
        .collect()
}

pub(super) fn catchers(fields: &mut Fields<'_>) -> Vec<Catcher> {
    let all = fields.objects("Catch");
    let last = all.len().saturating_sub(1);
    all.into_iter()
        .enumerate()
        .filter_map(|(index, mut fields)| {
            fields.text("Comment");
            let errors = error_names(&mut fields, index == last);
            let result_path = match fields.take("ResultPath") {
                None => Some(Path::root()),
                Some(value) => result_path(&fields, &value),
            };
            let next = fields.required_text("Next");
            fields.finish();
            Some(Catcher { errors, result_path, next: next? })
        })
        .collect()
}

/// Reads a `ResultPath` that is present; `null` drops the result.
pub(super) fn result_path(fields: &Fields<'_>, value: &Value) -> Option<Path> {
    match value {
        Value::Null => None,
        Value::String(text) => Path::parse(text).map_err(|what| fields.problem("ResultPath", what)).ok(),
        _ => {
            fields.problem("ResultPath", "must be a path or null");
            None
        }
    }
}

fn error_names(fields: &mut Fields<'_>, last: bool) -> Vec<String> {
    const FIELD: &str = "ErrorEquals";
    let Some(value) = fields.take(FIELD) else {
        fields.missing(FIELD);
        return Vec::new();
    };
    let Value::Array(items) = value else {
        fields.problem(FIELD, "must be an array");
        return Vec::new();
    };
    if items.is_empty() {
        fields.problem(FIELD, "needs at least one error name");
    }
    let mut names = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let pointer = join(&fields.at(FIELD), &index.to_string());
        match item {
            Value::String(name) if name.starts_with("States.") && !RESERVED.contains(&name.as_str()) => {
                fields
                    .report
                    .add(&pointer, format!("`{name}` is not an error name that can be retried or caught"));
            }
            Value::String(name) => names.push(name),
            _ => fields.report.add(&pointer, "must be a string"),
        }
    }
    if names.iter().any(|name| name == "States.ALL") && (names.len() > 1 || !last) {
        fields.problem(FIELD, "States.ALL must be the only error name of the last entry");
    }
    names
}

fn backoff_rate(fields: &mut Fields<'_>) -> f64 {
    let Some(value) = fields.take("BackoffRate") else {
        return 2.0;
    };
    let rate = value.as_f64().filter(|rate| *rate >= 1.0);
    if rate.is_none() {
        fields.problem("BackoffRate", "must be a number of at least 1.0");
    }
    rate.unwrap_or(2.0)
}

fn full_jitter(fields: &mut Fields<'_>) -> bool {
    let strategy = fields.text("JitterStrategy");
    if strategy.as_deref().is_some_and(|strategy| !matches!(strategy, "FULL" | "NONE")) {
        fields.problem("JitterStrategy", "must be FULL or NONE");
    }
    strategy.as_deref() == Some("FULL")
}
