//! `POST /messages/bulk`: many messages in one call, each accepted or refused by itself.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream;
use http_edge::answer::unavailable;
use http_edge::json::Json;
use http_edge::violations::{Violation, Violations};
use http_edge::{Problem, Request, Response};
use messaging::accept::EventOutcome;
use messaging::ports::{Consents, Conversations, CurrentJourneys, Executions, JourneySource, KeyRing};
use messaging::values::clock::{Clock, to_rfc3339};
use messaging::values::ids::{ConversationId, SourceName};
use serde::Serialize;
use telemetry::Decision;
use tokio::time::Instant;

use crate::messages::{self, MessageCall};
use crate::{Identity, Ingest, Refusal};

/// The most that a body has.
const BODY_LIMIT: usize = 1024 * 1024;
/// The most items of one call.
const ITEM_LIMIT: usize = 1000;
/// The most errors that are told of one item, or a body full of mistakes would have an answer that is
/// larger than Lambda's 6 MB.
const ERRORS_OF_AN_ITEM: usize = 20;
/// The number of messages that are accepted concurrently.
const SIDE_BY_SIDE: usize = 32;
/// The time after which a message that is not yet accepted is answered `retry`.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// The result of one item.
#[derive(Debug, Clone, Serialize)]
struct Outcome {
    event_id: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Violation>,
}

#[derive(Serialize)]
struct Results {
    results: Vec<Outcome>,
}

/// An item that may be accepted, and its place.
struct Item {
    index: usize,
    asked: Asked,
}

enum Asked {
    Message(Box<MessageCall>),
    /// The item is not valid under the journeys in force; earlier journeys may have accepted it.
    Perhaps(Identity, Outcome),
}

impl Asked {
    fn conversation(&self) -> &ConversationId {
        match self {
            Self::Message(call) => &call.event.conversation,
            Self::Perhaps(identity, _) => &identity.conversation,
        }
    }

    /// The initial state of an item.
    fn later(&self) -> Outcome {
        let event_id = match self {
            Self::Message(call) => &call.event_id,
            Self::Perhaps(identity, _) => &identity.event_id,
        };
        Outcome {
            event_id: Some(event_id.clone()),
            status: "retry",
            conversation_id: None,
            due: None,
            errors: Vec::new(),
        }
    }
}

impl<C, E, K, J, T> Ingest<C, E, K, J, T>
where
    C: Conversations + Consents,
    E: Executions,
    K: KeyRing,
    J: JourneySource,
    T: Clock,
{
    pub(crate) async fn bulk(&self, request: &Request) -> Result<Response, Problem> {
        let until = Instant::now() + TIME_LIMIT;
        let mut violations = Violations::default();
        let body = request.json(BODY_LIMIT, &mut violations)?;
        let Some((array, items)) = body.as_ref().and_then(|body| items(body, &mut violations)) else {
            return Err(Problem::Invalid(violations.into_sorted()));
        };
        let (of_items, of_body) = by_item(violations, &array, items.len());
        if !of_body.is_empty() {
            return Err(Problem::Invalid(of_body));
        }
        let current = self.journeys.current().await.map_err(|e| unavailable(request, &e))?;
        let (source, now) = (SourceName::fixed("messages"), self.clock.now());
        let mut results = Vec::with_capacity(items.len());
        let mut groups: Vec<Vec<Item>> = Vec::new();
        let mut group_of: HashMap<ConversationId, usize> = HashMap::new();
        for (index, (item, found)) in items.iter().zip(of_items).enumerate() {
            let asked = match read(item.as_ref(), found, &format!("{array}/{index}"), &source, &current, now)
            {
                Ok(asked) => asked,
                Err(refused) => {
                    results.push(refused);
                    continue;
                }
            };
            results.push(asked.later());
            let group = *group_of.entry(asked.conversation().clone()).or_insert(groups.len());
            if group == groups.len() {
                groups.push(Vec::new());
            }
            groups[group].push(Item { index, asked });
        }
        self.accept_side_by_side(request, groups, &current, until, &mut results).await;
        let count = |status: &str| results.iter().filter(|result| result.status == status).count();
        let decision = telemetry::count(Decision::Bulk);
        tracing::info!(
            request_id = request.id,
            status = 200,
            decision,
            items = results.len(),
            accepted = count("accepted"),
            duplicate = count("duplicate"),
            retry = count("retry"),
            journeys_version = current.version,
            "Answered a list of messages"
        );
        Ok(Response::json(200, &Results { results }))
    }

    /// Accepts every group, 32 at a time, until time is up. Items of the same id stand in one group and
    /// come one after the other: the first of them is the one that is accepted.
    async fn accept_side_by_side(
        &self,
        request: &Request,
        groups: Vec<Vec<Item>>,
        current: &CurrentJourneys,
        until: Instant,
        results: &mut [Outcome],
    ) {
        let accepting = groups.into_iter().map(|group| async move {
            let mut outcomes = Vec::with_capacity(group.len());
            for item in group {
                outcomes.push((item.index, self.accept_item(request, item.asked, current).await));
            }
            outcomes
        });
        let mut accepting = stream::iter(accepting).buffer_unordered(SIDE_BY_SIDE);
        while let Ok(Some(outcomes)) = tokio::time::timeout_at(until, accepting.next()).await {
            for (index, outcome) in outcomes {
                if let Some(result) = results.get_mut(index) {
                    *result = outcome;
                }
            }
        }
    }

    async fn accept_item(&self, request: &Request, asked: Asked, current: &CurrentJourneys) -> Outcome {
        let waiting = asked.later();
        let accepted = match asked {
            Asked::Message(call) => self.plan_and_accept(call.event, current).await,
            Asked::Perhaps(identity, refused) => {
                match self.repeated(&identity.conversation, &identity.content_hash).await {
                    Ok(Some(accepted)) => Ok((identity.conversation, accepted)),
                    Ok(None) => return refused,
                    Err(trouble) => Err(Refusal::Unavailable(trouble)),
                }
            }
        };
        match accepted {
            Ok((id, accepted)) => {
                let (status, due) = match accepted {
                    EventOutcome::New { due } => ("accepted", Some(due)),
                    EventOutcome::Duplicate { due } => ("duplicate", Some(due)),
                    EventOutcome::KeyReused => ("idempotency_key_reused", None),
                };
                let conversation_id = due.is_some().then_some(id);
                Outcome { status, conversation_id, due: due.map(to_rfc3339), ..waiting }
            }
            Err(Refusal::Invalid(errors)) => Outcome { status: "invalid", errors, ..waiting },
            Err(Refusal::Unavailable(trouble)) => {
                let decision = telemetry::count(Decision::Retry);
                tracing::error!(
                    request_id = request.id,
                    error = %trouble,
                    decision,
                    "Could not store a message of a list"
                );
                waiting
            }
        }
    }
}

/// The items and the place of their array: the body itself, or its one field.
fn items<'a>(body: &'a Json, violations: &mut Violations) -> Option<(String, &'a [Option<Json>])> {
    let (place, array) = match body {
        Json::Array(items) => (String::new(), items.as_slice()),
        Json::Object(members) => match members.as_slice() {
            [(name, Json::Array(items))] if name == "messages" || name == "items" => {
                (format!("/{name}"), items.as_slice())
            }
            _ => {
                violations.add(
                    "",
                    "type",
                    "must be an array of messages, or an object with nothing but messages, such an array",
                );
                return None;
            }
        },
        _ => {
            violations.add(
                "",
                "type",
                "must be an array of messages, or an object with nothing but messages, such an array",
            );
            return None;
        }
    };
    if array.len() > ITEM_LIMIT {
        violations.add(place, "item_count", format!("must have at most {ITEM_LIMIT} items"));
        return None;
    }
    Some((place, array))
}

/// The violations found while the body was read: of each item, and of the body as a whole.
fn by_item(violations: Violations, array: &str, count: usize) -> (Vec<Vec<Violation>>, Vec<Violation>) {
    let mut of_items = vec![Vec::new(); count];
    let mut of_body = Vec::new();
    for violation in violations.into_sorted() {
        let index = violation.pointer.strip_prefix(array).and_then(|rest| rest.strip_prefix('/'));
        let index = index.and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
        match index.and_then(|index| of_items.get_mut(index)) {
            Some(of_item) => of_item.push(violation),
            None => of_body.push(violation),
        }
    }
    (of_items, of_body)
}

/// One item, or what is wrong with it, with places in the whole body.
fn read(
    item: Option<&Json>,
    found: Vec<Violation>,
    place: &str,
    source: &SourceName,
    current: &CurrentJourneys,
    now: DateTime<Utc>,
) -> Result<Asked, Outcome> {
    let mut violations = Violations::default();
    let call = match item {
        Some(item) => messages::read(item, source, &current.journeys, now, &mut violations),
        None => {
            if found.is_empty() {
                violations.add("", "type", "must be an object");
            }
            None
        }
    };
    let is_json = found.is_empty();
    // What was found unreadable looks as if it were missing.
    let is_named = |pointer: &str| found.iter().any(|violation| violation.pointer == pointer);
    let placed = violations
        .into_sorted()
        .into_iter()
        .map(|violation| Violation { pointer: format!("{place}{}", violation.pointer), ..violation });
    let further: Vec<_> =
        placed.filter(|violation| violation.code != "required" || !is_named(&violation.pointer)).collect();
    let mut errors = found;
    errors.extend(further);
    match (call, errors.is_empty()) {
        (Some(call), true) => Ok(Asked::Message(Box::new(call))),
        _ => {
            errors.sort();
            errors.dedup();
            errors.truncate(ERRORS_OF_AN_ITEM);
            // Given back only as what an id may be: anything else is not repeated.
            let event_id = item.and_then(|item| item.get("event_id")).and_then(Json::as_str);
            let event_id = event_id.filter(|id| messages::is_event_id(id)).map(str::to_owned);
            let refused = Outcome { event_id, status: "invalid", conversation_id: None, due: None, errors };
            match item.filter(|_| is_json).and_then(|item| messages::identity(item, source)) {
                Some(identity) => Ok(Asked::Perhaps(identity, refused)),
                None => Err(refused),
            }
        }
    }
}
