//! The send function over ports in memory, with one conversation and a provider whose outcome is given.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use handlers::{Handlers, InMemory};
use messaging::conversation::step::SendOutcome;
use messaging::conversation::{Conversation, Step};
use messaging::journeys::Config;
use messaging::ports::CurrentJourneys;
use messaging::testing::builders;
use messaging::testing::memory::World;
use messaging::text::template::MessageText;
use send::Send;

pub(crate) const ID: &str = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";
pub(crate) const DUE: &str = "2026-11-20T12:30:09Z";

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

pub(crate) type TestSend = Send<World, World, World, World, World>;

/// Returns the send function at the due instant, and its world.
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

/// Returns a conversation with one step, `text`, that is due at [`DUE`].
fn conversation() -> Conversation {
    let step = Step { text: MessageText::new("Approved."), ..builders::step("text", instant(DUE)) };
    builders::conversation(ID, builders::plan(instant("2026-11-20T12:28:09Z"), vec![step]))
}
