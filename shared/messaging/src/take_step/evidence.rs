//! Evidence in the provider's own records: whether a text whose answer was lost has left all the same.

use chrono::TimeDelta;

use super::{TakeStep, Transient, VisitOutcome, outcome};
use crate::conversation::receipt::AttemptId;
use crate::conversation::step::{Evidence, LostResponse, ProviderMessage, StepEvent};
use crate::conversation::{Conversation, Plan, Step};
use crate::ports::{
    Budgets, Consents, Conversations, Form, Inbox, OutboundText, ProviderReport, RateLimiters, Receipts,
    Sender, SendingRules, SendingSwitch, Unavailable, WriteOutcome,
};
use crate::record_receipt::unrecorded::unrecorded;
use crate::values::clock::Clock;
use crate::values::verdict::Because;

/// Two attempts whose claims lie further apart than this cannot be taken for each other: a provider's
/// clock and ours agree within 30 s, a call takes 10 s at most.
const APART: TimeDelta = TimeDelta::seconds(90);

impl<C, S, W, R, K> TakeStep<'_, C, S, W, R, K>
where
    C: Conversations + Consents + Budgets + RateLimiters + Receipts + Inbox,
    S: Sender,
    W: SendingSwitch,
    R: SendingRules,
    K: Clock,
{
    /// Asks the provider's own records about a text whose answer was lost. What is found settles it; that
    /// nothing is found proves nothing.
    pub(super) async fn look_for_evidence(
        &self,
        conversation: &Conversation,
        plan: &Plan,
        step: &Step,
        lost: &LostResponse,
    ) -> Result<Option<VisitOutcome>, Transient> {
        let Some(to) = &plan.contact else { return Ok(None) };
        let text = self.outbound(conversation, to, step, self.form(to, step).await);
        let Some(message) = self.message_of(&text, lost).await? else { return Ok(None) };
        let now = self.clock.now();
        let because = Because::fact("provider", message.provider.as_str())
            .and("provider_message_id", message.id.as_str())
            .and("attempt", step.progress.attempt)
            .and("settled_by", "provider_records");
        let attested =
            StepEvent::Attested { attempt: step.progress.attempt, evidence: Evidence::Taken(because) };
        let (next, effect) = step.progress.on(attested, now);
        let learned = ProviderReport { message: Some(message), opted_out: false };
        match self.conversations.advance(conversation, step, &next, &learned, now).await? {
            WriteOutcome::Done => outcome(&next, effect).map(Some),
            WriteOutcome::Overtaken => Ok(None),
        }
    }

    /// The message that can be this attempt's and no other's.
    async fn message_of(
        &self,
        text: &OutboundText<'_>,
        lost: &LostResponse,
    ) -> Result<Option<ProviderMessage>, Unavailable> {
        // In this order: a message that the provider shows was claimed before, so its attempt is either
        // still unrecorded afterwards, or recorded by the time at which we ask for the message's owner.
        let shown = self.sender.find(text, lost.claim.at).await;
        if shown.is_empty() {
            return Ok(None);
        }
        let ours = AttemptId::last_of(text.conversation, text.step);
        let near = unrecorded(self.conversations, text.to, text.provider, lost.claim.at, APART).await?;
        let is_rival = |(conversation, id): &(Conversation, AttemptId)| {
            *id != ours && conversation.step(&id.step).is_some_and(|step| may_say_the_same(text, step))
        };
        if near.iter().any(is_rival) {
            return Ok(None);
        }
        let mut candidates = Vec::new();
        for message in shown {
            match self.conversations.attempt_of(text.provider, &message.id).await? {
                Some(owner) if owner != ours => {}
                _ => candidates.push(message),
            }
        }
        // Two that cannot be told apart prove nothing about either.
        Ok(if candidates.len() == 1 { candidates.pop() } else { None })
    }
}

/// Whether another step's message could be taken for this text. What a template became is not known.
fn may_say_the_same(text: &OutboundText<'_>, other: &Step) -> bool {
    let differs = match text.form {
        Form::Words(words) => other.content.is_none() && other.text != *words,
        Form::Template(_) => false,
    };
    text.step.channel == other.channel && !differs
}

#[cfg(test)]
mod tests;
