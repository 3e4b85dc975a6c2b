//! What a text's category demands of its sending, fixed when the event is accepted.

use serde::{Deserialize, Serialize};

use crate::journeys::quiet_hours::SendingHours;
use crate::values::ids::Scope;

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
    /// Whether nothing is demanded.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
