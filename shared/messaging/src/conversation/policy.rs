//! The rules of a text's category for its sending, fixed when the event is accepted.

use serde::{Deserialize, Serialize};

use crate::journeys::quiet_hours::SendingHours;
use crate::values::ids::Scope;

/// The rules for one step. The default has none, as on older items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The hours in which it may be sent; at any hour if they are not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<SendingHours>,
    /// The program that its journey belongs to: what customers agree to and withdraw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Scope>,
}

impl Policy {
    /// Returns whether there are no rules.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
