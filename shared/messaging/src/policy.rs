//! What a text's category demands of its sending, fixed when the event is accepted.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::ids::Scope;
use crate::journeys::{Category, Journey, Journeys};
use crate::phone::PhoneNumber;
use crate::quiet_hours::SendingHours;

/// The demands on one step; the default demands nothing, as what was stored before there were any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// At which hours it may be sent; at any, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<SendingHours>,
    /// The program that its journey belongs to: what customers agree to and withdraw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Scope>,
}

impl Policy {
    /// What a category demands for a number whose owner lives in that zone, if that is known.
    #[must_use]
    pub fn new(
        category: Category,
        phone: &PhoneNumber,
        zone: Option<Tz>,
        journey: &Journey,
        journeys: &Journeys,
    ) -> Self {
        let is_advertising = category == Category::Promotional;
        let hours = is_advertising.then(|| SendingHours::new(phone, zone, &journeys.promotional_hours));
        Self { hours, program: journey.program.clone() }
    }

    /// Whether nothing is demanded.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
