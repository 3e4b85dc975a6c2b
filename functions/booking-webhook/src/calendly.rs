//! Calendly (developer.calendly.com, "Webhook payload"): `invitee.created` and `invitee.canceled`.
//!
//! There is no event for a reschedule: it is one of each, in any order. The new booking names the
//! old one in `old_invitee`, the old one is cancelled with `rescheduled: true`.

use http_edge::fields::Fields;
use http_edge::json::Json;
use messaging::values::phone::Region;
use messaging::values::zones;

use crate::booking::{BookingEvent, Cancelled, Personal, Unusable};
use crate::phone_search::{Answer, PhoneSearch};
use crate::reading::{Booking, Reading};
use crate::third_party::ThirdParty;
use crate::wording::{first_word, whole_name};

/// Calendly's forms have ten questions at most; a body with more is not worth more work.
const MAX_ANSWERS: usize = 50;

/// Reads an authentic body. National numbers are read by the country of the invitee's time zone, if
/// it is one country's, else of `default_region`, else not at all.
///
/// # Errors
/// When the event concerns us and cannot be used.
pub fn read(body: &[u8], default_region: Option<Region>) -> Result<BookingEvent, Unusable> {
    let body = ThirdParty::parse(body)?;
    match body.event_name("event")? {
        "invitee.created" => created(&body, default_region),
        "invitee.canceled" => cancelled(&body),
        _ => Ok(BookingEvent::Ignored),
    }
}

/// Nothing but the id can stop a cancellation: the texts must end.
fn cancelled(body: &ThirdParty) -> Result<BookingEvent, Unusable> {
    let payload = body.payload()?;
    let mut reading = Reading::default();
    let Some(id) = reading.id(&payload, "uri") else { return Err(reading.refuse(body)) };
    let rescheduled = payload.get("rescheduled") == Some(&Json::Bool(true));
    let successor = reading.link(&payload, "new_invitee", Some(&id));
    let is_successor = reading.link(&payload, "old_invitee", Some(&id)).is_some();
    Ok(BookingEvent::Cancelled(Cancelled { id, rescheduled, successor, is_successor }))
}

fn created(body: &ThirdParty, default_region: Option<Region>) -> Result<BookingEvent, Unusable> {
    let payload = body.payload()?;
    let mut reading = Reading::default();
    let id = reading.id(&payload, "uri");
    let predecessor = reading.link(&payload, "old_invitee", id.as_deref());
    let already_rescheduled = reading.flag(&payload, "rescheduled");
    // Two-field forms fill `first_name`, others only `name`.
    let name = reading.text(&payload, "name");
    let first_name = reading.personal(&payload, "first_name").or_else(|| name.and_then(first_word));
    let last_name = reading.text(&payload, "last_name");
    let name = name.map(Personal::new).or_else(|| whole_name(first_name.as_ref(), last_name));
    let time_zone = reading.zone(&payload, "timezone");

    let event = reading.object(&payload, "scheduled_event");
    let mut event_name: Option<Personal> = None;
    let mut starts_at = None;
    if let Some(event) = &event {
        event_name = reading.personal(event, "name");
        starts_at = reading.start(event, "start_time");
    } else if payload.get("scheduled_event").is_none() {
        reading.no_start(payload.place("scheduled_event"));
    }

    let mut phones = PhoneSearch::new(time_zone.and_then(zones::region).or(default_region));
    phones.field(&payload.place("text_reminder_number"), reading.text(&payload, "text_reminder_number"));
    if let Some(event) = &event {
        outbound_call(event, &mut reading, &mut phones);
    }
    if !phones.is_over() {
        let answers = reading.array(&payload, "questions_and_answers").unwrap_or_default();
        phones.answers(&in_order_of_the_form(answers, &payload.place("questions_and_answers")));
    }
    let locale = None; // Calendly tells none.
    let booking = Booking {
        id,
        predecessor,
        already_rescheduled,
        name,
        first_name,
        event_name,
        starts_at,
        time_zone,
        locale,
    };
    reading.finish(body, booking, phones)
}

/// The number at which the host calls the invitee. Of the other kinds of location, `inbound_call`
/// holds the host's own number.
fn outbound_call(event: &Fields<'_>, reading: &mut Reading, phones: &mut PhoneSearch) {
    if phones.is_over() {
        return;
    }
    let Some(location) = reading.object(event, "location") else { return };
    if location.get("type").and_then(Json::as_str) == Some("outbound_call") {
        phones.field(&location.place("location"), reading.text(&location, "location"));
    }
}

/// By `position`, where it is told; entries that are no question with an answer are passed over.
fn in_order_of_the_form<'a>(items: &'a [Option<Json>], place: &str) -> Vec<Answer<'a>> {
    let mut answers: Vec<(f64, Answer<'a>)> = items
        .iter()
        .enumerate()
        .take(MAX_ANSWERS)
        .filter_map(|(index, item)| {
            let item = item.as_ref()?;
            let answer = item.get("answer")?.as_str()?;
            let question = item.get("question").and_then(Json::as_str).unwrap_or_default();
            let position = match item.get("position") {
                Some(Json::Number(literal)) => literal.parse().ok()?,
                _ => index as f64,
            };
            Some((position, Answer { pointer: format!("{place}/{index}/answer"), question, answer }))
        })
        .collect();
    answers.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    answers.into_iter().map(|(_, answer)| answer).collect()
}
