//! Which log lines count for which metric.

use std::fmt::Debug;

use messaging::values::provider::Provider;
use messaging::values::verdict::Verdict;
use tracing::field::{Field, Visit};

/// One more of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// The metric's name; always a count.
    pub name: &'static str,
    /// What it is told apart by, besides the installation: of few values, never of a person.
    pub dimension: Option<(&'static str, String)>,
}

/// Every metric, and what it is told apart by.
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

/// The fields of a log line that metrics are read off.
#[derive(Debug, Default, Clone)]
pub struct Noted {
    decision: Option<String>,
    source: Option<String>,
    conversation_id: Option<String>,
    quarantine_id: bool,
    step: bool,
    status: bool,
    /// What a receipt says became of a text: `delivered`, `failed`, `pending`.
    outcome: Option<String>,
    receipt: bool,
    /// Who has taken a text, or reports of one.
    provider: Option<String>,
}

impl Noted {
    /// What this line counts for.
    pub fn metrics(&self) -> impl Iterator<Item = Metric> {
        self.metric().into_iter().chain(self.of_provider())
    }

    /// What is counted by provider: texts that it has taken, and those whose end it has reported. The one
    /// without the other tells that its way back is cut off.
    fn of_provider(&self) -> Option<Metric> {
        let name = match self.decision.as_deref()? {
            "Sent" if self.step => "TextsTaken",
            "receipt" if matches!(self.outcome.as_deref()?, "delivered" | "failed") => "TextsReported",
            _ => return None,
        };
        // A dimension has few values: what is none of ours is not counted.
        let provider = Provider::of_name(self.provider.as_deref()?)?;
        Some(Metric { name, dimension: Some(("Provider", provider.as_str().to_owned())) })
    }

    fn metric(&self) -> Option<Metric> {
        let decision = self.decision.as_deref()?;
        let plain = |name| Some(Metric { name, dimension: None });
        let by = |name, dimension, value: &str| {
            Some(Metric { name, dimension: Some((dimension, value.to_owned())) })
        };
        match decision {
            "Wait" if self.step => plain("Deferrals"),
            "Transient" if self.step => plain("FailedVisits"),
            verdict if Verdict::ALL.iter().any(|known| known.as_str() == verdict) => {
                by("Verdicts", "Verdict", verdict)
            }
            _ if self.step => by("Verdicts", "Verdict", "EndedOther"),
            "budget_nearly_spent" => plain("MoneyLimitsNearlySpent"),
            "quarantined" if self.quarantine_id => plain("Quarantined"),
            "unauthorized" => plain("AuthenticationFailures"),
            "unavailable" => plain("DependencyFailures"),
            "code_limited" => plain("CodesLimited"),
            "receipt" if self.receipt => by("Receipts", "Outcome", self.outcome.as_deref()?),
            "accepted" | "duplicate" | "cancelled" | "rescheduled" | "quarantined" | "ignored"
                if self.status =>
            {
                by("Events", "Source", self.caller()?)
            }
            _ => None,
        }
    }

    /// Who called: as the line says, else the beginning of the conversation's id.
    fn caller(&self) -> Option<&str> {
        let of_conversation = || self.conversation_id.as_deref()?.split_once('-').map(|(source, _)| source);
        self.source.as_deref().or_else(of_conversation)
    }
}

impl Visit for Noted {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "decision" => self.decision = Some(value.to_owned()),
            "source" => self.source = Some(value.to_owned()),
            "conversation_id" => self.conversation_id = Some(value.to_owned()),
            "outcome" => self.outcome = Some(value.to_owned()),
            "provider" => self.provider = Some(value.to_owned()),
            "quarantine_id" => self.quarantine_id = true,
            "step" => self.step = true,
            "receipt" => self.receipt = true,
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "status" => self.status = true,
            "decision" | "source" | "conversation_id" | "outcome" | "quarantine_id" | "step" | "receipt"
            | "provider" => {
                self.record_str(field, &format!("{value:?}"));
            }
            _ => {}
        }
    }
}
