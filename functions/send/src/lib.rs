//! The state machine's task: one visit to one step.
//!
//! Follow one text: [`Send::handle`] reads the execution's input. `messaging::take_step` reads the
//! conversation, claims the step, sends the text and records the answer. The output names the verdict, which
//! is the execution's last state, or a later due time.

use messaging::ports::{Sender, SendingRules, SendingSwitch};
use messaging::take_step::{self, Transient, VisitOutcome, VisitPorts, VisitStore};
use messaging::values::clock::{Clock, to_rfc3339};
use messaging::values::ids::{ConversationId, StepName};
use messaging::values::provider::Provider;
use messaging::values::verdict::Because;
use serde::Serialize;
use serde_json::Value;
use telemetry::Decision;

/// The function with its ports.
pub struct Send<C, S, W, R, T> {
    /// The table with conversations, contacts and counters.
    pub conversations: C,
    /// The providers that carry texts.
    pub sender: S,
    /// The operators' switch.
    pub switch: W,
    /// The source of spending limits and rate limits.
    pub rules: R,
    /// The clock that due times are compared with.
    pub clock: T,
}

/// The output: the input of the state machine's next state, and in the end the execution's output. It
/// holds ids, times and facts, and no personal data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Output {
    /// The conversation id of the input, unchanged.
    pub conversation_id: Option<String>,
    /// The step of the input, unchanged.
    pub step: Option<String>,
    /// The due time of the input; after `Wait`, the time of the next visit.
    pub due: Option<String>,
    /// A terminal state's name, or `Wait`.
    pub verdict: String,
    /// The facts behind the verdict.
    pub because: Because,
}

/// A visit that failed and is to be repeated. Step Functions matches its Retry against the name
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

impl<C, S, W, R, T> VisitPorts for Send<C, S, W, R, T>
where
    C: VisitStore,
    S: Sender,
    W: SendingSwitch,
    R: SendingRules,
    T: Clock,
{
    type Store = C;
    type Sender = S;
    type Switch = W;
    type Rules = R;
    type Clock = T;

    fn store(&self) -> &C {
        &self.conversations
    }
    fn sender(&self) -> &S {
        &self.sender
    }
    fn switch(&self) -> &W {
        &self.switch
    }
    fn rules(&self) -> &R {
        &self.rules
    }
    fn clock(&self) -> &T {
        &self.clock
    }
}

impl<C, S, W, R, T> Send<C, S, W, R, T>
where
    Self: VisitPorts,
{
    /// Visits the step that an execution's input names. `invocation` is unique to this call.
    ///
    /// Unknown fields of the input are ignored: after a wait the input is the last output, and executions
    /// that started before a deployment carry the fields of that time.
    ///
    /// # Errors
    /// [`FailedVisit`], when the state machine is to try again in a moment.
    pub async fn handle(&self, input: &Value, invocation: &str) -> Result<Output, FailedVisit> {
        let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
        let (conversation_id, step, due) = (text("conversation_id"), text("step"), text("due"));
        let target = target(conversation_id.as_deref(), step.as_deref());
        let output = |verdict: &str, due: Option<String>, because: Because| Output {
            conversation_id,
            step,
            due,
            verdict: verdict.to_owned(),
            because,
        };
        let Some((id, name)) = target else {
            let decision = telemetry::count(Decision::InvalidInput);
            tracing::error!(invocation, decision, "The input names no conversation and step");
            let because = Because::fact("input", "names no conversation and step");
            return Ok(output("InvalidInput", due, because));
        };
        let (decision, output) = match take_step::visit(self, &id, &name, invocation).await {
            Ok(VisitOutcome::Decided(verdict, because)) => {
                let provider = because.get("provider").and_then(Value::as_str).and_then(Provider::of_name);
                (Decision::Verdict { verdict, provider }, output(verdict.as_str(), due, because))
            }
            Ok(VisitOutcome::Wait(until, because)) => {
                (Decision::Wait, output("Wait", Some(to_rfc3339(until)), because))
            }
            Ok(VisitOutcome::MissingTarget(target)) => {
                let because = Because::fact("conversation", "expired, erased or never stored");
                (Decision::EndedOther(target.as_str()), output(target.as_str(), due, because))
            }
            Err(transient) => {
                let decision = telemetry::count(Decision::FailedVisit);
                tracing::warn!(
                    invocation,
                    conversation_id = %id,
                    step = %name,
                    error = %transient,
                    decision,
                    "The visit failed and is repeated"
                );
                return Err(FailedVisit(transient));
            }
        };
        let decision = telemetry::count(decision);
        let provider = output.because.get("provider").and_then(Value::as_str);
        let because = serde_json::to_string(&output.because).unwrap_or_default();
        tracing::info!(
            invocation,
            conversation_id = %id,
            step = %name,
            decision,
            due = output.due,
            provider,
            because,
            "Visited the step"
        );
        Ok(output)
    }
}

/// Reads the conversation and the step that an input names.
fn target(conversation_id: Option<&str>, step: Option<&str>) -> Option<(ConversationId, StepName)> {
    let id = ConversationId::new(conversation_id?).ok()?;
    let name = StepName::new(step?).ok()?;
    Some((id, name))
}
