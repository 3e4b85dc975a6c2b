//! Events from our own services: verified, validated, stored once, started.
//!
//! Follow one call: [`Ingest::handle`] finds the route and the caller, [`sms`] turns the body into an
//! event, `messaging::plan` into a conversation, `messaging::accept` stores and starts it.

mod bulk;
mod consent;
mod conversation;
mod messages;
mod sms;
mod trigger;
mod values;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use http_edge::answer::{ANSWER_MANY_WITHIN, respond, respond_within, unavailable};
use http_edge::auth::{self, Caller, KEYED_SOURCES};
use http_edge::signature::timestamped;
use http_edge::violations::{Violation, Violations};
use http_edge::{Problem, Request, Response};
use messaging::accept::{EventOutcome, accept, accepted_before};
use messaging::plan::{Event, PlanError, plan};
use messaging::ports::{
    Consents, Conversations, CurrentJourneys, Executions, JourneySource, KeyRing, Unavailable,
};
use messaging::values::clock::{Clock, to_rfc3339};
use messaging::values::ids::{ConversationId, SourceName};
use messaging::values::secret::SecretText;
use serde::Serialize;
use telemetry::{Decision, EventStatus};

/// The dependencies of the function.
pub struct Ingest<C, E, K, J, T> {
    /// The table.
    pub conversations: C,
    /// The state machine.
    pub executions: E,
    /// API keys.
    pub keys: K,
    /// The journeys in force.
    pub journeys: J,
    /// Time.
    pub clock: T,
}

/// Why an event that was read is not accepted.
enum Refusal {
    /// Its journey cannot be followed.
    Invalid(Vec<Violation>),
    /// Something that is needed does not answer.
    Unavailable(Unavailable),
}

/// The identity of an event, known as soon as its body names one, even if the rest is invalid.
struct Identity {
    /// As the caller spelt it.
    event_id: String,
    conversation: ConversationId,
    content_hash: String,
}

/// The response to an event.
#[derive(Serialize)]
struct Receipt<'a> {
    status: &'a str,
    event_id: &'a str,
    conversation_id: &'a ConversationId,
    due: String,
}

impl<C, E, K, J, T> Ingest<C, E, K, J, T>
where
    C: Conversations + Consents,
    E: Executions,
    K: KeyRing,
    J: JourneySource,
    T: Clock,
{
    /// Answers a call. Infallible: what goes wrong is a response.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request = Request::from_event(event);
        // Many items need more time than one; what does not get it is answered item by item.
        if request.route == "POST /messages/bulk" {
            respond_within(ANSWER_MANY_WITHIN, &request, self.route(&request)).await
        } else {
            respond(&request, self.route(&request)).await
        }
    }

    async fn route(&self, request: &Request) -> Result<Response, Problem> {
        match request.route.as_str() {
            "POST /sms" => {
                auth::api_key(request, &self.keys, &["sms"]).await?;
                self.sms(request).await
            }
            "POST /messages" => {
                auth::api_key(request, &self.keys, &["messages"]).await?;
                self.message(request, &SourceName::fixed("messages")).await
            }
            "POST /trigger" => {
                auth::api_key(request, &self.keys, &["trigger"]).await?;
                self.trigger(request).await
            }
            "POST /messages/bulk" => {
                auth::api_key(request, &self.keys, &["messages"]).await?;
                self.bulk(request).await
            }
            "POST /consent" => {
                auth::api_key(request, &self.keys, &KEYED_SOURCES).await?;
                self.consent(request).await
            }
            "POST /webhooks/{source}" => {
                let source = self.declared_source(request).await?;
                self.signed(request, &source).await?;
                self.message(request, &source).await
            }
            "GET /conversations/{id}" => {
                let caller = auth::api_key(request, &self.keys, &KEYED_SOURCES).await?;
                self.show(request, &caller).await
            }
            "DELETE /conversations/{id}" => {
                let caller = auth::api_key(request, &self.keys, &KEYED_SOURCES).await?;
                self.cancel(request, &caller).await
            }
            _ => Err(Problem::NotFound),
        }
    }

    async fn sms(&self, request: &Request) -> Result<Response, Problem> {
        let mut violations = Violations::default();
        let body = request.json(http_edge::request::BODY_LIMIT, &mut violations)?;
        let call = body.as_ref().and_then(|body| sms::read(body, &mut violations));
        let (Some(call), true) = (call, violations.is_empty()) else {
            return Err(Problem::Invalid(violations.into_sorted()));
        };
        let current = self.journeys.current().await.map_err(|e| unavailable(request, &e))?;
        let (event_id, identity) = (call.event_id.clone(), call.identity());
        match call.into_event(&current.journeys, &mut violations) {
            Some(event) => self.accept(request, &event_id, event, &current).await,
            None => self.refuse(request, Some(identity), violations).await,
        }
    }

    async fn trigger(&self, request: &Request) -> Result<Response, Problem> {
        let mut violations = Violations::default();
        let body = request.json(http_edge::request::BODY_LIMIT, &mut violations)?;
        let current = self.journeys.current().await.map_err(|e| unavailable(request, &e))?;
        let is_json = violations.is_empty();
        let call =
            body.as_ref().and_then(|body| trigger::read(request, body, &current.journeys, &mut violations));
        match call {
            Some(call) if violations.is_empty() => {
                self.accept(request, &call.key, call.event, &current).await
            }
            _ => {
                let identity = body.filter(|_| is_json).and_then(|body| trigger::identity(request, &body));
                self.refuse(request, identity, violations).await
            }
        }
    }

    /// The source that the path names: one that `journeys.toml` declares.
    async fn declared_source(&self, request: &Request) -> Result<SourceName, Problem> {
        let source = request.path_parameter("source").and_then(|name| SourceName::new(name).ok());
        let current = self.journeys.current().await.map_err(|e| unavailable(request, &e))?;
        source.filter(|source| current.journeys.sources.contains_key(source)).ok_or(Problem::NotFound)
    }

    /// A declared source signs as Calendly does, with its own key: `<source>_signing_key`.
    async fn signed(&self, request: &Request, source: &SourceName) -> Result<(), Problem> {
        let now = self.clock.now().timestamp();
        let header = request.headers.get(timestamped::AFTERWORD_HEADER).map(http::HeaderValue::as_bytes);
        let verify = |keys: &[SecretText]| timestamped::verify(header, request.body(), keys, now);
        auth::signature(request, &self.keys, &format!("{source}_signing_key"), verify).await
    }

    async fn message(&self, request: &Request, source: &SourceName) -> Result<Response, Problem> {
        let mut violations = Violations::default();
        let body = request.json(http_edge::request::BODY_LIMIT, &mut violations)?;
        let current = self.journeys.current().await.map_err(|e| unavailable(request, &e))?;
        let is_json = violations.is_empty();
        let call = body.as_ref().and_then(|body| {
            messages::read(body, source, &current.journeys, self.clock.now(), &mut violations)
        });
        match call {
            Some(call) if violations.is_empty() => {
                self.accept(request, &call.event_id, call.event, &current).await
            }
            _ => {
                let identity = body.filter(|_| is_json).and_then(|body| messages::identity(&body, source));
                self.refuse(request, identity, violations).await
            }
        }
    }

    /// Refuses an event, unless it is one that was accepted under the journeys of another day.
    async fn refuse(
        &self,
        request: &Request,
        identity: Option<Identity>,
        violations: Violations,
    ) -> Result<Response, Problem> {
        if let Some(identity) = identity {
            let repeated = self.repeated(&identity.conversation, &identity.content_hash).await;
            if let Some(accepted) = repeated.map_err(|e| unavailable(request, &e))? {
                return answer(request, &identity.event_id, &identity.conversation, accepted, None);
            }
        }
        Err(Problem::Invalid(violations.into_sorted()))
    }

    /// Returns the response to an event that was accepted before with the same content.
    async fn repeated(
        &self,
        id: &ConversationId,
        content_hash: &str,
    ) -> Result<Option<EventOutcome>, Unavailable> {
        let now = self.clock.now();
        let accepted = accepted_before(&self.conversations, &self.executions, id, content_hash, now).await?;
        Ok(accepted.filter(|accepted| *accepted != EventOutcome::KeyReused))
    }

    /// Plans, stores and starts an event, and answers its source.
    async fn accept(
        &self,
        request: &Request,
        event_id: &str,
        event: Event,
        current: &CurrentJourneys,
    ) -> Result<Response, Problem> {
        let (id, accepted) = self.plan_and_accept(event, current).await.map_err(|refusal| match refusal {
            Refusal::Invalid(violations) => Problem::Invalid(violations),
            Refusal::Unavailable(trouble) => unavailable(request, &trouble),
        })?;
        answer(request, event_id, &id, accepted, Some(&current.version))
    }

    /// Plans, stores and starts an event.
    async fn plan_and_accept(
        &self,
        event: Event,
        current: &CurrentJourneys,
    ) -> Result<(ConversationId, EventOutcome), Refusal> {
        let now = self.clock.now();
        let told_time = event.send_at.is_some();
        let (id, content_hash) = (event.conversation.clone(), event.content_hash.clone());
        let error = match plan(event, &current.journeys, &current.version, now) {
            Ok(conversation) => {
                let accepted = accept(&self.conversations, &self.executions, &conversation, now).await;
                return accepted.map(|accepted| (id, accepted)).map_err(Refusal::Unavailable);
            }
            Err(error) => error,
        };
        if let Some(accepted) = self.repeated(&id, &content_hash).await.map_err(Refusal::Unavailable)? {
            return Ok((id, accepted));
        }
        let pointer = if told_time && error == PlanError::NothingDue { "/send_at" } else { "" };
        let detail = error.to_string();
        Err(Refusal::Invalid(vec![Violation { pointer: pointer.to_owned(), code: "journey", detail }]))
    }

    /// The conversation that the path names, if it is one of the caller's.
    fn named(request: &Request, caller: &Caller) -> Result<ConversationId, Problem> {
        let id = request.path_parameter("id").and_then(|id| ConversationId::new(id).ok());
        id.filter(|id| caller.owns(id.source())).ok_or(Problem::NotFound)
    }
}

/// Tells a source what became of its event.
fn answer(
    request: &Request,
    event_id: &str,
    conversation_id: &ConversationId,
    accepted: EventOutcome,
    journeys_version: Option<&str>,
) -> Result<Response, Problem> {
    let (code, status, due) = match accepted {
        EventOutcome::New { due } => (202, EventStatus::Accepted, to_rfc3339(due)),
        EventOutcome::Duplicate { due } => (200, EventStatus::Duplicate, to_rfc3339(due)),
        EventOutcome::KeyReused => {
            let decision = telemetry::count(Decision::KeyReused);
            tracing::warn!(
                request_id = request.id,
                %conversation_id,
                decision,
                "Rejected an event whose id was used for another event"
            );
            return Err(Problem::IdempotencyKeyReused);
        }
    };
    let decision = telemetry::count(Decision::Event { source: conversation_id.source(), status });
    tracing::info!(
        request_id = request.id,
        %conversation_id,
        status = code,
        decision,
        journeys_version,
        due,
        "Answered an event"
    );
    Ok(Response::json(code, &Receipt { status: status.as_str(), event_id, conversation_id, due }))
}
