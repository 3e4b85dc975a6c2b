//! The functions over one world in memory, with keys and the shipped journeys.

use std::sync::{Arc, OnceLock};

use booking_webhook::BookingWebhook;
use chrono::{DateTime, Utc};
use delivery_status::DeliveryStatus;
use inbound::Inbound;
use ingest::Ingest;
use messaging::journeys::Config;
use messaging::ports::CurrentJourneys;
use messaging::testing::memory::World;
use otp::Otp;
use send::Send;

/// The shipped journeys and a source that is configuration alone.
const JOURNEYS: &str =
    concat!(include_str!("../../journeys.toml"), "\n[sources.shop]\nregion = \"GB\"\nlocale = \"en-GB\"\n",);

/// Opens every keyed route.
pub(crate) const API_KEY: &str = "api-key";
/// Signs for every source that signs.
pub(crate) const SIGNING_KEY: &str = "signing-key";

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(crate) fn world() -> World {
    let world = World::at(now());
    {
        let mut state = world.state();
        state.keys.insert("api_key", vec![API_KEY]);
        for entry in ["calendly_signing_key", "calcom_signing_key", "shop_signing_key", "twilio_auth_token"] {
            state.keys.insert(entry, vec![SIGNING_KEY]);
        }
        state.journeys = Some(CurrentJourneys { version: "fuzz".to_owned(), journeys: journeys() });
    }
    world
}

/// Read once: it takes longer than most calls.
fn journeys() -> Arc<Config> {
    static JOURNEYS_READ: OnceLock<Arc<Config>> = OnceLock::new();
    Arc::clone(JOURNEYS_READ.get_or_init(|| Arc::new(Config::from_toml(JOURNEYS).unwrap())))
}

pub(crate) fn ingest(world: &World) -> Ingest<World, World, World, World, World> {
    Ingest {
        conversations: world.clone(),
        executions: world.clone(),
        keys: world.clone(),
        journeys: world.clone(),
        clock: world.clone(),
    }
}

pub(crate) fn booking_webhook(world: &World) -> BookingWebhook<World, World, World, World, World> {
    BookingWebhook {
        conversations: world.clone(),
        executions: world.clone(),
        keys: world.clone(),
        journeys: world.clone(),
        clock: world.clone(),
    }
}

pub(crate) fn inbound(world: &World) -> Inbound<World, World, World, World, World, World> {
    Inbound {
        inbox: world.clone(),
        keys: world.clone(),
        journeys: world.clone(),
        notices: world.clone(),
        randomness: world.clone(),
        clock: world.clone(),
        public_url: Some("https://example.com".to_owned()),
    }
}

pub(crate) fn send(world: &World) -> Send<World, World, World, World, World> {
    Send {
        conversations: world.clone(),
        sender: world.clone(),
        switch: world.clone(),
        rules: world.clone(),
        clock: world.clone(),
    }
}

pub(crate) fn delivery_status(world: &World) -> DeliveryStatus<World, World, World, World> {
    DeliveryStatus {
        table: world.clone(),
        executions: world.clone(),
        keys: world.clone(),
        clock: world.clone(),
        public_url: Some("https://example.com".to_owned()),
    }
}

pub(crate) fn otp(world: &World) -> Otp<World, World, World, World, World, World, World> {
    Otp {
        codes: world.clone(),
        keys: world.clone(),
        journeys: world.clone(),
        texts: world.clone(),
        randomness: world.clone(),
        switch: world.clone(),
        clock: world.clone(),
    }
}
