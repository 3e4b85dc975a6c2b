//! One round of a visit: one decision and one write.

use super::outcome::{Round, Transient};
use super::ports::VisitPorts;
use super::visit::{Visit, ended};
use crate::conversation::Step;
use crate::conversation::step::{Effect, Progress, StepState};
use crate::ports::{ClaimRequest, Conversations, ProviderReport, SendingRules, Unavailable, WriteOutcome};
use crate::values::verdict::Verdict;

impl<P: VisitPorts> Visit<'_, P> {
    /// Decides by what was read, stores the decision and, under a claim, calls the provider.
    pub(super) async fn round(mut self) -> Result<Round, Transient> {
        let holds_claim = self.holds_claim();
        if holds_claim || self.step.progress.state == StepState::Planned {
            self.rules = self.ports.rules().rules().await?;
        }
        if holds_claim {
            return self.call_provider().await;
        }
        if let StepState::Unknown(lost) = &self.step.progress.state
            && !self.is_repeated
        {
            if let Some(round) = self.look_for_evidence(lost).await? {
                return Ok(round);
            }
            self.now = self.clock_now();
        }
        let event = self.step_event().await?;
        let (next, effect) = self.step.progress.on(event, self.now);
        if self.store_transition(&next).await? == WriteOutcome::Overtaken {
            return Ok(Round::Overtaken);
        }
        if effect == Effect::CallProvider {
            let claimed = Step { progress: next, ..self.step.clone() };
            return Visit { step: &claimed, ..self }.call_provider().await;
        }
        ended(&next, effect)
    }

    /// Returns whether this visit has already claimed the step. Then the answer to the claim was lost,
    /// not the claim itself, and nothing has been sent under it.
    fn holds_claim(&self) -> bool {
        matches!(&self.step.progress.state, StepState::Claimed(claim) if claim.id == self.claim_id)
    }

    /// Stores the step's next progress, if it differs. A transition that leads to the provider is a claim.
    async fn store_transition(&self, next: &Progress) -> Result<WriteOutcome, Unavailable> {
        if *next == self.step.progress {
            return Ok(WriteOutcome::Done);
        }
        if self.step.progress.state != StepState::Planned || !needs_claim(next) {
            return self.advance(next, &ProviderReport::default(), self.now).await;
        }
        // The step of an erased person is blocked before it comes to a claim.
        let Some(contact) = &self.plan.contact else { return Ok(WriteOutcome::Overtaken) };
        let conversation = &self.conversation.id;
        let request = ClaimRequest { conversation, contact, step: self.step, next, now: self.now };
        self.ports.store().claim(&request).await
    }
}

/// Returns whether a transition needs the checks of a claim: it leads to the provider, or records that it
/// would have (`Shadowed`).
fn needs_claim(next: &Progress) -> bool {
    matches!(next.state, StepState::Claimed(_)) || next.verdict() == Some(Verdict::Shadowed)
}
