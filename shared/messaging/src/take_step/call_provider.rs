//! Calls the provider under a claim and records its answer.

use chrono::{DateTime, Utc};

use super::outcome::{Round, Transient, VisitOutcome};
use super::ports::VisitPorts;
use super::send_attempt::SendAttempt;
use super::visit::{Visit, ended};
use crate::conversation::Step;
use crate::conversation::step::{NotSentReason, Progress, StepState};
use crate::journeys::budgets::Reservation;
use crate::ports::{Budgets, Conversations, ProviderReport, WriteOutcome};
use crate::record_receipt::price::belated;
use crate::values::phone::PhoneNumber;
use crate::values::verdict::Because;

/// The number of times that recording an answer is tried.
const MAX_RECORD_TRIES: usize = 3;

impl<P: VisitPorts> Visit<'_, P> {
    /// Calls the provider, once, and records its answer.
    pub(super) async fn call_provider(&self) -> Result<Round, Transient> {
        let attempt = match &self.plan.contact {
            Some(to) => {
                let text = self.outbound(to).await;
                SendAttempt::make(self.ports.store(), self.ports.sender(), &self.rules.limits, &text).await
            }
            // The person was erased after the claim: nothing has been sent, and nothing will be.
            None => SendAttempt::not_made(NotSentReason::Erased, Because::default()),
        };
        let now = self.clock_now();
        let (mut next, effect) = self.step.progress.on(attempt.event(&self.claim_id, self.step), now);
        next.reserved = attempt.kept_reservation().cloned();
        match self.record_answer(&next, &attempt.report(), now).await? {
            WriteOutcome::Done => {
                attempt.settle(self.ports.store(), self.plan.contact.as_ref()).await;
                ended(&next, effect)
            }
            WriteOutcome::Overtaken => self.decided_concurrently(attempt.kept_reservation()).await,
        }
    }

    /// Records the provider's answer. If the store stays unavailable, the claim remains and ages into
    /// `Unknown`: the text is never sent again on a guess.
    async fn record_answer(
        &self,
        next: &Progress,
        report: &ProviderReport,
        now: DateTime<Utc>,
    ) -> Result<WriteOutcome, Transient> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.advance(next, report, now).await {
                Ok(written) => return Ok(written),
                Err(_) if tries < MAX_RECORD_TRIES => {}
                Err(error) => return Err(Transient::Unrecorded(error)),
            }
        }
    }

    /// Returns the decision that an operator or a receipt stored while the provider was called. This
    /// never starts another round, because the claim has been used.
    async fn decided_concurrently(&self, reservation: Option<&Reservation>) -> Result<Round, Transient> {
        let stored = self.ports.store().load(&self.conversation.id, self.clock_now()).await;
        let stored = stored.map_err(Transient::Unrecorded)?;
        let Some(step) = stored.as_ref().and_then(|stored| stored.step(&self.step.name)) else {
            return Err(Transient::Contended);
        };
        let StepState::Decided(decision) = &step.progress.state else {
            return Err(Transient::Contended);
        };
        if let (Some(reservation), Some(to)) = (reservation, &self.plan.contact)
            && step.progress.attempt == self.step.progress.attempt
        {
            self.keep_reservation(step, reservation, to).await;
        }
        Ok(Round::Ended(VisitOutcome::Decided(decision.verdict, decision.because.clone())))
    }

    /// Stores the reservation of a text with a step that a receipt has already decided, so that its price
    /// can be settled, and settles a price that the receipt has reported. A reservation that cannot be
    /// stored stays counted.
    async fn keep_reservation(&self, step: &Step, reservation: &Reservation, to: &PhoneNumber) {
        let next = Progress { reserved: Some(reservation.clone()), ..step.progress.clone() };
        let (store, report) = (self.ports.store(), ProviderReport::default());
        let written = store.advance(self.conversation, step, &next, &report, self.clock_now()).await;
        if let (Ok(WriteOutcome::Done), Some(difference)) = (written, belated(step, reservation)) {
            let _stays_counted = store.adjust(reservation, to, difference).await;
        }
    }
}
