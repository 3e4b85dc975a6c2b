//! Events of bookings, independent of the booking system.

use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use http_edge::violations::Violation;
use messaging::values::phone::PhoneNumber;
use thiserror::Error;

/// An event of a booking.
#[derive(Debug, Clone, PartialEq)]
pub enum BookingEvent {
    /// Somebody booked; or moved a booking, when it names its predecessor.
    Created(Box<Created>),
    /// A booking is off.
    Cancelled(Cancelled),
    /// An event that changes nothing for us.
    Ignored,
}

/// A booking that can be texted about.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// The source's id of the booking.
    pub id: String,
    /// The source's id of the booking that this one replaces; never the booking itself.
    pub predecessor: Option<String>,
    /// The booking has itself been replaced by the time of this report.
    pub already_rescheduled: bool,
    /// The customer's number: valid, and of a kind that receives texts.
    pub phone: PhoneNumber,
    /// The customer's whole name, as written.
    pub name: Option<Personal>,
    /// The customer's first name, as written.
    pub first_name: Option<Personal>,
    /// The title of the event, as written. Some sources put names into it.
    pub event_name: Option<Personal>,
    /// The start of the appointment.
    pub starts_at: DateTime<Utc>,
    /// The customer's zone, if it is one that we know.
    pub time_zone: Option<Tz>,
    /// The customer's language, if the source tells: letters, digits, `-`.
    pub locale: Option<String>,
    /// SHA-256 of the canonical body.
    pub content_hash: String,
}

/// A booking that is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancelled {
    /// The source's id of the booking.
    pub id: String,
    /// It is off because another one takes its place.
    pub rescheduled: bool,
    /// The source's id of that other one, where it is told.
    pub successor: Option<String>,
    /// It had itself taken the place of another one.
    pub is_successor: bool,
}

/// Why an authentic body cannot be used. It goes into quarantine; there is no personal data in it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the booking cannot be used: {reason}")]
pub struct Unusable {
    /// The first reason that holds, in the order of [`Reason`].
    pub reason: Reason,
    /// Everything that is wrong, in the order of the places.
    pub violations: Vec<Violation>,
    /// The booking, when a creation names it beyond doubt: nobody can be texted about it, but what
    /// it replaces is off all the same.
    pub booking: Option<Links>,
}

/// A booking and the one that it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// The source's id of the booking.
    pub id: String,
    /// The source's id of the booking that this one replaces.
    pub predecessor: Option<String>,
}

/// The kind of an [`Unusable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Not what the source's documentation describes.
    Malformed,
    /// No time of the appointment.
    NoStartTime,
    /// No place of the body holds a phone number.
    NoPhone,
    /// There are numbers, and none of them can be read or take a text.
    PhoneNotUsable,
}

impl Reason {
    /// The stable word for the store, the log and the operator.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NoStartTime => "no_start_time",
            Self::NoPhone => "no_phone",
            Self::PhoneNotUsable => "phone_not_usable",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Words that may name a person: `Debug` tells their length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal(String);

impl Personal {
    /// Takes words as they are.
    #[must_use]
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// The words, for the table and the text only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Personal({} characters)", self.0.chars().count())
    }
}
