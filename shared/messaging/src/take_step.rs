//! Taking a step: what the state machine's task does when a text is due.
//!
//! Look, claim, call the provider, record. Each visit ends in a verdict, in a wait, or in an error
//! that makes the state machine come back in a moment; it never calls a provider without a claim of
//! its own, and a claim leads to one call at most.

mod asking;
mod circumstances;
mod evidence;
mod pace;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use thiserror::Error;

use crate::conversation::step::{Effect, NotSentReason, Progress, StepState};
use crate::conversation::{Conversation, Plan, Step};
use crate::journeys::Config;
use crate::journeys::budgets::Reservation;
use crate::ports::{
    Budgets, ClaimRequest, Consents, Conversations, Form, Inbox, OutboundText, ProviderReport, RateLimiters,
    Receipts, Sender, SendingRules, SendingSwitch, Unavailable, WriteOutcome,
};
use crate::record_receipt::price::belated;
use crate::values::clock::Clock;
use crate::values::ids::{ConversationId, StepName};
use crate::values::phone::PhoneNumber;
use crate::values::verdict::{Because, Verdict};
use asking::Asked;
use circumstances::VisitContext;

/// How often a visit starts over because something changed between its reading and its writing.
const ROUNDS: usize = 5;

/// What a visit came to.
#[derive(Debug, Clone, PartialEq)]
pub enum VisitOutcome {
    /// The step has ended.
    Decided(Verdict, Because),
    /// The state machine waits and calls again.
    Wait(DateTime<Utc>, Because),
    /// The execution asks for something that is not there. Not a verdict: the state machine ends it
    /// as `EndedOther`.
    MissingTarget(MissingTarget),
}

/// An execution without its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum MissingTarget {
    /// The conversation has expired or was erased.
    ConversationNotFound,
    /// The conversation has no such step.
    StepNotFound,
}

/// The state machine is to come back in a moment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Transient {
    /// Our own store could not be reached.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The provider has been called and its answer could not be recorded. Apart from `Unavailable`,
    /// because a visit must not start over after it: its claim has been used.
    #[error("the provider's answer could not be recorded: {0}")]
    Unrecorded(Unavailable),
    /// Another invocation holds the step and may be at the provider.
    #[error("another invocation is sending this step")]
    ClaimedElsewhere,
    /// The conversation kept changing under the visit.
    #[error("the conversation changed too often during one visit")]
    Contended,
}

/// What a visit works with.
pub struct TakeStep<'a, C, S, W, R, K> {
    /// The table.
    pub conversations: &'a C,
    /// The provider.
    pub sender: &'a S,
    /// The operators' switch.
    pub switch: &'a W,
    /// Money limits and pacing.
    pub rules: &'a R,
    /// Time.
    pub clock: &'a K,
}

impl<C, S, W, R, K> TakeStep<'_, C, S, W, R, K>
where
    C: Conversations + Consents + Budgets + RateLimiters + Receipts + Inbox,
    S: Sender,
    W: SendingSwitch,
    R: SendingRules,
    K: Clock,
{
    /// Visits a step. `invocation` names the claim that this visit may make; it is unique to the visit.
    ///
    /// # Errors
    /// See [`Transient`].
    pub async fn visit(
        &self,
        id: &ConversationId,
        name: &StepName,
        invocation: &str,
    ) -> Result<VisitOutcome, Transient> {
        let mut met_trouble = None;
        for round in 0..ROUNDS {
            let now = self.clock.now();
            let Some(conversation) = self.conversations.load(id, now).await? else {
                return Ok(VisitOutcome::MissingTarget(MissingTarget::ConversationNotFound));
            };
            let Some((plan, step)) =
                conversation.plan.as_ref().and_then(|plan| Some((plan, plan.step(name)?)))
            else {
                return Ok(VisitOutcome::MissingTarget(MissingTarget::StepNotFound));
            };
            match self.round(&conversation, plan, step, invocation, round > 0).await {
                Ok(Some(visit)) => return Ok(visit),
                Ok(None) => {}
                // The write may or may not have happened: read again and see, once.
                Err(Transient::Unavailable(trouble)) if met_trouble.is_none() => met_trouble = Some(trouble),
                Err(other) => return Err(other),
            }
        }
        Err(met_trouble.map_or(Transient::Contended, Transient::Unavailable))
    }

    /// One reading, one decision, one write; `None` when the write was overtaken.
    async fn round(
        &self,
        conversation: &Conversation,
        plan: &Plan,
        step: &Step,
        invocation: &str,
        overtaken: bool,
    ) -> Result<Option<VisitOutcome>, Transient> {
        let claim_id = claim_id(invocation, &step.progress);
        if let StepState::Claimed(claim) = &step.progress.state
            && claim.id == claim_id
        {
            // The claim's answer was lost, not the claim: it is ours and nothing has been sent under it.
            let rules = self.rules.rules().await?;
            return self.call_provider(conversation, plan, step, &claim_id, &rules).await;
        }
        if let (false, StepState::Unknown(lost)) = (overtaken, &step.progress.state)
            && let Some(visit) = self.look_for_evidence(conversation, plan, step, lost).await?
        {
            return Ok(Some(visit));
        }
        let now = self.clock.now();
        let rules = match step.progress.state {
            StepState::Planned => self.rules.rules().await?,
            _ => Arc::default(),
        };
        let around = VisitContext { claim_id: &claim_id, overtaken, rules: &rules, now };
        let event = self.event(conversation, plan, step, &around).await?;
        let (next, effect) = step.progress.on(event, now);
        let written = match (&step.progress.state, &next.state) {
            _ if next == step.progress => WriteOutcome::Done,
            (StepState::Planned, StepState::Claimed(_)) | (StepState::Planned, StepState::Decided(_))
                if is_guarded(&next) =>
            {
                // Nothing leads here once the person is erased: that stands in the way.
                let Some(contact) = &plan.contact else { return Ok(None) };
                let claiming =
                    ClaimRequest { conversation: &conversation.id, contact, step, next: &next, now };
                self.conversations.claim(&claiming).await?
            }
            _ => {
                self.conversations.advance(conversation, step, &next, &ProviderReport::default(), now).await?
            }
        };
        if written == WriteOutcome::Overtaken {
            return Ok(None);
        }
        if effect == Effect::CallProvider {
            let claimed = Step { progress: next, ..step.clone() };
            return self.call_provider(conversation, plan, &claimed, &claim_id, &rules).await;
        }
        outcome(&next, effect).map(Some)
    }

    /// Calls the provider under a claim of ours and records what it said; `None` when the next provider
    /// is to be asked.
    async fn call_provider(
        &self,
        conversation: &Conversation,
        plan: &Plan,
        step: &Step,
        claim_id: &str,
        rules: &Config,
    ) -> Result<Option<VisitOutcome>, Transient> {
        let asked = match &plan.contact {
            Some(to) => {
                let form = self.form(to, step).await;
                let text = self.outbound(conversation, to, step, form);
                asking::ask(self.conversations, self.sender, &rules.limits, &text).await
            }
            // Erased between the claim and now: nothing has been sent, and nothing will be.
            None => Asked::nobody(NotSentReason::Erased, Because::default()),
        };
        let now = self.clock.now();
        let learned = asked.learned();
        let (mut next, effect) = step.progress.on(asked.event(claim_id, step), now);
        next.reserved = asked.kept().cloned();
        let mut tries = 0;
        loop {
            tries += 1;
            match self.conversations.advance(conversation, step, &next, &learned, now).await {
                Ok(WriteOutcome::Done) => {
                    asked.settle(self.conversations, plan.contact.as_ref()).await;
                    return if effect == Effect::AskNext {
                        Ok(None)
                    } else {
                        outcome(&next, effect).map(Some)
                    };
                }
                // Somebody decided without us (an operator, a receipt): that is the answer.
                Ok(WriteOutcome::Overtaken) => {
                    return self.decided_meanwhile(conversation, plan, step, asked.kept()).await.map(Some);
                }
                Err(_) if tries < 3 => {}
                // The claim stays behind and ages into Unknown: never sent again on a guess.
                Err(unavailable) => return Err(Transient::Unrecorded(unavailable)),
            }
        }
    }

    /// What others have decided while we were at the provider. Never the begin of another round: the
    /// claim has been used.
    async fn decided_meanwhile(
        &self,
        conversation: &Conversation,
        plan: &Plan,
        step: &Step,
        kept: Option<&Reservation>,
    ) -> Result<VisitOutcome, Transient> {
        let stored = self.conversations.load(&conversation.id, self.clock.now()).await;
        let stored = stored.map_err(Transient::Unrecorded)?;
        let Some(now_stored) = stored.as_ref().and_then(|stored| stored.step(&step.name)) else {
            return Err(Transient::Contended);
        };
        let StepState::Decided(decision) = &now_stored.progress.state else {
            return Err(Transient::Contended);
        };
        if let (Some(reservation), Some(to)) = (kept, &plan.contact)
            && now_stored.progress.attempt == step.progress.attempt
        {
            self.keep_reservation(conversation, now_stored, reservation, to).await;
        }
        Ok(VisitOutcome::Decided(decision.verdict, decision.because.clone()))
    }

    /// Stores what a text has reserved with a step that a receipt was quicker to decide, so that its price
    /// can be settled, and settles the one that the receipt has told. What cannot be stored stays counted.
    async fn keep_reservation(
        &self,
        conversation: &Conversation,
        step: &Step,
        reservation: &Reservation,
        to: &PhoneNumber,
    ) {
        let next = Progress { reserved: Some(reservation.clone()), ..step.progress.clone() };
        let now = self.clock.now();
        let kept =
            self.conversations.advance(conversation, step, &next, &ProviderReport::default(), now).await;
        if let (Ok(WriteOutcome::Done), Some(by)) = (kept, belated(step, reservation)) {
            let _stays_counted = self.conversations.adjust(reservation, to, by).await;
        }
    }

    fn outbound<'t>(
        &self,
        conversation: &'t Conversation,
        to: &'t PhoneNumber,
        step: &'t Step,
        form: Form<'t>,
    ) -> OutboundText<'t> {
        OutboundText {
            provider: step.carrier(),
            conversation: &conversation.id,
            to,
            step,
            form,
            attempt: step.progress.attempt,
            now: self.clock.now(),
        }
    }

    /// In which form a step is said: by its words; on WhatsApp by its template, unless there are words
    /// and the customer has written within 24 hours. Where that cannot be found out, the template is
    /// always right.
    async fn form<'t>(&self, to: &PhoneNumber, step: &'t Step) -> Form<'t> {
        let Some(template) = &step.content else { return Form::Words(&step.text) };
        if step.text.expose().is_empty() {
            return Form::Template(template);
        }
        match self.conversations.contact(to).await {
            Ok(contact) if contact.whatsapp_window_is_open(self.clock.now()) => Form::Words(&step.text),
            _ => Form::Template(template),
        }
    }
}

/// The name of the claim that a visit makes: one for each provider that it asks, so that what is
/// written about one attempt never fits another.
fn claim_id(invocation: &str, progress: &Progress) -> String {
    match progress.tried.len() {
        0 => invocation.to_owned(),
        tried => format!("{invocation}.{tried}"),
    }
}

/// Whether a step's way must be guarded by the checks of a claim: it leads to the provider, or says
/// what would have been sent.
fn is_guarded(next: &Progress) -> bool {
    matches!(next.state, StepState::Claimed(_)) || next.verdict() == Some(Verdict::Shadowed)
}

fn outcome(next: &Progress, effect: Effect) -> Result<VisitOutcome, Transient> {
    match (effect, &next.state) {
        (Effect::Wait(due, because), _) => Ok(VisitOutcome::Wait(due, because)),
        (_, StepState::Decided(decision)) => {
            Ok(VisitOutcome::Decided(decision.verdict, decision.because.clone()))
        }
        (Effect::TryAgainSoon, _) => Err(Transient::ClaimedElsewhere),
        _ => Err(Transient::Contended),
    }
}

#[cfg(test)]
mod sending_tests;
#[cfg(test)]
mod tests;
