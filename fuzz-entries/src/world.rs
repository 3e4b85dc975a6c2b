//! The functions over one world in memory, with keys and the shipped journeys.

use std::sync::{Arc, OnceLock};

use booking_webhook::systems::SYSTEMS;
use chrono::{DateTime, Utc};
use handlers::{Handlers, InMemory};
use messaging::journeys::Config;
use messaging::ports::CurrentJourneys;
use messaging::testing::memory::World;

/// The shipped journeys, with a source that only the configuration declares.
const JOURNEYS: &str =
    concat!(include_str!("../../journeys.toml"), "\n[sources.shop]\nregion = \"GB\"\nlocale = \"en-GB\"\n",);

/// The API key of every route that needs one.
pub(crate) const API_KEY: &str = "api-key";
/// The signing key of every source that signs its calls.
pub(crate) const SIGNING_KEY: &str = "signing-key";

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(crate) fn world() -> World {
    let world = World::at(now());
    {
        let mut state = world.state();
        state.keys.insert("api_key", vec![API_KEY]);
        let booking_systems = SYSTEMS.iter().map(|system| system.key_entry);
        for entry in booking_systems.chain(["shop_signing_key", "twilio_auth_token"]) {
            state.keys.insert(entry, vec![SIGNING_KEY]);
        }
        state.journeys = Some(CurrentJourneys { version: "fuzz".to_owned(), journeys: journeys() });
    }
    world
}

/// Returns the journeys, which are parsed once because parsing takes longer than most calls.
fn journeys() -> Arc<Config> {
    static JOURNEYS_READ: OnceLock<Arc<Config>> = OnceLock::new();
    Arc::clone(JOURNEYS_READ.get_or_init(|| Arc::new(Config::from_toml(JOURNEYS).unwrap())))
}

/// Composes every function over a world.
pub(crate) fn handlers(world: &World) -> Handlers<InMemory> {
    let public_url = Some("https://example.com".to_owned());
    Handlers::new(&InMemory { world: world.clone(), public_url })
}
