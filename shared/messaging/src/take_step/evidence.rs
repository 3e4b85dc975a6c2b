//! Looks in the provider's own records for a text whose answer was lost.

use chrono::TimeDelta;

use super::outcome::{Round, Transient};
use super::ports::VisitPorts;
use super::visit::{Visit, ended};
use crate::conversation::Step;
use crate::conversation::receipt::AttemptId;
use crate::conversation::step::{Evidence, LostResponse, ProviderMessage, StepEvent};
use crate::ports::{Form, OutboundText, ProviderReport, Receipts, Sender, Unavailable, WriteOutcome};
use crate::record_receipt::unrecorded::unrecorded;
use crate::values::verdict::Because;

/// Two attempts whose claims lie further apart than this cannot be confused: a provider's clock and ours
/// agree within 30 s, and a call takes at most 10 s.
const APART: TimeDelta = TimeDelta::seconds(90);

impl<P: VisitPorts> Visit<'_, P> {
    /// Looks in the provider's own records for a text whose answer was lost. A message that is found
    /// settles the step. Finding none proves nothing: the result is `None` and the visit goes on.
    pub(super) async fn look_for_evidence(&self, lost: &LostResponse) -> Result<Option<Round>, Transient> {
        let Some(to) = &self.plan.contact else { return Ok(None) };
        let text = self.outbound(to).await;
        let Some(message) = self.message_of(&text, lost).await? else { return Ok(None) };
        let now = self.clock_now();
        let attempt = self.step.progress.attempt;
        let because = Because::fact("provider", message.provider.as_str())
            .and("provider_message_id", message.id.as_str())
            .and("attempt", attempt)
            .and("settled_by", "provider_records");
        let attested = StepEvent::Attested { attempt, evidence: Evidence::Taken(because) };
        let (next, effect) = self.step.progress.on(attested, now);
        let report = ProviderReport { message: Some(message), opted_out: false };
        match self.advance(&next, &report, now).await? {
            WriteOutcome::Done => ended(&next, effect).map(Some),
            WriteOutcome::Overtaken => Ok(None),
        }
    }

    /// Returns the message that can be this attempt's and no other's.
    async fn message_of(
        &self,
        text: &OutboundText<'_>,
        lost: &LostResponse,
    ) -> Result<Option<ProviderMessage>, Unavailable> {
        // The order matters. A message that the provider shows was claimed before this call, so its attempt
        // is either still unrecorded afterwards, or recorded by the time the message's owner is looked up.
        let store = self.ports.store();
        let shown = self.ports.sender().find(text, lost.claim.at).await;
        if shown.is_empty() {
            return Ok(None);
        }
        let ours = AttemptId::last_of(text.conversation, text.step);
        for (conversation, id) in unrecorded(store, text.to, text.provider, lost.claim.at, APART).await? {
            if id == ours {
                continue;
            }
            if let Some(other) = conversation.step(&id.step)
                && may_have_the_same_words(text, other)
            {
                return Ok(None);
            }
        }
        let mut candidates = Vec::new();
        for message in shown {
            match store.attempt_of(text.provider, &message.id).await? {
                Some(owner) if owner != ours => {}
                _ => candidates.push(message),
            }
        }
        // Two messages that cannot be told apart prove nothing about either.
        if candidates.len() > 1 {
            return Ok(None);
        }
        Ok(candidates.pop())
    }
}

/// Returns whether another step's message could be taken for this text. The words that a provider made of
/// a template are not known.
fn may_have_the_same_words(text: &OutboundText<'_>, other: &Step) -> bool {
    let differs = match text.form {
        Form::Words(words) => other.content.is_none() && other.text != *words,
        Form::Template(_) => false,
    };
    text.step.channel == other.channel && !differs
}

#[cfg(test)]
mod tests;
