//! Builders of test data: each returns a value with every field set, of which a test states only what it needs
//! (`Step { unless_replied: true, ..builders::step("text", due) }`).
#![expect(clippy::unwrap_used, reason = "tests, called by tests only")]

use chrono::{DateTime, TimeDelta, Utc};

use crate::conversation::policy::Policy;
use crate::conversation::step::Progress;
use crate::conversation::{Conversation, Plan, Step};
use crate::text::template::MessageText;
use crate::values::channel::{Category, Channel};
use crate::values::ids::{ConversationId, JourneyName, SourceName, StepName};
use crate::values::phone::PhoneNumber;

/// Returns the contact of every plan that is built here.
#[must_use]
pub fn phone() -> PhoneNumber {
    PhoneNumber::parse_e164("+12025550143").unwrap()
}

/// Returns a planned transactional text by SMS that may be sent for 24 hours and is sent even after a reply.
#[must_use]
pub fn step(name: &str, due: DateTime<Utc>) -> Step {
    Step {
        name: StepName::new(name).unwrap(),
        due,
        deadline: due + TimeDelta::hours(24),
        unless_replied: false,
        follows: None,
        category: Category::Transactional,
        policy: Policy::default(),
        channel: Channel::Sms,
        providers: Vec::new(),
        text: MessageText::new("words"),
        content: None,
        dlt_template_id: None,
        truncated: false,
        cost_micro_usd: None,
        sent_from: None,
        delivery: None,
        prices: Vec::new(),
        progress: Progress::default(),
    }
}

/// Returns a plan of these steps by the source `sms` and the journey `advance_approved`, accepted at an instant, for
/// [`phone`].
#[must_use]
pub fn plan(accepted_at: DateTime<Utc>, steps: Vec<Step>) -> Plan {
    Plan {
        source: SourceName::new("sms").unwrap(),
        contact: Some(phone()),
        name: None,
        journey: JourneyName::new("advance_approved").unwrap(),
        journeys_version: "1".to_owned(),
        content_hash: "hash".to_owned(),
        accepted_at,
        correlation_id: None,
        steps,
    }
}

/// Opens a conversation with a plan.
#[must_use]
pub fn conversation(id: &str, plan: Plan) -> Conversation {
    Conversation::open(ConversationId::new(id).unwrap(), plan)
}
