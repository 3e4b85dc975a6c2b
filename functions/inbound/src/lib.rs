//! Receives customers' messages.
//!
//! Follow one reply: [`Inbound::handle`] checks the provider's signature, [`twilio`] reads the form (or
//! [`two_way`] what AWS has published), `messaging::receive_message` attributes and understands it and stores everything that follows from it at
//! once; an opt-out that nobody else confirms is confirmed here, once (docs/adr/0018).

mod sender;
mod twilio;
mod two_way;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use chrono::{DateTime, Utc};
use http_edge::answer::{respond, unavailable};
use http_edge::lambda_event::{Failed, LambdaEvent};
use http_edge::twilio_call::TwilioCall;
use http_edge::{Problem, Request, Response};
use messaging::conversation::inbound_message::InboundMessage;
use messaging::ports::{
    Conversations, Inbox, JourneySource, KeyRing, Notices, Quarantine, QuarantinedEvent, Randomness,
    Unavailable,
};
use messaging::receive_message::{
    HELP_ANSWER, MessageOutcome, OPT_OUT_CONFIRMATION, PROMOTIONS_CONFIRMATION, confirm, receive,
};
use messaging::text::template::MessageText;
use messaging::values::clock::Clock;
use messaging::values::ids::{ConversationId, SourceName};
use messaging::values::phone::PhoneNumber;
use messaging::values::provider::Provider;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use telemetry::Decision;

use sender::Incoming;

/// The dependencies of the function.
pub struct Inbound<I, K, J, N, R, T> {
    /// The table.
    pub inbox: I,
    /// The provider's keys.
    pub keys: K,
    /// The journeys in force, for the words of the confirmation.
    pub journeys: J,
    /// The way back to a customer.
    pub notices: N,
    /// The source of unique names.
    pub randomness: R,
    /// Time.
    pub clock: T,
    /// The public base URL that the provider calls; without one, the address that API Gateway names.
    pub public_url: Option<String>,
}

/// An empty answer in Twilio's language: nothing is to be sent back.
const NO_ANSWER: &str = "<Response/>";

impl<I, K, J, N, R, T> Inbound<I, K, J, N, R, T>
where
    I: Inbox + Conversations + Quarantine,
    K: KeyRing,
    J: JourneySource,
    N: Notices,
    R: Randomness,
    T: Clock,
{
    /// Does what an invocation asks for: answers a call of the HTTP API, or takes what AWS has published
    /// to the two-way topic.
    ///
    /// # Errors
    /// For published messages only: when one cannot be understood, or not be stored. What goes wrong with
    /// a call is a response.
    pub async fn handle(&self, event: Value) -> Result<Value, Failed> {
        match LambdaEvent::read(event)? {
            LambdaEvent::Http(call) => serde_json::to_value(self.answer(*call).await)
                .map_err(|_| Failed::Malformed("the response is no JSON")),
            LambdaEvent::Notifications(messages) => {
                for published in messages {
                    if let Some(incoming) = two_way::message(&published, self.clock.now())? {
                        self.take_from("sns", Provider::EndUserMessaging, incoming).await?;
                    }
                }
                Ok(Value::Null)
            }
            LambdaEvent::Detail(_) | LambdaEvent::Logs(_) => Err(Failed::Malformed("of no known shape")),
        }
    }

    /// Answers a call. Infallible: what goes wrong is a response.
    pub async fn answer(&self, call: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request = Request::from_event(call);
        respond(&request, self.route(&request)).await
    }

    async fn route(&self, request: &Request) -> Result<Response, Problem> {
        match request.route.as_str() {
            "POST /twilio/inbound" | "POST /webhook" => self.twilio(request).await,
            _ => Err(Problem::NotFound),
        }
    }

    async fn twilio(&self, request: &Request) -> Result<Response, Problem> {
        let call = TwilioCall::authenticated(request, &self.keys, self.public_url.as_deref()).await?;
        let Some(incoming) = twilio::message(&call, self.clock.now()) else {
            let decision = telemetry::count(Decision::NoUsableFields);
            tracing::info!(
                request_id = request.id,
                status = 200,
                decision,
                "Ignored a message without usable fields"
            );
            return Ok(no_answer());
        };
        let taken = self.take_from(&request.id, Provider::Twilio, incoming).await;
        taken.map_err(|e| unavailable(request, &e))?;
        Ok(no_answer())
    }

    /// Takes a message from a phone, or from whoever the text of ours that it quotes was sent to. A message whose sender
    /// cannot be made out is kept for an operator.
    async fn take_from(
        &self,
        request_id: &str,
        provider: Provider,
        incoming: Incoming,
    ) -> Result<(), Unavailable> {
        let quoted = match (&incoming.phone, &incoming.replied_to) {
            (None, Some(id)) => self.contact_of(provider, id).await?,
            _ => None,
        };
        match incoming.phone.or(quoted) {
            Some(phone) => self.take(request_id, &(incoming.draft)(phone)).await,
            None => {
                self.keep_stray(request_id, provider, &incoming.sender, &incoming.id, incoming.words).await
            }
        }
    }

    /// Returns the person to whom a text of ours was sent.
    async fn contact_of(
        &self,
        provider: Provider,
        message_id: &str,
    ) -> Result<Option<PhoneNumber>, Unavailable> {
        for issuer in provider.issuers() {
            if let Some(id) = self.inbox.conversation_of(*issuer, message_id).await? {
                let conversation = self.inbox.load(&id, self.clock.now()).await?;
                return Ok(conversation.and_then(|conversation| conversation.plan?.contact));
            }
        }
        Ok(None)
    }

    async fn keep_stray(
        &self,
        request_id: &str,
        provider: Provider,
        sender: &str,
        id: &str,
        words: MessageText,
    ) -> Result<(), Unavailable> {
        let stray = stray(provider, sender, id, &words, self.clock.now());
        self.inbox.keep(&stray).await?;
        let decision = telemetry::count(Decision::Quarantined);
        tracing::warn!(
            request_id,
            inbound_id = id,
            quarantine_id = stray.id,
            decision,
            "Kept a message from an unknown sender"
        );
        Ok(())
    }

    /// Stores a message with what follows from it, and answers what nobody else answers.
    async fn take(&self, request_id: &str, message: &InboundMessage) -> Result<(), Unavailable> {
        let received = receive(&self.inbox, message, &self.clock).await?;
        self.note(request_id, message, &received);
        if received.confirm_opt_out {
            self.confirm_opt_out(request_id, message).await?;
        }
        if received.confirm_no_promotions {
            self.confirm_no_promotions(request_id, message).await;
        }
        if received.answer_help {
            self.answer_help(request_id, message).await;
        }
        Ok(())
    }

    fn note(&self, request_id: &str, message: &InboundMessage, received: &MessageOutcome) {
        let conversations: Vec<_> = received.conversations.iter().map(ConversationId::as_str).collect();
        let decision = if received.duplicate { Decision::ReceivedAgain } else { Decision::Received };
        let decision = telemetry::count(decision);
        tracing::info!(
            request_id,
            inbound_id = message.id,
            status = 200,
            decision,
            meaning = received.meaning.as_str(),
            conversations = conversations.join(" "),
            "Received a customer's message"
        );
    }

    /// Tells a customer that they have opted out. The opt-out is stored, whatever becomes of this text.
    async fn confirm_opt_out(&self, request_id: &str, message: &InboundMessage) -> Result<(), Unavailable> {
        let words = self.words("opt_out_confirmation", OPT_OUT_CONFIRMATION).await;
        let outcome = confirm(&self.inbox, &self.notices, &self.randomness, message, &words).await?;
        let decision = telemetry::count(Decision::OptOutConfirmation);
        tracing::info!(request_id, inbound_id = message.id, decision, ?outcome, "Confirmed an opt-out");
        Ok(())
    }

    /// Tells a customer that the promotions end and the other texts go on. Tried once: the withdrawal is stored,
    /// whatever becomes of this text.
    async fn confirm_no_promotions(&self, request_id: &str, message: &InboundMessage) {
        let words = self.words("promotions_confirmation", PROMOTIONS_CONFIRMATION).await;
        let outcome =
            self.notices.notify(message.provider, &message.from, message.channel, &message.to, &words).await;
        let decision = telemetry::count(Decision::PromotionsConfirmation);
        tracing::info!(
            request_id,
            inbound_id = message.id,
            decision,
            ?outcome,
            "Confirmed the end of promotions"
        );
    }

    /// Tells a customer who asks what these texts are. Tried once: who gets no answer asks again.
    async fn answer_help(&self, request_id: &str, message: &InboundMessage) {
        let words = self.words("help", HELP_ANSWER).await;
        let outcome =
            self.notices.notify(message.provider, &message.from, message.channel, &message.to, &words).await;
        let decision = telemetry::count(Decision::Help);
        tracing::info!(
            request_id,
            inbound_id = message.id,
            decision,
            ?outcome,
            "Answered a request for help"
        );
    }

    /// The words of `journeys.toml`, or else ours.
    async fn words(&self, notice: &str, otherwise: &str) -> MessageText {
        match self.journeys.current().await {
            Ok(current) => MessageText::new(current.journeys.notice(notice).unwrap_or(otherwise)),
            Err(_) => MessageText::new(otherwise),
        }
    }
}

/// A message from an unknown sender, as it is kept in quarantine: once for each id of the provider's.
fn stray(
    provider: Provider,
    sender: &str,
    id: &str,
    words: &MessageText,
    at: DateTime<Utc>,
) -> QuarantinedEvent {
    let source = provider.as_str().replace('_', "-");
    let digest = hex::encode(Sha256::digest(format!("{source} {id}")));
    let body = json!({ "from": sender, "message_id": id, "text": words.expose() });
    QuarantinedEvent {
        id: format!("{source}-{}", &digest[..32]),
        source: SourceName::new(source).unwrap_or_else(|_| SourceName::fixed("inbound")),
        reason: "unknown_sender".to_owned(),
        details: Vec::new(),
        received_at: at,
        body: body.to_string().into_bytes(),
    }
}

fn no_answer() -> Response {
    Response::text(200, "text/xml", NO_ANSWER)
}
