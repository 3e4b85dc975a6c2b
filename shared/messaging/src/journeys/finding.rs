//! A finding about `journeys.toml`: its severity, its place in the file and its text.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is not used.
    Error,
    /// The file is used; somebody should look.
    Warning,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Where: `journeys.booking.steps.follow_up`.
    #[serde(rename = "place")]
    pub location: String,
    /// What.
    pub detail: String,
}

impl Finding {
    /// Something that keeps the file from being used.
    #[must_use]
    pub fn error(location: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Error, location: location.into(), detail: detail.into() }
    }

    pub(super) fn warning(location: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, location: location.into(), detail: detail.into() }
    }
}
