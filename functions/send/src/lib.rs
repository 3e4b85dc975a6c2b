//! The state machine's task: one visit to one step.
//!
//! Follow one text: [`Send::handle`] reads the execution's input, `messaging::take_step` looks,
//! claims, sends and records, and what comes back is the verdict that names the execution's last
//! state, or a later due time.

use messaging::ports::{
    Budgets, Consents, Conversations, Inbox, RateLimiters, Receipts, Sender, SendingRules, SendingSwitch,
};
use messaging::take_step::{TakeStep, Transient, VisitOutcome};
use messaging::values::clock::{Clock, to_rfc3339};
use messaging::values::ids::{ConversationId, StepName};
use messaging::values::verdict::Because;
use serde::Serialize;
use serde_json::Value;

/// What the function works with.
pub struct Send<C, S, W, R, T> {
    /// The table.
    pub conversations: C,
    /// The provider.
    pub sender: S,
    /// The operators' switch.
    pub switch: W,
    /// Money limits and pacing.
    pub rules: R,
    /// Time.
    pub clock: T,
}

/// What the state machine is told: the input for its next state and the execution's output. Ids,
/// times and facts; no personal data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Output {
    /// The conversation, as it came.
    pub conversation_id: Option<String>,
    /// The step, as it came.
    pub step: Option<String>,
    /// When to come back, after `Wait`; as it came, otherwise.
    pub due: Option<String>,
    /// A terminal state's name, or `Wait`.
    pub verdict: String,
    /// The facts behind it.
    pub because: Because,
}

/// The visit failed and is to be repeated: Step Functions matches its Retry against the name
/// [`FAILED_VISIT`]. Every business outcome is an [`Output`] instead.
#[derive(Debug)]
pub struct FailedVisit(pub Transient);

/// The error's name in the state machine's definition.
pub const FAILED_VISIT: &str = "Transient";

impl From<FailedVisit> for lambda_runtime::Diagnostic {
    fn from(failed: FailedVisit) -> Self {
        Self { error_type: FAILED_VISIT.to_owned(), error_message: failed.0.to_string() }
    }
}

impl<C, S, W, R, T> Send<C, S, W, R, T>
where
    C: Conversations + Consents + Budgets + RateLimiters + Receipts + Inbox,
    S: Sender,
    W: SendingSwitch,
    R: SendingRules,
    T: Clock,
{
    /// Visits the step that an execution's input names. `invocation` is unique to this call.
    ///
    /// Unknown fields of the input are ignored: after a wait it is the last output, and executions
    /// that started before a deployment carry what was written then.
    ///
    /// # Errors
    /// [`FailedVisit`], when the state machine is to try again in a moment.
    pub async fn handle(&self, input: &Value, invocation: &str) -> Result<Output, FailedVisit> {
        let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
        let (conversation_id, step, due) = (text("conversation_id"), text("step"), text("due"));
        let output = |verdict: String, due: Option<String>, because: Because| Output {
            conversation_id: conversation_id.clone(),
            step: step.clone(),
            due,
            verdict,
            because,
        };
        let names = conversation_id
            .as_deref()
            .and_then(|id| ConversationId::new(id).ok())
            .zip(step.as_deref().and_then(|step| StepName::new(step).ok()));
        let Some((id, name)) = names else {
            tracing::error!(invocation, decision = "InvalidInput");
            let because = Because::fact("input", "names no conversation and step");
            return Ok(output("InvalidInput".to_owned(), due, because));
        };
        let take = TakeStep {
            conversations: &self.conversations,
            sender: &self.sender,
            switch: &self.switch,
            rules: &self.rules,
            clock: &self.clock,
        };
        let visit = take.visit(&id, &name, invocation).await;
        let said = match visit {
            Ok(VisitOutcome::Decided(verdict, because)) => output(verdict.to_string(), due, because),
            Ok(VisitOutcome::Wait(until, because)) => {
                output("Wait".to_owned(), Some(to_rfc3339(until)), because)
            }
            Ok(VisitOutcome::MissingTarget(stray)) => output(
                format!("{stray:?}"),
                due,
                Because::fact("conversation", "expired, erased or never stored"),
            ),
            Err(transient) => {
                tracing::warn!(invocation, conversation_id = %id, step = %name, error = %transient, decision = FAILED_VISIT);
                return Err(FailedVisit(transient));
            }
        };
        let provider = said.because.get("provider").and_then(Value::as_str);
        let because = serde_json::to_string(&said.because).unwrap_or_default();
        tracing::info!(
            invocation,
            conversation_id = %id,
            step = %name,
            decision = said.verdict,
            due = said.due,
            provider,
            because
        );
        Ok(said)
    }
}
