//! The metrics that alarms watch. Each is a count.

use messaging::values::provider::Provider;

use crate::decision::TextReport;

/// One occurrence to add to a metric. A dimension has few values and never contains personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric<'a> {
    /// An execution ended, with the name of its final state.
    Verdict(&'static str),
    /// A visit postponed its step.
    Deferral,
    /// A visit failed and Step Functions repeats it.
    FailedVisit,
    /// An event of a source was answered.
    Event(&'a str),
    /// An event was moved to quarantine.
    Quarantined,
    /// A call carried no valid key or signature.
    AuthenticationFailure,
    /// A service that a function needs did not answer.
    DependencyFailure,
    /// A provider reported on a text.
    Receipt(TextReport),
    /// A provider accepted a text.
    TextTaken(Provider),
    /// A provider reported the end of a text.
    TextReported(Provider),
    /// A limit stopped a one-time code.
    CodeLimited,
    /// A spending limit is nearly reached.
    MoneyLimitNearlySpent,
}

/// The name of every metric and its dimension besides the installation, if it has one.
pub const METRICS: [(&str, Option<&str>); 12] = [
    ("Verdicts", Some("Verdict")),
    ("Deferrals", None),
    ("FailedVisits", None),
    ("Events", Some("Source")),
    ("Quarantined", None),
    ("AuthenticationFailures", None),
    ("DependencyFailures", None),
    ("Receipts", Some("Outcome")),
    ("TextsTaken", Some("Provider")),
    ("TextsReported", Some("Provider")),
    ("CodesLimited", None),
    ("MoneyLimitsNearlySpent", None),
];

impl<'a> Metric<'a> {
    /// Returns the metric's name in CloudWatch.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Verdict(_) => "Verdicts",
            Self::Deferral => "Deferrals",
            Self::FailedVisit => "FailedVisits",
            Self::Event(_) => "Events",
            Self::Quarantined => "Quarantined",
            Self::AuthenticationFailure => "AuthenticationFailures",
            Self::DependencyFailure => "DependencyFailures",
            Self::Receipt(_) => "Receipts",
            Self::TextTaken(_) => "TextsTaken",
            Self::TextReported(_) => "TextsReported",
            Self::CodeLimited => "CodesLimited",
            Self::MoneyLimitNearlySpent => "MoneyLimitsNearlySpent",
        }
    }

    /// Returns the name and value of the dimension besides the installation, if the metric has one.
    #[must_use]
    pub const fn dimension(&self) -> Option<(&'static str, &'a str)> {
        match self {
            Self::Verdict(state) => Some(("Verdict", *state)),
            Self::Event(source) => Some(("Source", *source)),
            Self::Receipt(report) => Some(("Outcome", report.as_str())),
            Self::TextTaken(provider) | Self::TextReported(provider) => Some(("Provider", provider.as_str())),
            Self::Deferral
            | Self::FailedVisit
            | Self::Quarantined
            | Self::AuthenticationFailure
            | Self::DependencyFailure
            | Self::CodeLimited
            | Self::MoneyLimitNearlySpent => None,
        }
    }
}
