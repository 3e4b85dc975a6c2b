//! Cal.com (cal.com/docs, "Webhooks"): `{triggerEvent, createdAt, payload}`.
//!
//! A reschedule is one event, and its booking has a new uid: `BOOKING_RESCHEDULED` names the old one
//! in `rescheduleUid`. (A booking that needs the host's word is `BOOKING_CREATED` when it has it,
//! with `rescheduleUid` if it replaces another.) Nothing tells one delivery from its replay but
//! [`dedupe_key`].

use http_edge::fields::Fields;
use http_edge::json::Json;
use messaging::values::phone::Region;
use messaging::values::zones;

use crate::booking::{BookingEvent, Cancelled, Personal, Unusable};
use crate::phone_search::{Answer, PhoneSearch};
use crate::reading::{Booking, Reading};
use crate::third_party::ThirdParty;
use crate::wording::{first_word, whole_name};

/// The answers of the booking form that hold the attendee's number.
const PHONE_RESPONSES: [&str; 3] = ["attendeePhoneNumber", "smsReminderNumber", "phone"];

/// Fields of Cal.com's own in `responses`, which are no questions of the host's.
const OWN_FIELDS: [&str; 10] = [
    "name",
    "email",
    "attendeePhoneNumber",
    "smsReminderNumber",
    "phone",
    "location",
    "title",
    "notes",
    "guests",
    "rescheduleReason",
];
/// A body with more answers than this is not worth more work.
const MAX_ANSWERS: usize = 50;

/// Reads an authentic body. National numbers are read by the country of the attendee's time zone,
/// if it is one country's, else of `default_region`, else not at all.
///
/// # Errors
/// When the event concerns us and cannot be used.
pub fn read(body: &[u8], default_region: Option<Region>) -> Result<BookingEvent, Unusable> {
    let body = ThirdParty::parse(body)?;
    match body.event_name("triggerEvent")? {
        "BOOKING_CREATED" => created(&body, default_region, Replaces::Maybe),
        "BOOKING_RESCHEDULED" => created(&body, default_region, Replaces::Another),
        "BOOKING_CANCELLED" => cancelled(&body),
        _ => Ok(BookingEvent::Ignored),
    }
}

/// Returns the key that all deliveries of one event share and no other event has: uid, event and the
/// time of the event. `None` when the body names one of them not or twice.
#[must_use]
pub fn dedupe_key(body: &[u8]) -> Option<String> {
    let body = ThirdParty::parse(body).ok()?;
    let trigger = body.event_name("triggerEvent").ok()?;
    let uid = Reading::default().id(&body.payload().ok()?, "uid")?;
    let created_at = body.envelope_string("createdAt").map(str::trim).filter(|text| !text.is_empty())?;
    Some(format!("{uid} {trigger} {created_at}"))
}

/// Whether an event must name the booking that it replaces.
#[derive(PartialEq)]
enum Replaces {
    Another,
    Maybe,
}

/// Nothing but the id can stop a cancellation: the texts must end.
fn cancelled(body: &ThirdParty) -> Result<BookingEvent, Unusable> {
    let payload = body.payload()?;
    let mut reading = Reading::default();
    let Some(id) = reading.id(&payload, "uid") else { return Err(reading.refuse(body)) };
    Ok(BookingEvent::Cancelled(Cancelled { id, rescheduled: false, successor: None, is_successor: false }))
}

fn created(
    body: &ThirdParty,
    default_region: Option<Region>,
    replaces: Replaces,
) -> Result<BookingEvent, Unusable> {
    let payload = body.payload()?;
    let mut reading = Reading::default();
    let id = reading.id(&payload, "uid");
    let predecessor = reading.link(&payload, "rescheduleUid", id.as_deref());
    if replaces == Replaces::Another && predecessor.is_none() {
        reading.missing(payload.place("rescheduleUid"));
    }
    let event_name = reading.personal(&payload, "eventTitle").or_else(|| reading.personal(&payload, "title"));
    let starts_at = reading.start(&payload, "startTime");

    // The first attendee is the one who booked.
    let attendees = reading.array(&payload, "attendees");
    let booker = attendees.and_then(|attendees| attendees.first()?.as_ref());
    let booker = booker.and_then(|booker| reading.item(booker, &payload.place("attendees"), 0));
    let (mut name, mut first_name) = (None, None);
    let mut time_zone = None;
    let mut locale = None;
    if let Some(booker) = &booker {
        let written = reading.text(booker, "name");
        first_name = reading.personal(booker, "firstName").or_else(|| written.and_then(first_word));
        let last_name = reading.text(booker, "lastName");
        name = written.map(Personal::new).or_else(|| whole_name(first_name.as_ref(), last_name));
        time_zone = reading.zone(booker, "timeZone");
        locale = reading.object(booker, "language").and_then(|it| reading.locale(&it, "locale"));
    }

    let mut phones = PhoneSearch::new(time_zone.and_then(zones::region).or(default_region));
    phones.field(&payload.place("smsReminderNumber"), reading.text(&payload, "smsReminderNumber"));
    if let Some(booker) = &booker {
        phones.field(&booker.place("phoneNumber"), reading.text(booker, "phoneNumber"));
    }
    responses(&payload, &mut phones);
    location(&payload, &mut phones);
    if !phones.is_over() {
        phones.answers(&own_questions(&payload));
    }
    let booking = Booking {
        id,
        predecessor,
        already_rescheduled: false, // Cal.com has no such flag.
        name,
        first_name,
        event_name,
        starts_at,
        time_zone,
        locale,
    };
    reading.finish(body, booking, phones)
}

/// `{"label","value","isHidden"}` each, or the bare value. Forms are the host's to design, so what
/// has another shape is passed over.
fn responses(payload: &Fields<'_>, phones: &mut PhoneSearch) {
    let Some(responses) = payload.get("responses") else { return };
    for name in PHONE_RESPONSES {
        let (value, tail) = unwrapped(responses.get(name));
        phones.field(&format!("{}/{name}{tail}", payload.place("responses")), value.and_then(Json::as_str));
    }
}

/// Returns the answers to the host's own questions, wherever Cal.com puts them: `responses` and
/// `userFieldsResponses` hold `{"label","value"}` by a slug made of the title, `customInputs` (older versions) the
/// bare answer by the title itself. Fields of Cal.com's own are read elsewhere.
fn own_questions<'a>(payload: &Fields<'a>) -> Vec<Answer<'a>> {
    let mut answers = Vec::new();
    for member in ["responses", "userFieldsResponses", "customInputs"] {
        let Some(Json::Object(questions)) = payload.get(member) else { continue };
        for (slug, response) in questions.iter().take(MAX_ANSWERS) {
            if OWN_FIELDS.contains(&slug.as_str()) {
                continue;
            }
            let answer = response.get("value").unwrap_or(response).as_str();
            let question = response.get("label").and_then(Json::as_str).unwrap_or(slug);
            if let Some(answer) = answer {
                let pointer = format!("{}/{slug}", payload.place(member));
                answers.push(Answer { pointer, question, answer });
            }
        }
    }
    answers
}

/// Reads the location of the meeting, which may be the attendee's phone. `userPhone` is the host's.
fn location(payload: &Fields<'_>, phones: &mut PhoneSearch) {
    let (chosen, tail) = unwrapped(payload.get("responses").and_then(|responses| responses.get("location")));
    let kind = chosen.and_then(|chosen| chosen.get("value").unwrap_or(chosen).as_str());
    if kind == Some("phone") {
        let place = format!("{}/location{tail}/optionValue", payload.place("responses"));
        phones.field(&place, chosen.and_then(|chosen| chosen.get("optionValue")?.as_str()));
    }
    let location = payload.get("location").and_then(Json::as_str);
    let hosts = payload.get("organizer").and_then(|host| host.get("phoneNumber")).and_then(Json::as_str);
    if kind == Some("userPhone") || location.is_none() || location == hosts {
        return;
    }
    // Mostly it is a link, an address or `integrations:daily`.
    phones.volunteered(location.unwrap_or_default());
}

/// Returns the value inside `{"value": ...}`, and the rest of its pointer.
fn unwrapped(response: Option<&Json>) -> (Option<&Json>, &'static str) {
    let inner = response.and_then(|response| response.get("value"));
    // `{"value":"phone","optionValue":"..."}` is itself what a location is.
    if inner.is_some() && response.is_some_and(|response| response.get("optionValue").is_none()) {
        (inner, "/value")
    } else {
        (response, "")
    }
}
