//! The body of `POST /messages` and of `POST /webhooks/{source}`: any journey, any variables.

use chrono::{DateTime, Utc};
use http_edge::fields::Fields;
use http_edge::json::Json;
use http_edge::violations::Violations;
use messaging::ids::{ConversationId, JourneyName, SourceName};
use messaging::journeys::Journeys;
use messaging::phone::{PhoneNumber, Region};
use messaging::plan::Event;
use messaging::text::Variables;

/// An event id of another system: 1 to 255 visible ASCII characters.
const EVENT_ID_LIMIT: usize = 255;
/// Longer values belong into no text.
const VARIABLE_LIMIT: usize = 500;
const LOCALE_LIMIT: usize = 35;

/// What another service asks for.
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
    journeys: &Journeys,
    violations: &mut Violations,
) -> Option<MessageCall> {
    let fields = Fields::of_body(body, violations)?;
    let names = ["event_id", "journey", "to", "variables", "region", "locale", "send_at", "not_after"];
    fields.only(&names, violations);
    let event_id = fields.required_string("event_id", violations).filter(|id| is_event_id(id, violations));
    let journey = fields.required_string("journey", violations);
    let journey = journey.and_then(|name| journey_of(name, journeys, violations));
    let variables = variables(&fields, journey.as_ref(), journeys, violations);
    let phone = phone(&fields, source, journeys, violations);
    let locale = locale(&fields, violations);
    let send_at = instant(&fields, "send_at", violations);
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
            appointment: None,
            send_at,
            not_after,
            content_hash: body.canonical_hash()?,
            correlation_id: None,
        },
        event_id,
    })
}

fn is_event_id(id: &str, violations: &mut Violations) -> bool {
    let is_one = (1..=EVENT_ID_LIMIT).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    if !is_one {
        violations.add(
            "/event_id",
            "format",
            format!("must be 1 to {EVENT_ID_LIMIT} visible ASCII characters"),
        );
    }
    is_one
}

fn journey_of(name: &str, journeys: &Journeys, violations: &mut Violations) -> Option<JourneyName> {
    let name = JourneyName::new(name).ok().filter(|name| journeys.journeys.contains_key(name));
    if name.is_none() {
        violations.add("/journey", "unknown_journey", "must name a journey of journeys.toml");
    }
    name
}

/// Every variable that the journey declares, as text, and no other.
fn variables(
    fields: &Fields<'_>,
    journey: Option<&JourneyName>,
    journeys: &Journeys,
    violations: &mut Violations,
) -> Option<Variables> {
    let declared =
        journey.and_then(|name| journeys.journeys.get(name)).map_or(&[][..], |journey| &journey.variables);
    let Some(given) = fields.optional_object("variables", violations) else {
        if fields.get("variables").is_none() && !declared.is_empty() {
            violations.add("/variables", "required", "is missing");
        }
        return Some(Variables::default());
    };
    if journey.is_some() {
        let names: Vec<&str> = declared.iter().map(String::as_str).collect();
        given.only(&names, violations);
    }
    let mut variables = Variables::default();
    for name in declared {
        if let Some(value) = given.required_string(name, violations) {
            if value.chars().count() > VARIABLE_LIMIT {
                let detail = format!("must have at most {VARIABLE_LIMIT} characters");
                violations.add(given.place(name), "too_long", detail);
            }
            variables.set(name, value);
        }
    }
    Some(variables)
}

/// The number, national ones read by the payload's region, else by the source's, never by a guess.
fn phone(
    fields: &Fields<'_>,
    source: &SourceName,
    journeys: &Journeys,
    violations: &mut Violations,
) -> Option<PhoneNumber> {
    let region = match fields.optional_string("region", violations).map(str::parse::<Region>) {
        Some(Ok(region)) => Some(region),
        Some(Err(_)) => {
            violations.add("/region", "format", "must be a country code of two capital letters, such as US");
            return None;
        }
        None => journeys.sources.get(source).and_then(|source| source.region),
    };
    let text = fields.required_string("to", violations)?;
    match PhoneNumber::parse(text, region) {
        Ok(phone) if phone.textability().is_textable() => Some(phone),
        Ok(_) => {
            violations.add("/to", "phone_not_textable", "is a kind of number that cannot receive texts");
            None
        }
        Err(error) => {
            violations.add("/to", error.code(), error.to_string());
            None
        }
    }
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

fn instant(fields: &Fields<'_>, name: &str, violations: &mut Violations) -> Option<DateTime<Utc>> {
    let text = fields.optional_string(name, violations)?;
    let instant = DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.to_utc());
    if instant.is_none() {
        violations.add(fields.place(name), "format", "must be a time with its offset (RFC 3339)");
    }
    instant
}
