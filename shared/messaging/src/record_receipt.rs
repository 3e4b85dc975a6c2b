//! Records a delivery receipt: stores the reported status, and settles an attempt whose answer was lost.
//!
//! Receipts arrive in any order, repeatedly, days late, before the answer itself has been recorded, and
//! about unknown texts. A receipt counts for its own attempt only. A status never goes back.

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

/// The result of recording a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptOutcome {
    /// The status is further on than the known one, and is stored.
    Noted,
    /// The status, or a later one, was already stored.
    Known,
    /// The receipt has settled an attempt whose answer was lost.
    Settled,
    /// The text did not arrive and is tried once more.
    TriedAgain,
    /// The kind of the receipt is unknown. The receipt is kept.
    UnknownKind,
    /// The receipt is about an unknown text. The receipt is kept.
    UnknownMessage,
}

/// The number of times that a receipt is assessed again because the step changed concurrently.
const ROUNDS: usize = 5;
/// The time after which a text is tried again that the carrier or the phone could not take.
pub(crate) const RETRY_AFTER: TimeDelta = TimeDelta::minutes(15);
/// The shortest time until the first visit of an execution that is started before its step is planned. An
/// invocation ends within 30 s, so the step is planned by then or never will be.
const VISIT_AFTER_PLAN: TimeDelta = TimeDelta::seconds(60);
/// The number of execution numbers that are tried. Providers repeat a receipt less often.
const MAX_STARTS: u32 = 16;
/// The largest difference between a provider's clock and ours about the time of an acceptance.
const CLOCKS_AGREE: TimeDelta = TimeDelta::seconds(30);

/// Records a receipt.
///
/// # Errors
/// When the store or Step Functions cannot be reached. The provider delivers the receipt again, and what
/// was stored is not stored a second time.
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
        let step = match conversation.step(&about.step) {
            Some(step) if about.attempt <= step.progress.attempt => step,
            // The step does not exist, or the attempt was never made.
            _ => {
                ports.keep_receipt(receipt, now).await?;
                return Ok(ReceiptOutcome::UnknownMessage);
            }
        };
        if receipt.status.is_none() {
            ports.keep_receipt(receipt, now).await?;
        }
        let recording =
            Recording { ports, executions, receipt, conversation: &conversation, step, about: &about, now };
        match recording.assess().await? {
            Assessment::Settled => settled = true,
            Assessment::Overtaken => {}
            Assessment::Recorded(ReceiptOutcome::TriedAgain) => return Ok(ReceiptOutcome::TriedAgain),
            Assessment::Recorded(_) if settled => return Ok(ReceiptOutcome::Settled),
            Assessment::Recorded(recorded) => return Ok(recorded),
        }
    }
    Err(Unavailable {
        operation: "dynamodb:TransactWriteItems",
        reason: "the step changed too often".to_owned(),
    })
}

/// Finds the attempt that a receipt is about: the attempt that it names, the attempt whose message it
/// names, or, for a provider that returns none of our ids, the only attempt at that time to that phone
/// whose message id is unknown.
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

/// The result of one reading of the step.
enum Assessment {
    /// The receipt has decided the step. The next round stores the reported status.
    Settled,
    /// The step changed concurrently. The next round reads it again.
    Overtaken,
    /// The receipt is recorded.
    Recorded(ReceiptOutcome),
}

/// A receipt, the step that it is about, and the ports to record it with.
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
    /// Makes one change of the step, or stores the reported status.
    async fn assess(&self) -> Result<Assessment, Unavailable> {
        let delivery = self.receipt.status.map(|status| Delivery {
            attempt: self.about.attempt,
            status,
            code: self.receipt.code.clone(),
            at: self.receipt.at,
        });
        let is_news =
            delivery.as_ref().is_some_and(|delivery| delivery.replaces(self.step.delivery.as_ref()));
        if let Some(assessment) = self.settle(is_news).await? {
            return Ok(assessment);
        }
        if let Some(price) = self.receipt.price
            && settle_price(self.ports, self.conversation, self.step, self.about, price).await?
                == WriteOutcome::Overtaken
        {
            return Ok(Assessment::Overtaken);
        }
        let Some(delivery) = delivery else { return Ok(Assessment::Recorded(ReceiptOutcome::UnknownKind)) };
        let again = self.try_again(is_news).await?;
        if again == Some(WriteOutcome::Overtaken) {
            return Ok(Assessment::Overtaken);
        }
        if self.receipt.opted_out && is_news && again.is_none() {
            let opted_out = ProviderReport { message: None, opted_out: true };
            let (step, now) = (self.step, self.now);
            self.ports.advance(self.conversation, step, &step.progress, &opted_out, now).await?;
        }
        let noted = self.ports.note_delivery(self.conversation, &self.step.name, &delivery).await?;
        Ok(Assessment::Recorded(match (again, noted) {
            (Some(_), _) => ReceiptOutcome::TriedAgain,
            (None, WriteOutcome::Done) => ReceiptOutcome::Noted,
            (None, WriteOutcome::Overtaken) => ReceiptOutcome::Known,
        }))
    }

    /// Decides a step whose answer was lost. Returns `None` if there is nothing to settle.
    async fn settle(&self, is_news: bool) -> Result<Option<Assessment>, Unavailable> {
        if !self.settles(is_news) {
            return Ok(None);
        }
        let evidence = Evidence::Taken(self.because());
        let taken = StepEvent::Attested { attempt: self.about.attempt, evidence };
        let (next, effect) = self.step.progress.on(taken, self.now);
        if effect == Effect::Nothing {
            return Ok(None);
        }
        let report = ProviderReport { message: Some(self.message()), opted_out: false };
        let written = self.ports.advance(self.conversation, self.step, &next, &report, self.now).await?;
        Ok(Some(if written == WriteOutcome::Done { Assessment::Settled } else { Assessment::Overtaken }))
    }

    /// Returns whether the receipt shows that the provider has the text. Any receipt shows it, with two
    /// exceptions for a step that is planned again: a failure does not contradict a provider that turned
    /// the text away, and a status that is already known proves nothing new.
    fn settles(&self, is_news: bool) -> bool {
        match self.step.progress.state {
            StepState::Planned => is_news && self.receipt.status.is_some_and(|status| !status.is_failure()),
            StepState::Claimed(_) | StepState::Unknown(_) | StepState::Decided(_) => true,
        }
    }

    /// Plans a text again that did not arrive, once at most and within its deadline. Returns `None` if the
    /// text is not tried again. The execution is started before the step is planned: an execution that
    /// finds the step unchanged ends, but a planned step without an execution would never get a verdict.
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

    /// Starts a further execution under the first free number and returns that number. A number is taken if
    /// an earlier delivery of this receipt started an execution and then could not plan the step.
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
