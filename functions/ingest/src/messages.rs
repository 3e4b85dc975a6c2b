//! The body of `POST /messages` and of `POST /webhooks/{source}`: any journey, any variables. A message is
//! due at once or at `send_at`; after an event of a source the journey's delays are waited for.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http_edge::fields::Fields;
use http_edge::json::Json;
use http_edge::recipient;
use http_edge::violations::Violations;
use messaging::journeys::{Config, JourneyStep, Source};
use messaging::plan::{Event, HORIZON, PlanError};
use messaging::text::template::Variables;
use messaging::values::clock::from_rfc3339;
use messaging::values::ids::{ConversationId, JourneyName, SourceName};
use messaging::values::phone::{PhoneNumber, Region};

use crate::Identity;
use crate::values::{self, Rule};

/// An event id of another system: 1 to 255 visible ASCII characters.
const EVENT_ID_LIMIT: usize = 255;
const LOCALE_LIMIT: usize = 35;

/// A message that another service requests.
#[derive(Debug)]
pub(crate) struct MessageCall {
    /// As the caller spelt it, to be given back.
    pub(crate) event_id: String,
    /// As the domain knows it.
    pub(crate) event: Event,
}

/// Reads the body; `None`, and every violation noted, when it breaks the contract.
pub(crate) fn read(
    body: &Json,
    source: &SourceName,
    journeys: &Config,
    now: DateTime<Utc>,
    violations: &mut Violations,
) -> Option<MessageCall> {
    let fields = Fields::of_body(body, violations)?;
    let names =
        ["event_id", "journey", "to", "variables", "region", "locale", "timezone", "send_at", "not_after"];
    fields.only(&names, violations);
    let event_id =
        fields.required_string("event_id", violations).filter(|id| checked_event_id(id, violations));
    let journey = fields.required_string("journey", violations);
    let journey = journey.and_then(|name| journey_of(name, journeys, violations));
    let variables = variables(&fields, journey.as_ref(), journeys, violations);
    let settings = journeys.sources.get(source);
    let phone = phone(&fields, settings, violations);
    let locale = locale(&fields, violations).filter(|locale| {
        journey.as_ref().is_none_or(|journey| is_spoken(locale, journey, journeys, violations))
    });
    let time_zone = time_zone(&fields, violations);
    let send_at = instant(&fields, "send_at", violations);
    if send_at.is_some_and(|send_at| send_at - now > HORIZON) {
        violations.add("/send_at", "journey", PlanError::NothingDue.to_string());
    }
    let not_after = instant(&fields, "not_after", violations);
    if let (Some(send_at), Some(not_after)) = (send_at, not_after)
        && not_after <= send_at
    {
        violations.add("/not_after", "out_of_range", "must be later than send_at");
    }
    let event_id = event_id?.to_owned();
    Some(MessageCall {
        event: Event {
            conversation: ConversationId::from_event_id(source, &event_id),
            source: source.clone(),
            journey: journey?,
            contact: phone?,
            name: None,
            variables: variables?,
            locale,
            time_zone,
            appointment: None,
            send_at,
            is_due_at_once: *source == SourceName::fixed("messages"),
            not_after,
            content_hash: content_hash(body, &event_id)?,
            correlation_id: None,
        },
        event_id,
    })
}

/// Returns the identity of a message; `None` when its event id is invalid.
pub(crate) fn identity(body: &Json, source: &SourceName) -> Option<Identity> {
    let event_id = body.get("event_id").and_then(Json::as_str).filter(|id| is_event_id(id))?;
    Some(Identity {
        conversation: ConversationId::from_event_id(source, event_id),
        content_hash: content_hash(body, event_id)?,
        event_id: event_id.to_owned(),
    })
}

/// UUIDs are the same in any case, as they are in the conversation's id.
fn content_hash(body: &Json, event_id: &str) -> Option<String> {
    if uuid::Uuid::try_parse(event_id).is_ok() {
        body.with_lower_case("event_id").canonical_hash()
    } else {
        body.canonical_hash()
    }
}

/// Whether a text can be an event's id.
pub(crate) fn is_event_id(id: &str) -> bool {
    (1..=EVENT_ID_LIMIT).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

fn checked_event_id(id: &str, violations: &mut Violations) -> bool {
    let is_one = is_event_id(id);
    if !is_one {
        violations.add(
            "/event_id",
            "format",
            format!("must be 1 to {EVENT_ID_LIMIT} visible ASCII characters"),
        );
    }
    is_one
}

fn journey_of(name: &str, journeys: &Config, violations: &mut Violations) -> Option<JourneyName> {
    let name = JourneyName::new(name).ok().filter(|name| journeys.journeys.contains_key(name));
    if name.is_none() {
        violations.add("/journey", "unknown_journey", "must name a journey of journeys.toml");
    }
    name
}

/// Every variable that the journey demands, as text, those of its optional ones that are there, and
/// no other.
fn variables(
    fields: &Fields<'_>,
    journey: Option<&JourneyName>,
    journeys: &Config,
    violations: &mut Violations,
) -> Option<Variables> {
    let Some(journey) = journey.and_then(|name| journeys.journeys.get(name)) else {
        // Which ones are wanted is not known; that they are an object can be checked all the same.
        fields.optional_object("variables", violations);
        return None;
    };
    let Some(given) = fields.optional_object("variables", violations) else {
        if fields.get("variables").is_none() && !journey.variables.is_empty() {
            violations.add("/variables", "required", "is missing");
        }
        return Some(Variables::default());
    };
    let names: Vec<&str> = journey.variables.iter().chain(&journey.optional).map(String::as_str).collect();
    given.only(&names, violations);
    let in_templates = journeys.template_variables(journey);
    let mut variables = Variables::default();
    for name in names {
        let value = if journey.optional.iter().any(|optional| optional == name) {
            given.optional_string(name, violations)
        } else {
            given.required_string(name, violations)
        };
        if let Some(value) = value {
            let rule = Rule { limit: journey.limit(name), is_template_value: in_templates.contains(name) };
            values::check(&given, name, value, rule, violations);
            variables.set(name, value);
        }
    }
    Some(variables)
}

/// The customer's phone. What of it does not depend on a region that is no region is looked at all the same.
fn phone(fields: &Fields<'_>, settings: Option<&Source>, violations: &mut Violations) -> Option<PhoneNumber> {
    match region(fields, violations) {
        Ok(region) => recipient::national(fields, "to", region, settings, violations),
        Err(()) => {
            let to = fields.required_string("to", violations)?;
            if to.trim_start().starts_with('+') {
                recipient::national(fields, "to", None, settings, violations);
            }
            None
        }
    }
}

/// The country of a national number, where the payload says.
fn region(fields: &Fields<'_>, violations: &mut Violations) -> Result<Option<Region>, ()> {
    let Some(text) = fields.optional_string("region", violations) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        violations.add("/region", "format", "must be a country code of two capital letters, such as US");
    })
}

fn locale(fields: &Fields<'_>, violations: &mut Violations) -> Option<String> {
    let locale = fields.optional_string("locale", violations)?;
    let is_one = (2..=LOCALE_LIMIT).contains(&locale.len())
        && locale.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_one {
        violations.add("/locale", "format", "must be a language tag, such as en-US");
    }
    is_one.then(|| locale.to_owned())
}

/// Whether every text of the journey has words in that locale.
fn is_spoken(locale: &str, journey: &JourneyName, journeys: &Config, violations: &mut Violations) -> bool {
    let steps = journeys.journeys.get(journey).map(|journey| journey.steps.as_slice()).unwrap_or_default();
    let speaks = |step: &JourneyStep| {
        journeys.texts.get(&step.text).is_some_and(|wording| wording.speaks(locale, step.channel))
    };
    let Some(step) = steps.iter().find(|step| !speaks(step)) else { return true };
    violations.add("/locale", "journey", PlanError::NoWords { step: step.name.clone() }.to_string());
    false
}

/// The zone that the customer lives in: quiet hours count by its clock.
fn time_zone(fields: &Fields<'_>, violations: &mut Violations) -> Option<Tz> {
    let name = fields.optional_string("timezone", violations)?;
    let zone = name.parse().ok();
    if zone.is_none() {
        violations.add("/timezone", "format", "must be a zone of the IANA database, such as Asia/Kolkata");
    }
    zone
}

fn instant(fields: &Fields<'_>, name: &str, violations: &mut Violations) -> Option<DateTime<Utc>> {
    let text = fields.optional_string(name, violations)?;
    let instant = from_rfc3339(text);
    if instant.is_none() {
        violations.add(fields.place(name), "format", "must be a time with its offset (RFC 3339)");
    }
    instant
}
