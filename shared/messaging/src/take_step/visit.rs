//! The context of one round of a visit.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::outcome::{Round, Transient, VisitOutcome};
use super::ports::VisitPorts;
use crate::conversation::step::{Effect, Progress, StepState};
use crate::conversation::{Conversation, Plan, Step};
use crate::journeys::Config;
use crate::ports::{Conversations, Form, OutboundText, ProviderReport, Unavailable, WriteOutcome};
use crate::values::clock::Clock;
use crate::values::phone::PhoneNumber;

/// One round of a visit: what was read, and what the round works with.
pub(super) struct Visit<'a, P> {
    /// The outside world.
    pub(super) ports: &'a P,
    /// The conversation as it was read.
    pub(super) conversation: &'a Conversation,
    /// The conversation's plan.
    pub(super) plan: &'a Plan,
    /// The visited step as it was read; after the claim, as it was stored.
    pub(super) step: &'a Step,
    /// The id of the claim that this round may make.
    pub(super) claim_id: String,
    /// Whether an earlier round of this visit did not end it.
    pub(super) is_repeated: bool,
    /// Spending limits and rate limits. They are empty where the round cannot lead to a provider call.
    pub(super) rules: Arc<Config>,
    /// The instant that the round decides by.
    pub(super) now: DateTime<Utc>,
}

impl<P: VisitPorts> Visit<'_, P> {
    /// Returns the present instant, which is later than `now` once a port has been called.
    pub(super) fn clock_now(&self) -> DateTime<Utc> {
        self.ports.clock().now()
    }

    /// Stores the step's next progress and what the provider reported, unless the step has changed.
    pub(super) async fn advance(
        &self,
        next: &Progress,
        report: &ProviderReport,
        now: DateTime<Utc>,
    ) -> Result<WriteOutcome, Unavailable> {
        self.ports.store().advance(self.conversation, self.step, next, report, now).await
    }

    /// Returns the step's text as it goes to the provider.
    pub(super) async fn outbound<'t>(&'t self, to: &'t PhoneNumber) -> OutboundText<'t> {
        let form = self.form(to).await;
        OutboundText {
            provider: self.step.carrier(),
            conversation: &self.conversation.id,
            to,
            step: self.step,
            form,
            attempt: self.step.progress.attempt,
            now: self.clock_now(),
        }
    }

    /// Chooses the form of the text. A step with a WhatsApp template is sent by its own words only if it
    /// has words and the customer has written within 24 hours. If that cannot be found out, the template
    /// is used: it is always permitted.
    async fn form(&self, to: &PhoneNumber) -> Form<'_> {
        let words = &self.step.text;
        let Some(template) = &self.step.content else { return Form::Words(words) };
        if words.expose().is_empty() {
            return Form::Template(template);
        }
        match self.ports.store().contact(to).await {
            Ok(contact) if contact.whatsapp_window_is_open(self.clock_now()) => Form::Words(words),
            _ => Form::Template(template),
        }
    }
}

/// Returns how a round ends that has stored `next`.
pub(super) fn ended(next: &Progress, effect: Effect) -> Result<Round, Transient> {
    match (effect, &next.state) {
        (Effect::TryNextProvider, _) => Ok(Round::NextProvider),
        (Effect::Wait(due, because), _) => Ok(Round::Ended(VisitOutcome::Wait(due, because))),
        (_, StepState::Decided(decision)) => {
            Ok(Round::Ended(VisitOutcome::Decided(decision.verdict, decision.because.clone())))
        }
        (Effect::TryAgainSoon, _) => Err(Transient::ClaimedElsewhere),
        _ => Err(Transient::Contended),
    }
}
