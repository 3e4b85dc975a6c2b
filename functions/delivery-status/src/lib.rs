//! Receives delivery receipts from providers.
//!
//! Follow one receipt: [`DeliveryStatus::handle`] tells who reports. [`twilio`] reads a signed form,
//! [`end_user_messaging`] an event that came by a topic or by EventBridge, [`sns`] the delivery log of
//! texts that were published. `messaging::record_receipt` finds the attempt that it is about, notes how far the
//! text has come, and settles an answer that was lost.

mod end_user_messaging;
mod sns;
mod twilio;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use http_edge::answer::{respond, unavailable};
use http_edge::lambda_event::{Failed, LambdaEvent};
use http_edge::twilio_call::TwilioCall;
use http_edge::{Problem, Request, Response};
use messaging::conversation::receipt::Receipt;
use messaging::ports::{Budgets, Conversations, Executions, Inbox, KeyRing, Receipts, Unavailable};
use messaging::record_receipt::{ReceiptOutcome, record};
use messaging::values::clock::Clock;
use serde_json::Value;
use telemetry::{Decision, TextReport};

/// The dependencies of the function.
pub struct DeliveryStatus<P, E, K, T> {
    /// The table.
    pub table: P,
    /// Starts a text that did not arrive once more.
    pub executions: E,
    /// The provider's keys.
    pub keys: K,
    /// Time.
    pub clock: T,
    /// The public base URL that the provider calls; without one, the address that API Gateway names.
    pub public_url: Option<String>,
}

/// The answer to a call of Twilio's that says nothing of use.
const NO_ANSWER: &str = "<Response/>";

impl<P, E, K, T> DeliveryStatus<P, E, K, T>
where
    P: Conversations + Budgets + Receipts + Inbox,
    E: Executions,
    K: KeyRing,
    T: Clock,
{
    /// Does what an invocation asks for: answers a callback, or takes events and log lines of AWS's.
    ///
    /// # Errors
    /// For events and log lines only: when one cannot be understood, or not be stored. What goes wrong
    /// with a call is a response.
    pub async fn handle(&self, event: Value) -> Result<Value, Failed> {
        match LambdaEvent::read(event)? {
            LambdaEvent::Http(call) => serde_json::to_value(self.answer(*call).await)
                .map_err(|_| Failed::Malformed("the response is no JSON")),
            LambdaEvent::Notifications(messages) => {
                for message in messages {
                    let event = serde_json::from_str(&message);
                    self.event(&event.map_err(|_| Failed::Malformed("no JSON in the message"))?).await?;
                }
                Ok(Value::Null)
            }
            LambdaEvent::Detail(detail) => self.event(&detail).await.map(|()| Value::Null),
            LambdaEvent::Logs(data) => {
                for receipt in sns::receipts(&data)? {
                    self.record("logs", &receipt).await?;
                }
                Ok(Value::Null)
            }
        }
    }

    /// Answers a call. Infallible: what goes wrong is a response.
    pub async fn answer(&self, call: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request = Request::from_event(call);
        respond(&request, self.route(&request)).await
    }

    async fn route(&self, request: &Request) -> Result<Response, Problem> {
        match request.route.as_str() {
            "POST /twilio/status" => self.twilio(request).await,
            _ => Err(Problem::NotFound),
        }
    }

    async fn twilio(&self, request: &Request) -> Result<Response, Problem> {
        let call = TwilioCall::authenticated(request, &self.keys, self.public_url.as_deref()).await?;
        let Some(receipt) = twilio::receipt(&call, &request.raw_query, self.clock.now()) else {
            let decision = telemetry::count(Decision::NoUsableFields);
            tracing::info!(
                request_id = request.id,
                status = 200,
                decision,
                "Ignored a report without usable fields"
            );
            return Ok(Response::text(200, "text/xml", NO_ANSWER));
        };
        self.record(&request.id, &receipt).await.map_err(|trouble| unavailable(request, &trouble))?;
        Ok(Response::empty(204))
    }

    async fn event(&self, event: &Value) -> Result<(), Failed> {
        let receipt = end_user_messaging::receipt(event, self.clock.now())?;
        Ok(self.record("event", &receipt).await?)
    }

    async fn record(&self, request_id: &str, receipt: &Receipt) -> Result<(), Unavailable> {
        let recorded = record(&self.table, &self.executions, receipt, &self.clock).await?;
        let report = report(receipt, recorded);
        let decision = telemetry::count(Decision::Receipt { provider: receipt.provider, report });
        tracing::info!(
            request_id,
            provider = %receipt.provider,
            provider_message_id = receipt.message_id,
            conversation_id = receipt.about.as_ref().map(|about| about.conversation.as_str()),
            step = receipt.about.as_ref().map(|about| about.step.as_str()),
            said = receipt.said,
            code = receipt.code,
            decision,
            receipt = name(recorded),
            outcome = report.as_str(),
            "Recorded a provider's report"
        );
        Ok(())
    }
}

/// The name of what was done.
const fn name(recorded: ReceiptOutcome) -> &'static str {
    match recorded {
        ReceiptOutcome::Noted => "noted",
        ReceiptOutcome::Known => "known",
        ReceiptOutcome::Settled => "settled",
        ReceiptOutcome::TriedAgain => "tried_again",
        ReceiptOutcome::UnknownKind => "unknown_kind",
        ReceiptOutcome::UnknownMessage => "unknown_message",
    }
}

/// Returns the end of the text as far as the receipt knows it. A receipt that belongs to no text is counted
/// separately.
fn report(receipt: &Receipt, recorded: ReceiptOutcome) -> TextReport {
    use messaging::conversation::delivery::DeliveryStatus::{Delivered, Read};
    match (recorded, receipt.status) {
        (ReceiptOutcome::UnknownMessage, _) => TextReport::UnknownMessage,
        (_, Some(Delivered | Read)) => TextReport::Delivered,
        (_, Some(status)) if status.is_failure() => TextReport::Failed,
        _ => TextReport::Pending,
    }
}
