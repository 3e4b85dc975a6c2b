//! The decisions that functions log and count.

use messaging::values::provider::Provider;
use messaging::values::verdict::Verdict;

use crate::metric::Metric;

/// A decision of a function. [`Decision::name`] is the value of the log field `decision`, which the runbook and
/// saved queries name: add to the names, but never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    /// A step ended. The provider is the one that has the text.
    Verdict {
        /// The verdict, which names the execution's final state.
        verdict: Verdict,
        /// The provider that the step's facts name, if any.
        provider: Option<Provider>,
    },
    /// A step was postponed.
    Wait,
    /// A visit failed and Step Functions repeats it.
    FailedVisit,
    /// An execution ended in a state that is not a verdict: its conversation or step does not exist.
    EndedOther(&'static str),
    /// An execution's input names no conversation and step.
    InvalidInput,
    /// An event of a source was answered.
    Event {
        /// The source's name.
        source: &'a str,
        /// The status that the source was answered.
        status: EventStatus,
    },
    /// A conversation was shown to its source.
    Shown,
    /// A list of messages was answered, each with a status of its own.
    Bulk,
    /// A message of a list could not be stored: its source repeats it.
    Retry,
    /// An event id was used again with different content.
    KeyReused,
    /// An event was moved to quarantine.
    Quarantined,
    /// A signature was rejected. The call is answered as [`Decision::Unauthorized`].
    Unauthenticated,
    /// A call was answered 401.
    Unauthorized,
    /// A call was rejected, with the code of its problem document.
    Rejected(&'static str),
    /// A service that the function needs did not answer.
    Unavailable,
    /// A provider's report was recorded.
    Receipt {
        /// The provider that reports.
        provider: Provider,
        /// The end of the text, as far as the report knows it.
        report: TextReport,
    },
    /// A provider's call had none of the fields that are used.
    NoUsableFields,
    /// A customer's message was stored.
    Received,
    /// A customer's message had been stored before.
    ReceivedAgain,
    /// An opt-out was confirmed.
    OptOutConfirmation,
    /// A customer was told that the promotions end.
    PromotionsConfirmation,
    /// A request for help was answered.
    Help,
    /// A one-time code was sent, or may have been.
    CodeSent,
    /// A one-time code was created, but not sent: the service is in shadow mode.
    CodeShadowed,
    /// A limit stopped a one-time code.
    CodeLimited,
    /// A one-time code cannot reach the phone.
    CodeRefused,
    /// A one-time code was compared with what the customer entered.
    CodeTried,
    /// A spending limit is nearly reached.
    BudgetNearlySpent,
    /// A text was sent without its sender id, which the recipient's country does not show.
    SenderIdDropped,
}

/// The status that a source is answered for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStatus {
    /// The event is new; its texts are planned.
    Accepted,
    /// The event had been accepted before.
    Duplicate,
    /// The conversation is cancelled.
    Cancelled,
    /// The booking was moved: another one replaces it.
    Rescheduled,
    /// The event cannot be used and was moved to quarantine.
    Quarantined,
    /// The event changes nothing.
    Ignored,
}

/// The end of a text, as far as a provider's report knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextReport {
    /// The text arrived or was read.
    Delivered,
    /// The text did not arrive.
    Failed,
    /// The text is on its way, or the report is of an unknown kind.
    Pending,
    /// The report belongs to no text of this installation.
    UnknownMessage,
}

/// The reason why a phone gets no one-time code, as the log field `by` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRefusal {
    /// The phone's owner has opted out.
    OptedOut,
    /// The provider rejects the phone.
    Provider,
}

/// The name under which executions are counted that end in a state that is not a verdict.
const ENDED_OTHER: &str = "EndedOther";

impl<'a> Decision<'a> {
    /// Returns the value of the log field `decision`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Verdict { verdict, .. } => verdict.as_str(),
            Self::Wait => "Wait",
            Self::FailedVisit => "Transient",
            Self::EndedOther(state) => state,
            Self::InvalidInput => "InvalidInput",
            Self::Event { status, .. } => status.as_str(),
            Self::Shown => "shown",
            Self::Bulk => "bulk",
            Self::Retry => "retry",
            Self::KeyReused => "key_reused",
            Self::Quarantined => "quarantined",
            Self::Unauthenticated => "unauthenticated",
            Self::Unauthorized => "unauthorized",
            Self::Rejected(code) => code,
            Self::Unavailable => "unavailable",
            Self::Receipt { .. } => "receipt",
            Self::NoUsableFields => "no_usable_fields",
            Self::Received => "received",
            Self::ReceivedAgain => "duplicate",
            Self::OptOutConfirmation => "opt_out_confirmation",
            Self::PromotionsConfirmation => "promotions_confirmation",
            Self::Help => "help",
            Self::CodeSent => "code_sent",
            Self::CodeShadowed => "code_shadowed",
            Self::CodeLimited => "code_limited",
            Self::CodeRefused => "code_refused",
            Self::CodeTried => "code_tried",
            Self::BudgetNearlySpent => "budget_nearly_spent",
            Self::SenderIdDropped => "sender_id_dropped",
        }
    }

    /// Returns the metrics that the decision counts for.
    pub fn metrics(&self) -> impl Iterator<Item = Metric<'a>> {
        self.metric().into_iter().chain(self.provider_metric())
    }

    fn metric(&self) -> Option<Metric<'a>> {
        match self {
            Self::Verdict { verdict, .. } => Some(Metric::Verdict(verdict.as_str())),
            Self::EndedOther(_) => Some(Metric::Verdict(ENDED_OTHER)),
            Self::Wait => Some(Metric::Deferral),
            Self::FailedVisit => Some(Metric::FailedVisit),
            Self::Event { source, .. } => Some(Metric::Event(source)),
            Self::Quarantined => Some(Metric::Quarantined),
            Self::Unauthorized => Some(Metric::AuthenticationFailure),
            Self::Unavailable => Some(Metric::DependencyFailure),
            Self::Receipt { report, .. } => Some(Metric::Receipt(*report)),
            Self::CodeLimited => Some(Metric::CodeLimited),
            Self::BudgetNearlySpent => Some(Metric::MoneyLimitNearlySpent),
            _ => None,
        }
    }

    /// Returns the second metric of texts: accepted texts and reported ends, by provider. The first without the
    /// second shows that the provider's reports no longer arrive.
    fn provider_metric(&self) -> Option<Metric<'a>> {
        match self {
            Self::Verdict { verdict: Verdict::Sent, provider: Some(provider) } => {
                Some(Metric::TextTaken(*provider))
            }
            Self::Receipt { provider, report: TextReport::Delivered | TextReport::Failed } => {
                Some(Metric::TextReported(*provider))
            }
            _ => None,
        }
    }
}

impl EventStatus {
    /// Returns the `status` of the answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Cancelled => "cancelled",
            Self::Rescheduled => "rescheduled",
            Self::Quarantined => "quarantined",
            Self::Ignored => "ignored",
        }
    }
}

impl TextReport {
    /// Returns the value of the log field `outcome` and of the metric's dimension.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::UnknownMessage => "unknown_message",
        }
    }
}

impl CodeRefusal {
    /// Returns the value of the log field `by`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::Provider => "provider",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::METRICS;

    /// Names and own dimensions of the metrics of a decision. Each must be a known metric.
    fn counted(decision: Decision<'_>) -> Vec<(&'static str, &str)> {
        let metrics = decision.metrics().map(|metric| {
            let (dimension, value) = metric.dimension().unzip();
            assert!(METRICS.contains(&(metric.name(), dimension)), "{metric:?}");
            (metric.name(), value.unwrap_or_default())
        });
        metrics.collect()
    }

    #[test]
    fn every_decision_that_an_alarm_watches_counts_once() {
        let event = |status| Decision::Event { source: "calcom", status };
        let receipt = |report| Decision::Receipt { provider: Provider::Sns, report };
        for (decision, name, metric) in [
            (Decision::Wait, "Wait", ("Deferrals", "")),
            (Decision::FailedVisit, "Transient", ("FailedVisits", "")),
            (Decision::EndedOther("StepNotFound"), "StepNotFound", ("Verdicts", "EndedOther")),
            (event(EventStatus::Accepted), "accepted", ("Events", "calcom")),
            (event(EventStatus::Rescheduled), "rescheduled", ("Events", "calcom")),
            (event(EventStatus::Quarantined), "quarantined", ("Events", "calcom")),
            (Decision::Quarantined, "quarantined", ("Quarantined", "")),
            (Decision::Unauthorized, "unauthorized", ("AuthenticationFailures", "")),
            (Decision::Unavailable, "unavailable", ("DependencyFailures", "")),
            (Decision::BudgetNearlySpent, "budget_nearly_spent", ("MoneyLimitsNearlySpent", "")),
            (Decision::CodeLimited, "code_limited", ("CodesLimited", "")),
            (receipt(TextReport::Pending), "receipt", ("Receipts", "pending")),
            (receipt(TextReport::UnknownMessage), "receipt", ("Receipts", "unknown_message")),
        ] {
            assert_eq!((decision.name(), counted(decision)), (name, vec![metric]), "{decision:?}");
        }
        for verdict in Verdict::ALL {
            let decision = Decision::Verdict { verdict, provider: None };
            assert_eq!(counted(decision), [("Verdicts", verdict.as_str())]);
        }
    }

    /// Each provider's reports are watched separately.
    #[test]
    fn accepted_texts_and_their_ends_count_by_provider_too() {
        let verdict = |verdict| Decision::Verdict { verdict, provider: Some(Provider::Twilio) };
        assert_eq!(counted(verdict(Verdict::Sent)), [("Verdicts", "Sent"), ("TextsTaken", "twilio")]);
        assert_eq!(counted(verdict(Verdict::RejectedByProvider)), [("Verdicts", "RejectedByProvider")]);
        for report in [TextReport::Delivered, TextReport::Failed] {
            let decision = Decision::Receipt { provider: Provider::Sns, report };
            assert_eq!(counted(decision), [("Receipts", report.as_str()), ("TextsReported", "sns")]);
        }
    }

    #[test]
    fn other_decisions_count_for_no_metric() {
        for decision in [
            Decision::InvalidInput,
            Decision::Shown,
            Decision::Bulk,
            Decision::Unauthenticated,
            Decision::Rejected("not_found"),
            Decision::ReceivedAgain,
            Decision::OptOutConfirmation,
            Decision::PromotionsConfirmation,
            Decision::CodeSent,
        ] {
            assert_eq!(counted(decision), [], "{decision:?}");
        }
    }
}
