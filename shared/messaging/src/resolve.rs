//! An operator's decisions: settles a text whose outcome is unknown, and has a text tried again.

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::conversation::step::{CLAIM_LIFETIME, Effect, Evidence, Progress, StepEvent, StepState};
use crate::conversation::{Conversation, Step};
use crate::ports::{
    Budgets, Conversations, Executions, ProviderReport, StartOutcome, Unavailable, WriteOutcome,
};
use crate::values::clock::ceil_to_second;
use crate::values::ids::{ConversationId, StepName};
use crate::values::verdict::{Because, Verdict};

/// An operator's finding about a text whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorFinding {
    /// The customer or the provider has the text.
    Sent,
    /// The text did not leave, or did not arrive.
    NotSent,
}

/// The result of an operator's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolveOutcome {
    /// The step counts as sent.
    Sent,
    /// The step runs again, in its execution of this number.
    RunsAgain(u32),
}

/// The reason why an operator's decision was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResolveError {
    /// The store or Step Functions could not be reached.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// There is no such conversation, or it has expired.
    #[error("there is no such conversation (or it has expired)")]
    NoConversation,
    /// The conversation has no such step.
    #[error("the conversation has no such step")]
    NoStep,
    /// An invocation may be calling the provider at this moment.
    #[error("the step is being sent at this moment: look again in a minute")]
    BeingSent,
    /// The step has not been tried, or waits to be tried again, so nothing about it is unknown.
    #[error("the step waits to be sent: nothing about it is unknown")]
    Waits,
    /// The step has ended with a verdict that leaves nothing to settle.
    #[error("the step has ended as {0}: nothing about it is unknown")]
    Ended(Verdict),
    /// The step has ended with a verdict after which its text may have left, so it is not sent again.
    #[error("the step has ended as {0}: the text may have left, and is not sent again")]
    MayHaveLeft(Verdict),
    /// The step was changed concurrently.
    #[error("the step has just changed: look again")]
    Overtaken,
}

/// Carries out an operator's decisions about a step.
pub struct Resolver<'a, C, E> {
    /// The table with the conversations and the spending counters.
    pub conversations: &'a C,
    /// Starts the execution in which a step runs again.
    pub executions: &'a E,
    /// The time of the decision.
    pub now: DateTime<Utc>,
}

impl<C: Conversations + Budgets, E: Executions> Resolver<'_, C, E> {
    /// Settles a step whose outcome is unknown, according to the operator's finding.
    ///
    /// # Errors
    /// See [`ResolveError`]. Repeating a call that failed is safe.
    pub async fn resolve(
        &self,
        id: &ConversationId,
        name: &StepName,
        finding: OperatorFinding,
    ) -> Result<ResolveOutcome, ResolveError> {
        let now = self.now;
        let conversation = self.load(id).await?;
        let step = conversation.step(name).ok_or(ResolveError::NoStep)?;
        let progress = &step.progress;
        match (&progress.state, finding) {
            (StepState::Unknown(_), _) => {}
            (StepState::Claimed(claim), OperatorFinding::NotSent) if now - claim.at < CLAIM_LIFETIME => {
                return Err(ResolveError::BeingSent);
            }
            (StepState::Claimed(_), OperatorFinding::NotSent) => {
                return self.settle_abandoned_claim(&conversation, step).await;
            }
            (StepState::Claimed(_), OperatorFinding::Sent) => {}
            // The repetition of a call that ended before the execution was started.
            (StepState::Planned, OperatorFinding::NotSent) if progress.reruns > 0 => {
                self.executions.start_again(id, name, progress.reruns, ceil_to_second(now)).await?;
                return Ok(ResolveOutcome::RunsAgain(progress.reruns));
            }
            (StepState::Planned, _) => return Err(ResolveError::Waits),
            (StepState::Decided(decision), _) => match (decision.verdict, finding) {
                (Verdict::HeldUnknownOutcome, _) => {}
                (Verdict::Sent, OperatorFinding::Sent) => return Ok(ResolveOutcome::Sent),
                (Verdict::Sent, OperatorFinding::NotSent) if has_failed(step) => {}
                (verdict, _) => return Err(ResolveError::Ended(verdict)),
            },
        }
        let evidence = match finding {
            OperatorFinding::Sent => {
                Evidence::Taken(Because::fact("settled_by", "operator").and("attempt", progress.attempt))
            }
            OperatorFinding::NotSent => Evidence::NotDelivered,
        };
        self.apply(&conversation, step, evidence).await
    }

    /// Has a step tried again whose text has certainly not been sent. The step passes the same checks as
    /// the first time.
    ///
    /// # Errors
    /// See [`ResolveError`]. Repeating a call that failed is safe.
    pub async fn retry(&self, id: &ConversationId, name: &StepName) -> Result<ResolveOutcome, ResolveError> {
        let conversation = self.load(id).await?;
        let step = conversation.step(name).ok_or(ResolveError::NoStep)?;
        match &step.progress.state {
            StepState::Claimed(_) | StepState::Unknown(_) => return Err(ResolveError::BeingSent),
            StepState::Decided(decision) if !decision.verdict.is_provably_not_sent() => {
                return Err(ResolveError::MayHaveLeft(decision.verdict));
            }
            StepState::Planned | StepState::Decided(_) => {}
        }
        self.apply(&conversation, step, Evidence::TryAgain).await
    }

    async fn load(&self, id: &ConversationId) -> Result<Conversation, ResolveError> {
        self.conversations.load(id, self.now).await?.ok_or(ResolveError::NoConversation)
    }

    /// Settles a claim whose invocation has ended without a visit that noticed it: the outcome becomes
    /// unknown, and then the text counts as not delivered.
    async fn settle_abandoned_claim(
        &self,
        conversation: &Conversation,
        step: &Step,
    ) -> Result<ResolveOutcome, ResolveError> {
        let visited = StepEvent::Blocked(Verdict::HeldUnknownOutcome, Because::default());
        let (unknown, _) = step.progress.on(visited, self.now);
        let attested = StepEvent::Attested { attempt: unknown.attempt, evidence: Evidence::NotDelivered };
        let (next, effect) = unknown.on(attested, self.now);
        self.write(conversation, step, &next, effect).await
    }

    async fn apply(
        &self,
        conversation: &Conversation,
        step: &Step,
        evidence: Evidence,
    ) -> Result<ResolveOutcome, ResolveError> {
        let attested = StepEvent::Attested { attempt: step.progress.attempt, evidence };
        let (next, effect) = step.progress.on(attested, self.now);
        self.write(conversation, step, &next, effect).await
    }

    async fn write(
        &self,
        conversation: &Conversation,
        step: &Step,
        next: &Progress,
        effect: Effect,
    ) -> Result<ResolveOutcome, ResolveError> {
        if effect == Effect::Nothing {
            return Err(ResolveError::Overtaken);
        }
        let report = ProviderReport::default();
        let written = self.conversations.advance(conversation, step, next, &report, self.now).await?;
        if written == WriteOutcome::Overtaken {
            return Err(ResolveError::Overtaken);
        }
        let Effect::StartAgain(number) = effect else { return Ok(ResolveOutcome::Sent) };
        self.give_back_unless_priced(conversation, step).await;
        let due = ceil_to_second(self.now);
        match self.executions.start_again(&conversation.id, &step.name, number, due).await? {
            StartOutcome::Waits => Ok(ResolveOutcome::RunsAgain(number)),
            // An earlier receipt started this execution and then could not plan the step. The execution
            // may have ended, so the step is planned and started under the next number.
            StartOutcome::NumberTaken => {
                let planned = Step { progress: next.clone(), ..step.clone() };
                Box::pin(self.apply(conversation, &planned, Evidence::TryAgain)).await
            }
        }
    }

    /// Gives back the reservation of an attempt. An attempt for which the provider has named a price was
    /// paid for, whatever its outcome, and stays counted.
    async fn give_back_unless_priced(&self, conversation: &Conversation, step: &Step) {
        let progress = &step.progress;
        if step.price_of(progress.attempt).is_some() {
            return;
        }
        if let Some(reservation) = &progress.reserved
            && let Some(plan) = &conversation.plan
            && let Some(to) = &plan.contact
        {
            self.conversations.give_back(reservation, to).await;
        }
    }
}

/// Returns whether a receipt reports that the step's last attempt was not delivered.
fn has_failed(step: &Step) -> bool {
    let Some(delivery) = &step.delivery else { return false };
    delivery.attempt == step.progress.attempt && delivery.status.is_failure()
}

#[cfg(test)]
mod tests;
