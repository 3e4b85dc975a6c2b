//! Asking a provider within the money limits.

use crate::conversation::Step;
use crate::conversation::step::{NotSentReason, Refusal, SendOutcome, StepEvent};
use crate::journeys::budgets::{Charge, Limits, Reservation, ReserveOutcome};
use crate::ports::{Budgets, Form, OutboundText, ProviderReport, Sender};
use crate::text::segments;
use crate::values::phone::PhoneNumber;
use crate::values::verdict::Because;

/// What became of asking.
pub(super) struct Asked {
    said: Said,
    reservation: Option<Reservation>,
}

enum Said {
    /// The provider has answered, or it was not reached.
    Provider(SendOutcome),
    /// A money limit forbids it: the provider was not asked.
    OverBudget(Because),
}

impl Asked {
    /// Nobody was asked, and nothing is reserved.
    pub(super) fn nobody(reason: NotSentReason, because: Because) -> Self {
        Self { said: Said::Provider(SendOutcome::not_sent(reason, because)), reservation: None }
    }

    /// What was learned beside the outcome.
    pub(super) fn learned(&self) -> ProviderReport {
        match &self.said {
            Said::Provider(SendOutcome::Accepted { message }) => {
                ProviderReport { message: Some(message.clone()), opted_out: false }
            }
            Said::Provider(SendOutcome::Rejected { refusal, .. }) => {
                ProviderReport { message: None, opted_out: *refusal == Refusal::OptedOut }
            }
            _ => ProviderReport::default(),
        }
    }

    /// What it means to the step.
    pub(super) fn event(&self, claim_id: &str, step: &Step) -> StepEvent {
        let invocation = claim_id.to_owned();
        match &self.said {
            Said::Provider(outcome) => StepEvent::Answered {
                invocation,
                outcome: outcome.clone(),
                deadline: step.deadline,
                provider: step.carrier(),
                further: step.has_further_carrier(),
            },
            Said::OverBudget(because) => StepEvent::OverBudget { invocation, because: because.clone() },
        }
    }

    /// What stays reserved: where the text was taken, or may have been.
    pub(super) fn kept(&self) -> Option<&Reservation> {
        let may_cost =
            matches!(self.said, Said::Provider(SendOutcome::Accepted { .. } | SendOutcome::Unknown { .. }));
        self.reservation.as_ref().filter(|_| may_cost)
    }

    /// Gives back what does not stay reserved.
    pub(super) async fn settle(&self, budgets: &impl Budgets, to: Option<&PhoneNumber>) {
        if let (Some(reservation), None, Some(to)) = (&self.reservation, self.kept(), to) {
            budgets.give_back(reservation, to).await;
        }
    }
}

/// How many parts a carrier may charge for; a template's words are the provider's.
fn parts(form: Form<'_>) -> usize {
    match form {
        Form::Words(words) => segments::split(words.expose()).segments,
        Form::Template(_) => 1,
    }
}

/// Reserves what the text costs, where something is limited, and asks the provider.
pub(super) async fn ask(
    budgets: &impl Budgets,
    sender: &impl Sender,
    limits: &Limits,
    text: &OutboundText<'_>,
) -> Asked {
    let reservation = if limits.is_none() {
        None
    } else {
        let cost = limits.cost(text.step.cost_micro_usd, parts(text.form));
        match budgets.reserve(&Charge { to: text.to, cost, now: text.now }, limits).await {
            Ok(ReserveOutcome::Reserved(reservation)) => Some(reservation),
            Ok(ReserveOutcome::Exceeded(exceeded)) => {
                return Asked { said: Said::OverBudget(exceeded.because(cost)), reservation: None };
            }
            Err(trouble) => {
                let because = Because::fact("operation", trouble.operation);
                return Asked::nobody(NotSentReason::LimitsUnavailable, because);
            }
        }
    };
    Asked { said: Said::Provider(sender.send(text).await), reservation }
}
