//! Recording a receipt: what is reported is noted, and settles an attempt whose answer was lost.
//!
//! Receipts come in any order, more than once, days late, before the answer itself has been recorded, and
//! about texts that are not known. A receipt counts for its own attempt; what has been reached stays.

pub(crate) mod price;
pub(crate) mod unrecorded;

use chrono::{DateTime, TimeDelta, Utc};

use crate::conversation::delivery::Delivery;
use crate::conversation::receipt::{AttemptId, Receipt};
use crate::conversation::step::{Effect, Evidence, Progress, ProviderMessage, StepEvent, StepState};
use crate::conversation::{Conversation, Step};
use crate::ports::{
    Budgets, Conversations, Executions, Inbox, ProviderReport, Receipts, StartOutcome, Unavailable,
    WriteOutcome,
};
use crate::values::clock::{Clock, ceil_to_second};
use crate::values::verdict::Because;
pub use price::settle_price;
use unrecorded::unrecorded;

pub use price::{PriceOutcome, settle_found};

/// What became of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptOutcome {
    /// It says more than was known.
    Noted,
    /// It says what was known, or what was the case before that.
    Known,
    /// It has settled an attempt whose answer was lost.
    Settled,
    /// The text did not arrive and is tried once more.
    TriedAgain,
    /// Its kind is not known: kept.
    UnknownKind,
    /// It is about a text that is not known: kept.
    UnknownMessage,
}

/// How often a receipt is weighed anew because something changed meanwhile.
const ROUNDS: usize = 5;
/// A text that the carrier or the phone could not take is tried again after this time.
pub(crate) const RETRY_AFTER: TimeDelta = TimeDelta::minutes(15);
/// An execution that is started before its step is planned visits it no sooner than this: longer than any
/// invocation lives (30 s), so the step is planned by then or never will be.
const VISIT_AFTER_PLAN: TimeDelta = TimeDelta::seconds(60);
/// How many numbers of executions are tried. Providers repeat a receipt less often.
const MAX_STARTS: u32 = 16;
/// A provider's clock and ours agree about an acceptance within this time.
const CLOCKS_AGREE: TimeDelta = TimeDelta::seconds(30);

/// Records a receipt.
///
/// # Errors
/// When the store or Step Functions cannot be reached: the provider delivers again, and what was done
/// is found done.
pub async fn record<P, E>(
    ports: &P,
    executions: &E,
    receipt: &Receipt,
    clock: &impl Clock,
) -> Result<ReceiptOutcome, Unavailable>
where
    P: Conversations + Budgets + Receipts + Inbox,
    E: Executions,
{
    let mut settled = false;
    for _ in 0..ROUNDS {
        let now = clock.now();
        let Some((conversation, about)) = find(ports, receipt, now).await? else {
            ports.keep_receipt(receipt, now).await?;
            return Ok(ReceiptOutcome::UnknownMessage);
        };
        // An attempt that was never made is none of ours.
        let made = |step: &&Step| about.attempt <= step.progress.attempt;
        let Some(step) = conversation.step(&about.step).filter(made) else {
            ports.keep_receipt(receipt, now).await?;
            return Ok(ReceiptOutcome::UnknownMessage);
        };
        if receipt.status.is_none() {
            ports.keep_receipt(receipt, now).await?;
        }
        let recording =
            Recording { ports, executions, receipt, conversation: &conversation, step, about: &about, now };
        match recording.weigh().await? {
            Weighed::Settled => settled = true,
            Weighed::Overtaken => {}
            Weighed::As(ReceiptOutcome::TriedAgain) => return Ok(ReceiptOutcome::TriedAgain),
            Weighed::As(_) if settled => return Ok(ReceiptOutcome::Settled),
            Weighed::As(recorded) => return Ok(recorded),
        }
    }
    Err(Unavailable {
        operation: "dynamodb:TransactWriteItems",
        reason: "the step changed too often".to_owned(),
    })
}

/// The attempt that a receipt is about: the one it names, the one whose message it names, or, for a
/// provider that gives back nothing of ours, the only one at that time to that phone whose message id
/// is not known.
async fn find<P: Conversations + Receipts + Inbox>(
    ports: &P,
    receipt: &Receipt,
    now: DateTime<Utc>,
) -> Result<Option<(Conversation, AttemptId)>, Unavailable> {
    let named = match &receipt.about {
        Some(about) => Some(about.clone()),
        None => ports.attempt_of(receipt.provider, &receipt.message_id).await?,
    };
    if let Some(about) = named {
        let conversation = ports.load(&about.conversation, now).await?;
        return Ok(conversation.map(|conversation| (conversation, about)));
    }
    let (Some(phone), Some(accepted_at)) = (&receipt.to, receipt.accepted_at) else { return Ok(None) };
    let mut candidates = unrecorded(ports, phone, receipt.provider, accepted_at, CLOCKS_AGREE).await?;
    match (candidates.pop(), candidates.pop()) {
        (Some(only), None) => Ok(Some(only)),
        _ => Ok(None),
    }
}

/// What one reading of the step led to.
enum Weighed {
    /// The step is decided: read again, and note what is reported.
    Settled,
    /// Something changed first: read again.
    Overtaken,
    /// That is all.
    As(ReceiptOutcome),
}

struct Recording<'a, P, E> {
    ports: &'a P,
    executions: &'a E,
    receipt: &'a Receipt,
    conversation: &'a Conversation,
    step: &'a Step,
    about: &'a AttemptId,
    now: DateTime<Utc>,
}

impl<P: Conversations + Budgets + Receipts, E: Executions> Recording<'_, P, E> {
    /// One reading, and one change of the step or one note.
    async fn weigh(&self) -> Result<Weighed, Unavailable> {
        let delivery = self.receipt.status.map(|status| Delivery {
            attempt: self.about.attempt,
            status,
            code: self.receipt.code.clone(),
            at: self.receipt.at,
        });
        let is_news =
            delivery.as_ref().is_some_and(|delivery| delivery.replaces(self.step.delivery.as_ref()));
        if let Some(weighed) = self.settle(is_news).await? {
            return Ok(weighed);
        }
        if let Some(price) = self.receipt.price
            && settle_price(self.ports, self.conversation, self.step, self.about, price).await?
                == WriteOutcome::Overtaken
        {
            return Ok(Weighed::Overtaken);
        }
        let Some(delivery) = delivery else { return Ok(Weighed::As(ReceiptOutcome::UnknownKind)) };
        let again = self.try_again(is_news).await?;
        if again == Some(WriteOutcome::Overtaken) {
            return Ok(Weighed::Overtaken);
        }
        if self.receipt.opted_out && is_news && again.is_none() {
            let opted_out = ProviderReport { message: None, opted_out: true };
            let (step, now) = (self.step, self.now);
            self.ports.advance(self.conversation, step, &step.progress, &opted_out, now).await?;
        }
        let noted = self.ports.note_delivery(self.conversation, &self.step.name, &delivery).await?;
        Ok(Weighed::As(match (again, noted) {
            (Some(_), _) => ReceiptOutcome::TriedAgain,
            (None, WriteOutcome::Done) => ReceiptOutcome::Noted,
            (None, WriteOutcome::Overtaken) => ReceiptOutcome::Known,
        }))
    }

    /// Decides a step whose answer was lost; `None` when there is nothing to settle.
    async fn settle(&self, is_news: bool) -> Result<Option<Weighed>, Unavailable> {
        if !self.settles(is_news) {
            return Ok(None);
        }
        let evidence = Evidence::Taken(self.because());
        let taken = StepEvent::Attested { attempt: self.about.attempt, evidence };
        let (next, effect) = self.step.progress.on(taken, self.now);
        if effect == Effect::Nothing {
            return Ok(None);
        }
        let learned = ProviderReport { message: Some(self.message()), opted_out: false };
        let written = self.ports.advance(self.conversation, self.step, &next, &learned, self.now).await?;
        Ok(Some(if written == WriteOutcome::Done { Weighed::Settled } else { Weighed::Overtaken }))
    }

    /// Whether the receipt can show that the provider has the text. Any receipt of the provider's does,
    /// but one that says that it could not be sent does not contradict a provider that had turned it
    /// away, nor does one that is no news to a step that is planned anew.
    fn settles(&self, is_news: bool) -> bool {
        match self.step.progress.state {
            StepState::Planned => is_news && self.receipt.status.is_some_and(|status| !status.is_failure()),
            StepState::Claimed(_) | StepState::Unknown(_) | StepState::Decided(_) => true,
        }
    }

    /// Plans a text that did not arrive once more, by itself once only and inside its deadline; `None`
    /// when that is not the case. Its execution is started first: one that finds the step as it was ends
    /// there, but a step that is planned without one would never come to a verdict.
    async fn try_again(&self, is_news: bool) -> Result<Option<WriteOutcome>, Unavailable> {
        let progress = &self.step.progress;
        let is_about_the_last = self.about.attempt == progress.attempt;
        if !(self.receipt.retryable && is_about_the_last && is_news && progress.reruns == 0) {
            return Ok(None);
        }
        let failed = StepEvent::Attested { attempt: self.about.attempt, evidence: Evidence::NotDelivered };
        let (next, Effect::StartAgain(_)) = progress.on(failed, self.now) else { return Ok(None) };
        let wanted = self.receipt.at.max(self.step.due) + RETRY_AFTER;
        let due = ceil_to_second(wanted.max(self.now + VISIT_AFTER_PLAN));
        if due > self.step.deadline {
            return Ok(None);
        }
        let number = self.start_again(due).await?;
        let next = Progress { reruns: number, ..next };
        self.ports
            .advance(self.conversation, self.step, &next, &ProviderReport::default(), self.now)
            .await
            .map(Some)
    }

    /// Starts a further execution, and says its number: the first that is free. Others are taken when an
    /// earlier delivery of this receipt started one and could not plan the step.
    async fn start_again(&self, due: DateTime<Utc>) -> Result<u32, Unavailable> {
        for number in 1..=MAX_STARTS {
            let (id, name) = (&self.conversation.id, &self.step.name);
            if self.executions.start_again(id, name, number, due).await? == StartOutcome::Waits {
                return Ok(number);
            }
        }
        Err(Unavailable {
            operation: "states:StartExecution",
            reason: format!("{MAX_STARTS} further executions of the step exist already"),
        })
    }

    fn because(&self) -> Because {
        Because::fact("provider", self.receipt.provider.as_str())
            .and("provider_message_id", self.receipt.message_id.as_str())
            .and("attempt", self.about.attempt)
            .and("settled_by", "receipt")
    }

    fn message(&self) -> ProviderMessage {
        ProviderMessage {
            provider: self.receipt.provider.as_str().to_owned(),
            id: self.receipt.message_id.clone(),
            from: self.receipt.from.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
