//! The send function in a world in memory with one conversation, and a provider that says what it is
//! told to.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use handlers::{Handlers, InMemory};
use messaging::conversation::step::{Progress, SendOutcome};
use messaging::conversation::{Conversation, Plan, Step};
use messaging::journeys::Config;
use messaging::ports::CurrentJourneys;
use messaging::testing::memory::World;
use messaging::text::template::MessageText;
use messaging::values::channel::{Category, Channel};
use messaging::values::ids::{ConversationId, JourneyName, SourceName, StepName};
use messaging::values::phone::PhoneNumber;
use send::Send;

pub(crate) const ID: &str = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";
pub(crate) const DUE: &str = "2026-11-20T12:30:09Z";

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

pub(crate) type TestSend = Send<World, World, World, World, World>;

/// The send function at the due instant, and its world.
pub(crate) fn send_function(outcome: SendOutcome) -> (TestSend, World) {
    let world = World::at(instant(DUE));
    {
        let mut state = world.state();
        state.store.put(&conversation(), instant(DUE));
        state.outcomes.push_back(outcome);
        let journeys = Arc::<Config>::default();
        state.journeys = Some(CurrentJourneys { version: "1".to_owned(), journeys });
    }
    let send = Handlers::new(&InMemory { world: world.clone(), public_url: None }).send;
    (send, world)
}

/// One conversation with one step, `text`, due at [`DUE`].
fn conversation() -> Conversation {
    let step = Step {
        name: StepName::new("text").unwrap(),
        due: instant(DUE),
        deadline: instant("2026-11-21T12:30:09Z"),
        unless_replied: false,
        follows: None,
        category: Category::Transactional,
        channel: Channel::Sms,
        providers: Vec::new(),
        text: MessageText::new("Approved."),
        content: None,
        policy: messaging::conversation::policy::Policy::default(),
        dlt_template_id: None,
        truncated: false,
        cost_micro_usd: None,
        sent_from: None,
        delivery: None,
        prices: Vec::new(),
        progress: Progress::default(),
    };
    let plan = Plan {
        source: SourceName::new("sms").unwrap(),
        contact: Some(PhoneNumber::parse_e164("+12025550143").unwrap()),
        name: None,
        journey: JourneyName::new("advance_approved").unwrap(),
        journeys_version: "1".to_owned(),
        content_hash: "0".to_owned(),
        accepted_at: instant("2026-11-20T12:28:09Z"),
        correlation_id: None,
        steps: vec![step],
    };
    Conversation::open(ConversationId::new(ID).unwrap(), plan)
}
