//! `POST /consent`: what a customer has agreed to, or withdrawn, elsewhere.

use http_edge::answer::unavailable;
use http_edge::fields::Fields;
use http_edge::json::Json;
use http_edge::recipient;
use http_edge::violations::Violations;
use http_edge::{Problem, Request, Response};
use messaging::change_consent::{ConsentOutcome, change_consent};
use messaging::conversation::consent::{Act, Agreement, ConsentChange};
use messaging::ports::{Consents, Conversations, Executions, JourneySource, KeyRing};
use messaging::values::characters::unwanted;
use messaging::values::clock::Clock;
use messaging::values::ids::Scope;
use messaging::values::phone::PhoneNumber;
use serde::Serialize;

use crate::Ingest;

/// The most characters of a source's name and of a wording's.
const NAME_LIMIT: usize = 100;

#[derive(Serialize)]
struct Answer {
    status: &'static str,
}

/// The requested change.
struct ConsentCall {
    phone: PhoneNumber,
    act: Act,
    scope: Scope,
    source: String,
    text_version: Option<String>,
}

impl<C, E, K, J, T> Ingest<C, E, K, J, T>
where
    C: Conversations + Consents,
    E: Executions,
    K: KeyRing,
    J: JourneySource,
    T: Clock,
{
    pub(crate) async fn consent(&self, request: &Request) -> Result<Response, Problem> {
        let mut violations = Violations::default();
        let body = request.json(http_edge::request::BODY_LIMIT, &mut violations)?;
        let call = body.as_ref().and_then(|body| read(body, &mut violations));
        let (Some(call), true) = (call, violations.is_empty()) else {
            return Err(Problem::Invalid(violations.into_sorted()));
        };
        let agreement =
            Agreement { at: self.clock.now(), source: call.source, text_version: call.text_version };
        let change = ConsentChange { act: call.act, scope: call.scope, agreement };
        let changed = change_consent(&self.conversations, &call.phone, &change).await;
        let status = match changed.map_err(|e| unavailable(request, &e))? {
            ConsentOutcome::Stored => "stored",
            ConsentOutcome::Already => "duplicate",
        };
        tracing::info!(
            request_id = request.id,
            scope = change.scope.as_str(),
            status = 200,
            consent = status,
            "Recorded a consent"
        );
        Ok(Response::json(200, &Answer { status }))
    }
}

fn read(body: &Json, violations: &mut Violations) -> Option<ConsentCall> {
    let fields = Fields::of_body(body, violations)?;
    fields.only(&["phone", "scope", "text_version", "source", "withdrawn"], violations);
    let phone = fields.required_string("phone", violations);
    let phone = phone.and_then(|text| {
        recipient::textable(PhoneNumber::parse_e164(text), &fields.place("phone"), violations)
    });
    let scope = fields.required_string("scope", violations).and_then(|text| {
        let scope = Scope::new(text);
        if let Err(error) = &scope {
            violations.add("/scope", "format", error.to_string());
        }
        scope.ok()
    });
    let withdrawn = withdrawn(&fields, violations);
    let source = fields.required_string("source", violations);
    let source = source.and_then(|text| name(&fields, "source", text, violations));
    // Who agrees agrees to words; who withdraws need not have read any.
    let text_version = if withdrawn == Some(true) {
        fields.optional_string("text_version", violations)
    } else {
        fields.required_string("text_version", violations)
    };
    let text_version = text_version.map(|text| name(&fields, "text_version", text, violations));
    let act = if withdrawn? { Act::Withdrawn } else { Act::Given };
    Some(ConsentCall {
        phone: phone?,
        act,
        scope: scope?,
        source: source?,
        text_version: text_version.flatten(),
    })
}

fn withdrawn(fields: &Fields<'_>, violations: &mut Violations) -> Option<bool> {
    match fields.get("withdrawn") {
        None => Some(false),
        Some(Json::Bool(given)) => Some(*given),
        Some(_) => {
            violations.add("/withdrawn", "type", "must be true or false");
            None
        }
    }
}

/// A name that can be kept and shown: short, visible.
fn name(fields: &Fields<'_>, field: &str, text: &str, violations: &mut Violations) -> Option<String> {
    let is_one = !text.trim().is_empty() && text.chars().count() <= NAME_LIMIT && unwanted(text).is_none();
    if !is_one {
        let detail = format!("must be 1 to {NAME_LIMIT} visible characters");
        violations.add(fields.place(field), "format", detail);
    }
    is_one.then(|| text.to_owned())
}
