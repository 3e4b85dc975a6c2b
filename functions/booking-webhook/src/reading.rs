//! Reading the fields that are used: nulls and blank optional texts are absent, anything else of
//! another shape is noted and refuses the booking.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http_edge::fields::Fields;
use http_edge::json::Json;
use http_edge::violations::Violations;
use messaging::values::clock::from_rfc3339;
use messaging::values::phone::PhoneNumber;

use crate::booking::{BookingEvent, Created, Links, Personal, Reason, Unusable};
use crate::phone_search::PhoneSearch;
use crate::third_party::ThirdParty;

/// Longer than any id of a booking system.
const ID_LIMIT: usize = 512;
/// RFC 5646 needs 35 characters.
const LOCALE_LIMIT: usize = 35;

/// One payload being read.
#[derive(Default)]
pub(crate) struct Reading {
    wrong: Violations,
    no_start: Violations,
}

impl Reading {
    /// An id that must be there: visible ASCII.
    pub(crate) fn id(&mut self, fields: &Fields<'_>, name: &str) -> Option<String> {
        let text = fields.required_string(name, &mut self.wrong)?;
        self.check_id(text, fields.place(name))
    }

    /// The id of another booking, if one is named. `own` is the booking itself, which replaces
    /// nothing but others: a loop would make a booking cancel itself.
    pub(crate) fn link(&mut self, fields: &Fields<'_>, name: &str, own: Option<&str>) -> Option<String> {
        let text = self.text(fields, name)?;
        let id = self.check_id(text, fields.place(name))?;
        if own == Some(id.as_str()) {
            self.wrong.add(fields.place(name), "self_reference", "names the booking itself");
            return None;
        }
        Some(id)
    }

    /// Notes that a field is missing which this event must have.
    pub(crate) fn missing(&mut self, place: String) {
        if !self.wrong.names(&place) {
            self.wrong.add(place, "required", "is missing");
        }
    }

    /// A text that may be there, trimmed.
    pub(crate) fn text<'a>(&mut self, fields: &Fields<'a>, name: &str) -> Option<&'a str> {
        fields.optional_string(name, &mut self.wrong).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A text that may name a person.
    pub(crate) fn personal(&mut self, fields: &Fields<'_>, name: &str) -> Option<Personal> {
        self.text(fields, name).map(Personal::new)
    }

    /// Whether a flag is set.
    pub(crate) fn flag(&mut self, fields: &Fields<'_>, name: &str) -> bool {
        match fields.get(name) {
            None => false,
            Some(Json::Bool(value)) => *value,
            Some(_) => {
                self.wrong.add(fields.place(name), "type", "must be true or false");
                false
            }
        }
    }

    /// An object that may be there.
    pub(crate) fn object<'a>(&mut self, fields: &Fields<'a>, name: &str) -> Option<Fields<'a>> {
        fields.optional_object(name, &mut self.wrong)
    }

    /// An array that may be there.
    pub(crate) fn array<'a>(&mut self, fields: &Fields<'a>, name: &str) -> Option<&'a [Option<Json>]> {
        match fields.get(name)? {
            Json::Array(items) => Some(items),
            _ => {
                self.wrong.add(fields.place(name), "type", "must be an array");
                None
            }
        }
    }

    /// An item of an array, which must be an object.
    pub(crate) fn item<'a>(&mut self, item: &'a Json, array: &str, index: usize) -> Option<Fields<'a>> {
        Fields::of_item(item, array, index, &mut self.wrong)
    }

    /// The time of the appointment, with its offset.
    pub(crate) fn start(&mut self, fields: &Fields<'_>, name: &str) -> Option<DateTime<Utc>> {
        if fields.get(name).is_none() {
            self.no_start(fields.place(name));
            return None;
        }
        let text = fields.required_string(name, &mut self.wrong)?;
        let start = from_rfc3339(text);
        if start.is_none() {
            self.wrong.add(fields.place(name), "format", "must be an RFC 3339 time with its offset");
        }
        start
    }

    /// Notes that the time of the appointment is missing.
    pub(crate) fn no_start(&mut self, place: String) {
        self.no_start.add(place, "required", "is missing");
    }

    /// A zone by its IANA name; a name that we do not know is no zone.
    pub(crate) fn zone(&mut self, fields: &Fields<'_>, name: &str) -> Option<Tz> {
        self.text(fields, name)?.parse().ok()
    }

    /// A language tag; what cannot be one is none.
    pub(crate) fn locale(&mut self, fields: &Fields<'_>, name: &str) -> Option<String> {
        let text = self.text(fields, name)?;
        let is_tag = text.len() <= LOCALE_LIMIT
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        is_tag.then(|| text.replace('_', "-"))
    }

    fn check_id(&mut self, text: &str, place: String) -> Option<String> {
        if text.is_empty() || text.len() > ID_LIMIT || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let rule = format!("must be 1 to {ID_LIMIT} visible ASCII characters");
            self.wrong.add(place, "format", rule);
            return None;
        }
        Some(text.to_owned())
    }

    /// The refusal of an event that needs nothing but its id, and has none.
    pub(crate) fn refuse(self, body: &ThirdParty) -> Unusable {
        body.unusable(Reason::Malformed, self.wrong)
    }

    /// The event of a booking.
    ///
    /// # Errors
    /// When anything that it needs was not found, or anything that it uses has another shape.
    pub(crate) fn finish(
        self,
        body: &ThirdParty,
        booking: Booking,
        phones: PhoneSearch,
    ) -> Result<BookingEvent, Unusable> {
        let Self { mut wrong, no_start } = self;
        let (is_malformed, has_no_start) = (!wrong.is_empty(), !no_start.is_empty());
        for violation in no_start.into_sorted() {
            wrong.add(violation.pointer, violation.code, violation.detail);
        }
        let (phone, no_phone) = match phones.finish(&mut wrong) {
            Ok(phone) => (Some(phone), None),
            Err(reason) => (None, Some(reason)),
        };
        let links = booking.links();
        let reason = match (is_malformed, has_no_start, no_phone) {
            (true, _, _) => Reason::Malformed,
            (false, true, _) => Reason::NoStartTime,
            (false, false, Some(reason)) => reason,
            (false, false, None) => match booking.created(phone, body.content_hash()) {
                Some(created) => return Ok(BookingEvent::Created(Box::new(created))),
                None => Reason::Malformed,
            },
        };
        Err(Unusable { booking: links, ..body.unusable(reason, wrong) })
    }
}

/// The fields of a booking that were read, complete or not.
pub(crate) struct Booking {
    pub(crate) id: Option<String>,
    pub(crate) predecessor: Option<String>,
    pub(crate) already_rescheduled: bool,
    pub(crate) name: Option<Personal>,
    pub(crate) first_name: Option<Personal>,
    pub(crate) event_name: Option<Personal>,
    pub(crate) starts_at: Option<DateTime<Utc>>,
    pub(crate) time_zone: Option<Tz>,
    pub(crate) locale: Option<String>,
}

impl Booking {
    fn links(&self) -> Option<Links> {
        Some(Links { id: self.id.clone()?, predecessor: self.predecessor.clone() })
    }

    fn created(self, phone: Option<PhoneNumber>, content_hash: Option<String>) -> Option<Created> {
        Some(Created {
            id: self.id?,
            predecessor: self.predecessor,
            already_rescheduled: self.already_rescheduled,
            phone: phone?,
            name: self.name,
            first_name: self.first_name,
            event_name: self.event_name,
            starts_at: self.starts_at?,
            time_zone: self.time_zone,
            locale: self.locale,
            content_hash: content_hash?,
        })
    }
}
