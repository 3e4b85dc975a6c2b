//! The body of `POST /trigger`: a registration, said in a WhatsApp template with numbered places.

use http_edge::Request;
use http_edge::fields::Fields;
use http_edge::json::Json;
use http_edge::recipient;
use http_edge::violations::Violations;
use messaging::journeys::{Config, Journey};
use messaging::plan::Event;
use messaging::text::template::{PersonName, Variables};
use messaging::values::ids::{ConversationId, JourneyName, SourceName};

use crate::Identity;
use crate::values::{self, Rule};

/// The journey of a source that names none.
const DEFAULT_JOURNEY: &str = "registration";
/// A caller's own key: 1 to 255 visible ASCII characters.
const KEY_LIMIT: usize = 255;

/// The fields that fill the template's variables "1" to "9", in this order.
const VARIABLES: [&str; 9] = [
    "parent_first_name",
    "player_first_name",
    "team_name",
    "age_group",
    "current_registration_season",
    "membership_fee_amount",
    "subscription_fee_amount",
    "team_manager_1_full_name",
    "team_manager_1_tel",
];

/// Names that fields had once, and have now.
const RENAMED: [(&str, &str); 3] = [
    ("manager_full_name", "team_manager_1_full_name"),
    ("manager_tel", "team_manager_1_tel"),
    ("current_season", "current_registration_season"),
];

/// A registration.
#[derive(Debug)]
pub(crate) struct Trigger {
    /// By which the event is known: the caller's key, else the digest of the body.
    pub(crate) key: String,
    /// As the domain knows it.
    pub(crate) event: Event,
}

/// Reads a call; `None`, and every violation noted, when it breaks the contract.
pub(crate) fn read(
    request: &Request,
    body: &Json,
    journeys: &Config,
    violations: &mut Violations,
) -> Option<Trigger> {
    let given_key = key_of(request, violations);
    let fields = Fields::of_body(body, violations)?;
    refuse_unknown(&fields, violations);
    let name = SourceName::fixed("trigger");
    let source = journeys.sources.get(&name);
    let journey = source.and_then(|source| source.journey.clone());
    let journey = journey.or_else(|| JourneyName::new(DEFAULT_JOURNEY).ok())?;
    let variables = variables(&fields, journeys.journeys.get(&journey), violations);
    let phone = recipient::national(&fields, "parent_tel", None, source, violations);
    let content_hash = body.canonical_hash();
    if content_hash.is_none() {
        violations.add("", "out_of_range", "a number is larger than a double can hold");
    }
    let content_hash = content_hash?;
    let key = given_key.ok()?.unwrap_or_else(|| content_hash.clone());
    Some(Trigger {
        event: Event {
            conversation: ConversationId::from_event_id(&name, &key),
            source: name,
            journey,
            contact: phone?,
            name: variables.get("parent_first_name").map(PersonName::new),
            variables,
            locale: None,
            time_zone: None,
            appointment: None,
            send_at: None,
            is_due_at_once: false,
            not_after: None,
            content_hash,
            correlation_id: None,
        },
        key,
    })
}

/// Returns the identity of the event; `None` for an invalid key.
pub(crate) fn identity(request: &Request, body: &Json) -> Option<Identity> {
    let content_hash = body.canonical_hash()?;
    let key = key_of(request, &mut Violations::default()).ok()?;
    let event_id = key.unwrap_or_else(|| content_hash.clone());
    let conversation = ConversationId::from_event_id(&SourceName::fixed("trigger"), &event_id);
    Some(Identity { event_id, conversation, content_hash })
}

/// The caller's own key, if there is one.
fn key_of(request: &Request, violations: &mut Violations) -> Result<Option<String>, ()> {
    let Some(value) = request.headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default();
    if (1..=KEY_LIMIT).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(key.to_owned()));
    }
    let detail = format!("the header Idempotency-Key must be 1 to {KEY_LIMIT} visible ASCII characters");
    violations.add("", "idempotency_key", detail);
    Err(())
}

/// Refuses every field that is not known; one under its old name with its new one.
fn refuse_unknown(fields: &Fields<'_>, violations: &mut Violations) {
    let mut names = vec!["parent_tel"];
    names.extend(VARIABLES);
    for (old, new) in RENAMED {
        if fields.get(old).is_some() {
            violations.add(fields.place(old), "renamed_field", format!("is now called {new}"));
        }
        names.push(old);
    }
    fields.only(&names, violations);
}

/// The variables that have a value; an empty one is left out, as if it were not there.
fn variables(fields: &Fields<'_>, journey: Option<&Journey>, violations: &mut Violations) -> Variables {
    let mut variables = Variables::default();
    for name in VARIABLES {
        let value = fields.optional_string(name, violations).filter(|value| !value.trim().is_empty());
        if let Some(value) = value {
            let limit = journey.map_or(messaging::journeys::VARIABLE_LIMIT, |journey| journey.limit(name));
            values::check(fields, name, value, Rule { limit, is_template_value: true }, violations);
            variables.set(name, value);
        }
    }
    variables
}
