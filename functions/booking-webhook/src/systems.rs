//! The booking systems that are known: how each is authenticated and read. A further one is a
//! further entry here and a further file beside [`calendly`].

use chrono::{DateTime, Utc};
use http_edge::Request;
use http_edge::signature::{SignatureError, plain_hmac, timestamped};
use messaging::values::ids::{ConversationId, SourceName};
use messaging::values::phone::Region;
use messaging::values::secret::SecretText;

use crate::booking::{BookingEvent, Unusable};
use crate::{calcom, calendly};

/// Checks the signature of a call that arrived at an instant.
type Verify = fn(&Request, &[SecretText], DateTime<Utc>) -> Result<(), SignatureError>;

/// A booking system.
pub struct System {
    /// Its name as a source.
    pub name: &'static str,
    /// Its route.
    route: &'static str,
    /// The entry of the secret that holds its signing keys.
    pub(crate) key_entry: &'static str,
    /// Checks a call's signature.
    pub(crate) verify: Verify,
    /// Reads a body.
    pub(crate) read: fn(&[u8], Option<Region>) -> Result<BookingEvent, Unusable>,
}

const SYSTEMS: [System; 2] = [
    System {
        name: "calendly",
        route: "POST /webhooks/calendly",
        key_entry: "calendly_signing_key",
        verify: |request, keys, now| {
            let header = header(request, timestamped::CALENDLY_HEADER);
            timestamped::verify(header, request.body(), keys, now.timestamp())
        },
        read: calendly::read,
    },
    System {
        name: "calcom",
        route: "POST /webhooks/calcom",
        key_entry: "calcom_signing_key",
        verify: |request, keys, _| {
            plain_hmac::verify(header(request, plain_hmac::CALCOM_HEADER), request.body(), keys)
        },
        read: calcom::read,
    },
];

/// The system whose route it is.
pub(crate) fn system_of(route: &str) -> Option<&'static System> {
    const { &SYSTEMS }.iter().find(|system| system.route == route)
}

/// The system by its name as a source.
#[must_use]
pub fn system_named(name: &str) -> Option<&'static System> {
    const { &SYSTEMS }.iter().find(|system| system.name == name)
}

impl System {
    /// Its name as a source.
    pub(crate) fn source(&self) -> SourceName {
        SourceName::fixed(self.name)
    }

    /// The conversation of a booking.
    pub(crate) fn conversation(&self, id: &str) -> ConversationId {
        ConversationId::from_event_id(&self.source(), id)
    }
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a [u8]> {
    request.headers.get(name).map(http::HeaderValue::as_bytes)
}
