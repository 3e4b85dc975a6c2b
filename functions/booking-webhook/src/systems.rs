//! The table of booking systems. A new one is an entry here and a file beside [`calendly`] that reads its bodies.
//! Routes of the template, keys and signatures of sample events follow from the entry.

use chrono::{DateTime, Utc};
use http_edge::Request;
use http_edge::signature::{Scheme, SignatureError};
use messaging::values::ids::{ConversationId, SourceName};
use messaging::values::phone::Region;
use messaging::values::secret::SecretText;

use crate::booking::{BookingEvent, Unusable};
use crate::{calcom, calendly};

/// A booking system.
pub struct System {
    /// The system's name as a source.
    pub name: &'static str,
    /// The route that the system calls, as the template spells it.
    pub route: &'static str,
    /// The entry of the secret that holds the system's signing keys.
    pub key_entry: &'static str,
    /// The scheme by which the system signs.
    pub scheme: Scheme,
    /// The reader of the system's bodies.
    pub(crate) read: fn(&[u8], Option<Region>) -> Result<BookingEvent, Unusable>,
}

/// Every booking system.
pub static SYSTEMS: [System; 2] = [
    System {
        name: "calendly",
        route: "POST /webhooks/calendly",
        key_entry: "calendly_signing_key",
        scheme: Scheme::Timestamped,
        read: calendly::read,
    },
    System {
        name: "calcom",
        route: "POST /webhooks/calcom",
        key_entry: "calcom_signing_key",
        scheme: Scheme::PlainHmac,
        read: calcom::read,
    },
];

/// Returns the system that calls a route.
#[must_use]
pub fn system_of(route: &str) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.route == route)
}

/// Returns the system of that name.
#[must_use]
pub fn system_named(name: &str) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.name == name)
}

impl System {
    /// Checks the signature of a call that arrived at `now`.
    pub(crate) fn verify(
        &self,
        request: &Request,
        keys: &[SecretText],
        now: DateTime<Utc>,
    ) -> Result<(), SignatureError> {
        let header = request.headers.get(self.scheme.header()).map(http::HeaderValue::as_bytes);
        self.scheme.verify(header, request.body(), keys, now.timestamp())
    }

    /// Returns the system's name as a source.
    pub(crate) fn source(&self) -> SourceName {
        SourceName::fixed(self.name)
    }

    /// Returns the conversation of a booking, by the system's id of it.
    pub(crate) fn conversation(&self, id: &str) -> ConversationId {
        ConversationId::from_event_id(&self.source(), id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_route_and_the_key_entry_of_a_system_contain_its_name() {
        for system in &SYSTEMS {
            assert!(SourceName::new(system.name).is_ok(), "{}", system.name);
            assert_eq!(system.route, format!("POST /webhooks/{}", system.name));
            assert_eq!(system.key_entry, format!("{}_signing_key", system.name));
        }
    }
}
