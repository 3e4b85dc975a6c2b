//! What an operator decides: what became of a text that nobody knows of, and which texts are to be tried
//! again.

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

/// What an operator has found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorFinding {
    /// The customer has the text, or the provider has it.
    Sent,
    /// It did not leave, or did not arrive.
    NotSent,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolveOutcome {
    /// The step counts as sent.
    Sent,
    /// The step runs again, under its execution of this number.
    RunsAgain(u32),
}

/// Why nothing was done.
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
    /// An invocation may be at the provider at this moment.
    #[error("the step is being sent at this moment: look again in a minute")]
    BeingSent,
    /// The step has not been tried, or waits to be tried again: nothing is unknown.
    #[error("the step waits to be sent: nothing about it is unknown")]
    Waits,
    /// The step has ended with a verdict that does not leave this open.
    #[error("the step has ended as {0}: nothing about it is unknown")]
    Ended(Verdict),
    /// The text may have left: it is not sent again.
    #[error("the step has ended as {0}: the text may have left, and is not sent again")]
    MayHaveLeft(Verdict),
    /// Something else happened to the step at the same moment.
    #[error("the step has just changed: look again")]
    Overtaken,
}

/// Settles a step whose fate is unknown, by what an operator has found out.
///
/// # Errors
/// See [`ResolveError`]. Repeating a call that failed is safe.
pub async fn resolve(
    conversations: &(impl Conversations + Budgets),
    executions: &impl Executions,
    id: &ConversationId,
    name: &StepName,
    finding: OperatorFinding,
    now: DateTime<Utc>,
) -> Result<ResolveOutcome, ResolveError> {
    let conversation = conversations.load(id, now).await?.ok_or(ResolveError::NoConversation)?;
    let step = conversation.step(name).ok_or(ResolveError::NoStep)?;
    let progress = &step.progress;
    match (&progress.state, finding) {
        (StepState::Unknown(_), _) => {}
        (StepState::Claimed(claim), OperatorFinding::NotSent) if now - claim.at < CLAIM_LIFETIME => {
            return Err(ResolveError::BeingSent);
        }
        (StepState::Claimed(_), OperatorFinding::NotSent) => {
            return age(conversations, executions, &conversation, step, now).await;
        }
        (StepState::Claimed(_), OperatorFinding::Sent) => {}
        // A repetition of a call that ended before the execution was started.
        (StepState::Planned, OperatorFinding::NotSent) if progress.reruns > 0 => {
            executions.start_again(id, name, progress.reruns, ceil_to_second(now)).await?;
            return Ok(ResolveOutcome::RunsAgain(progress.reruns));
        }
        (StepState::Planned, _) => return Err(ResolveError::Waits),
        (StepState::Decided(decision), _) => {
            let failed = step
                .delivery
                .as_ref()
                .is_some_and(|known| known.attempt == progress.attempt && known.status.is_failure());
            match (decision.verdict, finding) {
                (Verdict::HeldUnknownOutcome, _) => {}
                (Verdict::Sent, OperatorFinding::Sent) => return Ok(ResolveOutcome::Sent),
                (Verdict::Sent, OperatorFinding::NotSent) if failed => {}
                (verdict, _) => return Err(ResolveError::Ended(verdict)),
            }
        }
    }
    let because = Because::fact("settled_by", "operator").and("attempt", progress.attempt);
    let evidence = match finding {
        OperatorFinding::Sent => Evidence::Taken(because),
        OperatorFinding::NotSent => Evidence::NotDelivered,
    };
    apply(conversations, executions, &conversation, step, evidence, now).await
}

/// Has a step that has certainly not been sent tried again, under the same checks as ever.
///
/// # Errors
/// See [`ResolveError`]. Repeating a call that failed is safe.
pub async fn retry(
    conversations: &(impl Conversations + Budgets),
    executions: &impl Executions,
    id: &ConversationId,
    name: &StepName,
    now: DateTime<Utc>,
) -> Result<ResolveOutcome, ResolveError> {
    let conversation = conversations.load(id, now).await?.ok_or(ResolveError::NoConversation)?;
    let step = conversation.step(name).ok_or(ResolveError::NoStep)?;
    match &step.progress.state {
        StepState::Claimed(_) | StepState::Unknown(_) => return Err(ResolveError::BeingSent),
        StepState::Decided(decision) if !decision.verdict.is_provably_not_sent() => {
            return Err(ResolveError::MayHaveLeft(decision.verdict));
        }
        StepState::Planned | StepState::Decided(_) => {}
    }
    apply(conversations, executions, &conversation, step, Evidence::TryAgain, now).await
}

/// A claim whose invocation is gone, and no visit has noticed: it is unknown, and that is settled.
async fn age(
    conversations: &(impl Conversations + Budgets),
    executions: &impl Executions,
    conversation: &Conversation,
    step: &Step,
    now: DateTime<Utc>,
) -> Result<ResolveOutcome, ResolveError> {
    let visited = StepEvent::Blocked(Verdict::HeldUnknownOutcome, Because::default());
    let (unknown, _) = step.progress.on(visited, now);
    let (next, effect) =
        unknown.on(StepEvent::Attested { attempt: unknown.attempt, evidence: Evidence::NotDelivered }, now);
    write(conversations, executions, conversation, step, &next, effect, now).await
}

async fn apply(
    conversations: &(impl Conversations + Budgets),
    executions: &impl Executions,
    conversation: &Conversation,
    step: &Step,
    evidence: Evidence,
    now: DateTime<Utc>,
) -> Result<ResolveOutcome, ResolveError> {
    let attested = StepEvent::Attested { attempt: step.progress.attempt, evidence };
    let (next, effect) = step.progress.on(attested, now);
    write(conversations, executions, conversation, step, &next, effect, now).await
}

async fn write(
    conversations: &(impl Conversations + Budgets),
    executions: &impl Executions,
    conversation: &Conversation,
    step: &Step,
    next: &Progress,
    effect: Effect,
    now: DateTime<Utc>,
) -> Result<ResolveOutcome, ResolveError> {
    if effect == Effect::Nothing {
        return Err(ResolveError::Overtaken);
    }
    if conversations.advance(conversation, step, next, &ProviderReport::default(), now).await?
        == WriteOutcome::Overtaken
    {
        return Err(ResolveError::Overtaken);
    }
    let Effect::StartAgain(number) = effect else { return Ok(ResolveOutcome::Sent) };
    let contact = conversation.plan.as_ref().and_then(|plan| plan.contact.as_ref());
    // What the provider has named a price for was paid for, whatever became of it.
    let priced = step.price_of(step.progress.attempt).is_some();
    if let (Some(reservation), Some(to), false) = (&step.progress.reserved, contact, priced) {
        conversations.give_back(reservation, to).await;
    }
    let due = ceil_to_second(now);
    match executions.start_again(&conversation.id, &step.name, number, due).await? {
        StartOutcome::Waits => Ok(ResolveOutcome::RunsAgain(number)),
        // Of an execution that was started for a receipt, which then could not plan the step. It may have
        // ended: the step is planned for the next number, and started under that one.
        StartOutcome::NumberTaken => {
            let planned = Step { progress: next.clone(), ..step.clone() };
            Box::pin(apply(conversations, executions, conversation, &planned, Evidence::TryAgain, now)).await
        }
    }
}

#[cfg(test)]
mod tests;
