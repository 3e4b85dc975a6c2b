//! One attempt to send a text within the spending limits.

use crate::conversation::Step;
use crate::conversation::step::{NotSentReason, Refusal, SendOutcome, StepEvent};
use crate::journeys::budgets::{Charge, Limits, Reservation, ReserveOutcome};
use crate::ports::{Budgets, Form, OutboundText, ProviderReport, Sender};
use crate::text::segments;
use crate::values::phone::PhoneNumber;
use crate::values::verdict::Because;

/// An attempt to send a text, and what was reserved for it.
pub(super) struct SendAttempt {
    result: AttemptResult,
    reservation: Option<Reservation>,
}

enum AttemptResult {
    /// The provider has answered, or it was not reached.
    Answered(SendOutcome),
    /// A spending limit is reached: the provider was not called.
    OverBudget(Because),
}

impl SendAttempt {
    /// Reserves the cost of the text, if spending is limited, and calls the provider.
    pub(super) async fn make(
        budgets: &impl Budgets,
        sender: &impl Sender,
        limits: &Limits,
        text: &OutboundText<'_>,
    ) -> Self {
        let mut reservation = None;
        if !limits.is_none() {
            let cost = limits.cost(text.step.cost_micro_usd, segment_count(text.form));
            match budgets.reserve(&Charge { to: text.to, cost, now: text.now }, limits).await {
                Ok(ReserveOutcome::Reserved(reserved)) => reservation = Some(reserved),
                Ok(ReserveOutcome::Exceeded(exceeded)) => {
                    let result = AttemptResult::OverBudget(exceeded.because(cost));
                    return Self { result, reservation: None };
                }
                Err(error) => {
                    let because = Because::fact("operation", error.operation);
                    return Self::not_made(NotSentReason::LimitsUnavailable, because);
                }
            }
        }
        Self { result: AttemptResult::Answered(sender.send(text).await), reservation }
    }

    /// Returns an attempt that called no provider and reserved nothing.
    pub(super) fn not_made(reason: NotSentReason, because: Because) -> Self {
        let result = AttemptResult::Answered(SendOutcome::not_sent(reason, because));
        Self { result, reservation: None }
    }

    /// Returns what the provider reported beside the outcome.
    pub(super) fn report(&self) -> ProviderReport {
        match &self.result {
            AttemptResult::Answered(SendOutcome::Accepted { message }) => {
                ProviderReport { message: Some(message.clone()), opted_out: false }
            }
            AttemptResult::Answered(SendOutcome::Rejected { refusal, .. }) => {
                ProviderReport { message: None, opted_out: *refusal == Refusal::OptedOut }
            }
            _ => ProviderReport::default(),
        }
    }

    /// Returns the event that the attempt is in the life of the step.
    pub(super) fn event(&self, claim_id: &str, step: &Step) -> StepEvent {
        let invocation = claim_id.to_owned();
        match &self.result {
            AttemptResult::Answered(outcome) => StepEvent::Answered {
                invocation,
                outcome: outcome.clone(),
                deadline: step.deadline,
                provider: step.carrier(),
                further: step.has_further_carrier(),
            },
            AttemptResult::OverBudget(because) => {
                StepEvent::OverBudget { invocation, because: because.clone() }
            }
        }
    }

    /// Returns the reservation if it stays: the provider has taken the text, or may have.
    pub(super) const fn kept_reservation(&self) -> Option<&Reservation> {
        match self.result {
            AttemptResult::Answered(SendOutcome::Accepted { .. } | SendOutcome::Unknown { .. }) => {
                self.reservation.as_ref()
            }
            _ => None,
        }
    }

    /// Gives back a reservation that does not stay.
    pub(super) async fn settle(&self, budgets: &impl Budgets, to: Option<&PhoneNumber>) {
        if let (Some(reservation), None, Some(to)) = (&self.reservation, self.kept_reservation(), to) {
            budgets.give_back(reservation, to).await;
        }
    }
}

/// Returns the number of segments that a carrier may charge for. The words of a template are the
/// provider's and count as one.
fn segment_count(form: Form<'_>) -> usize {
    match form {
        Form::Words(words) => segments::split(words.expose()).segments,
        Form::Template(_) => 1,
    }
}
