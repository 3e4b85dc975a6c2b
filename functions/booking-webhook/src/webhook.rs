//! The function: a booking system's call is authenticated, read and taken, whatever is in it.
//!
//! An authentic call is always answered 200 once it is stored: a booking system that meets errors
//! for a day switches the webhook off, and then nobody is texted (developer.calendly.com, webhook
//! errors). What cannot be used is kept in quarantine for an operator.

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use http_edge::answer::{respond, unavailable};
use http_edge::request::BODY_LIMIT;
use http_edge::{Problem, Request, Response, auth};
use messaging::accept::{EventOutcome, accepted_before};
use messaging::book::{BookingOutcome, book, end_booking};
use messaging::plan::{Event, plan};
use messaging::ports::{
    BookingEnd, Conversations, CurrentJourneys, Executions, JourneySource, KeyRing, Quarantine,
    QuarantinedEvent, Unavailable,
};
use messaging::values::clock::Clock;
use messaging::values::ids::{ConversationId, JourneyName, SourceName};
use serde::Serialize;
use sha2::{Digest, Sha256};
use telemetry::{Decision, EventStatus};

use crate::booking::{BookingEvent, Cancelled, Created, Unusable};
use crate::systems::{System, system_of};
use crate::wording;

/// The dependencies of the function.
pub struct BookingWebhook<C, E, K, J, T> {
    /// The table.
    pub conversations: C,
    /// The state machine.
    pub executions: E,
    /// The booking systems' keys.
    pub keys: K,
    /// The journeys in force.
    pub journeys: J,
    /// Time.
    pub clock: T,
}

/// The response to the booking system.
#[derive(Serialize)]
struct Answer {
    status: &'static str,
}

/// The journey of a source that names none.
const DEFAULT_JOURNEY: &str = "booking";

impl<C, E, K, J, T> BookingWebhook<C, E, K, J, T>
where
    C: Conversations + Quarantine,
    E: Executions,
    K: KeyRing,
    J: JourneySource,
    T: Clock,
{
    /// Answers a call. Infallible: what goes wrong is a response.
    pub async fn handle(&self, event: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let request = Request::from_event(event);
        respond(&request, self.route(&request)).await
    }

    async fn route(&self, request: &Request) -> Result<Response, Problem> {
        let system = system_of(&request.route).ok_or(Problem::NotFound)?;
        let now = self.clock.now();
        auth::signature(request, &self.keys, system.key_entry, |keys| system.verify(request, keys, now))
            .await?;
        let status = self.take(system, request.body()).await.map_err(|e| unavailable(request, &e))?;
        let decision = telemetry::count(Decision::Event { source: system.name, status });
        tracing::info!(
            request_id = request.id,
            source = system.name,
            status = 200,
            decision,
            "Answered a booking system"
        );
        Ok(Response::json(200, &Answer { status: status.as_str() }))
    }

    /// Takes an authentic body. Also what an operator's replay from quarantine does.
    ///
    /// # Errors
    /// When it could not be stored: the booking system delivers again.
    pub async fn take(&self, system: &System, body: &[u8]) -> Result<EventStatus, Unavailable> {
        if body.len() > BODY_LIMIT {
            let details = vec![format!("the body has more than {BODY_LIMIT} bytes")];
            return self.quarantine(system, body, "too_large", details).await;
        }
        let current = self.journeys.current().await?;
        let region = current.journeys.sources.get(&system.source()).and_then(|source| source.region);
        match (system.read)(body, region) {
            Ok(BookingEvent::Created(created)) => self.created(system, body, *created, &current).await,
            Ok(BookingEvent::Cancelled(cancelled)) => self.cancelled(system, &cancelled).await,
            Ok(BookingEvent::Ignored) => Ok(EventStatus::Ignored),
            Err(unusable) => self.unusable(system, body, unusable).await,
        }
    }

    async fn created(
        &self,
        system: &System,
        body: &[u8],
        mut created: Created,
        current: &CurrentJourneys,
    ) -> Result<EventStatus, Unavailable> {
        let now = self.clock.now();
        let id = system.conversation(&created.id);
        let predecessor = created.predecessor.as_deref().map(|id| system.conversation(id));
        let (already_rescheduled, source) = (created.already_rescheduled, system.source());
        let settings = current.journeys.sources.get(&source);
        let content_hash = created.content_hash.clone();
        // Dates in the words are of the same locale as the words.
        created.locale = created.locale.or_else(|| Some(settings?.locale.clone()));
        let journey = settings.and_then(|source| source.journey.clone());
        let journey = journey.or_else(|| JourneyName::new(DEFAULT_JOURNEY).ok());
        let planned = match (settings.and_then(|settings| settings.refuses(&created.phone)), journey) {
            (Some(off_limits), _) => Err((off_limits.code(), format!("the number {}", off_limits.detail()))),
            (None, None) => Err(("journey", "no journey".to_owned())),
            (None, Some(journey)) => {
                let event = event(id.clone(), source, journey, created);
                plan(event, &current.journeys, &current.version, now)
                    .map_err(|error| ("journey", error.to_string()))
            }
        };
        let conversation = match planned {
            Ok(conversation) => conversation,
            Err(_) if self.is_repeated(&id, &content_hash).await? => {
                return Ok(status(BookingOutcome::Duplicate { differs: false }));
            }
            // Nothing can be sent about this booking; what it replaces is off all the same.
            Err((reason, detail)) => {
                self.supersede(predecessor.as_ref(), &id).await?;
                return self.quarantine(system, body, reason, vec![detail]).await;
            }
        };
        if already_rescheduled {
            self.conversations.end_booking(&id, &BookingEnd::Superseded { by: None }, now).await?;
        }
        let booked =
            book(&self.conversations, &self.executions, &conversation, predecessor.as_ref(), now).await?;
        if booked == (BookingOutcome::Duplicate { differs: true }) {
            self.quarantine(
                system,
                body,
                "differs",
                vec!["the same booking was reported with other content".to_owned()],
            )
            .await?;
        }
        Ok(status(booked))
    }

    /// Whether a booking that cannot be planned was accepted under the journeys of another day.
    async fn is_repeated(&self, id: &ConversationId, content_hash: &str) -> Result<bool, Unavailable> {
        let now = self.clock.now();
        let accepted = accepted_before(&self.conversations, &self.executions, id, content_hash, now).await?;
        Ok(matches!(accepted, Some(EventOutcome::Duplicate { .. })))
    }

    async fn cancelled(&self, system: &System, cancelled: &Cancelled) -> Result<EventStatus, Unavailable> {
        let ending = if cancelled.rescheduled {
            BookingEnd::Rescheduled { by: cancelled.successor.as_deref().map(|id| system.conversation(id)) }
        } else {
            BookingEnd::Cancelled
        };
        let id = system.conversation(&cancelled.id);
        let (is_successor, now) = (cancelled.is_successor, self.clock.now());
        end_booking(&self.conversations, &id, &ending, is_successor, now).await.map(status)
    }

    async fn unusable(
        &self,
        system: &System,
        body: &[u8],
        unusable: Unusable,
    ) -> Result<EventStatus, Unavailable> {
        if let Some(links) = &unusable.booking {
            let predecessor = links.predecessor.as_deref().map(|id| system.conversation(id));
            self.supersede(predecessor.as_ref(), &system.conversation(&links.id)).await?;
        }
        let details = unusable
            .violations
            .iter()
            .map(|violation| format!("{}: {}", violation.pointer, violation.detail));
        self.quarantine(system, body, unusable.reason.code(), details.collect()).await
    }

    async fn supersede(
        &self,
        predecessor: Option<&ConversationId>,
        by: &ConversationId,
    ) -> Result<(), Unavailable> {
        if let Some(predecessor) = predecessor {
            let ending = BookingEnd::Superseded { by: Some(by.clone()) };
            self.conversations.end_booking(predecessor, &ending, self.clock.now()).await?;
        }
        Ok(())
    }

    async fn quarantine(
        &self,
        system: &System,
        body: &[u8],
        reason: &str,
        details: Vec<String>,
    ) -> Result<EventStatus, Unavailable> {
        let digest = hex::encode(Sha256::digest(body));
        let event = QuarantinedEvent {
            id: format!("{}-{}", system.name, &digest[..32]),
            source: system.source(),
            reason: reason.to_owned(),
            details,
            received_at: self.clock.now(),
            body: body.to_vec(),
        };
        self.conversations.keep(&event).await?;
        let decision = telemetry::count(Decision::Quarantined);
        tracing::error!(
            source = system.name,
            quarantine_id = event.id,
            reason,
            decision,
            "Moved a booking to quarantine"
        );
        Ok(EventStatus::Quarantined)
    }
}

fn event(id: ConversationId, source: SourceName, journey: JourneyName, created: Created) -> Event {
    Event {
        conversation: id,
        source,
        journey,
        variables: wording::variables(&created),
        name: created.name.as_ref().map(|name| messaging::text::template::PersonName::new(name.expose())),
        contact: created.phone,
        locale: created.locale,
        time_zone: created.time_zone,
        appointment: Some(created.starts_at),
        send_at: None,
        is_due_at_once: false,
        not_after: None,
        content_hash: created.content_hash,
        correlation_id: None,
    }
}

const fn status(booked: BookingOutcome) -> EventStatus {
    match booked {
        BookingOutcome::Accepted => EventStatus::Accepted,
        BookingOutcome::Duplicate { .. } => EventStatus::Duplicate,
        BookingOutcome::Cancelled => EventStatus::Cancelled,
        BookingOutcome::Rescheduled => EventStatus::Rescheduled,
    }
}
