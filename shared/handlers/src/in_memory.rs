//! All ports in memory.

use messaging::testing::memory::World;

use crate::Ports;

/// Ports that all lead into one world in memory.
#[derive(Clone)]
pub struct InMemory {
    /// The world that implements every port.
    pub world: World,
    /// The public base URL that providers call, if one is configured.
    pub public_url: Option<String>,
}

impl Ports for InMemory {
    type Table = World;
    type Executions = World;
    type Keys = World;
    type Journeys = World;
    type Sender = World;
    type Notices = World;
    type CodeTexts = World;
    type Switch = World;
    type Randomness = World;
    type Clock = World;

    fn table(&self) -> World {
        self.world.clone()
    }

    fn executions(&self) -> World {
        self.world.clone()
    }

    fn keys(&self) -> World {
        self.world.clone()
    }

    fn journeys(&self) -> World {
        self.world.clone()
    }

    fn sender(&self) -> World {
        self.world.clone()
    }

    fn notices(&self) -> World {
        self.world.clone()
    }

    fn code_texts(&self) -> World {
        self.world.clone()
    }

    fn switch(&self) -> World {
        self.world.clone()
    }

    fn randomness(&self) -> World {
        self.world.clone()
    }

    fn clock(&self) -> World {
        self.world.clone()
    }

    fn public_url(&self) -> Option<String> {
        self.public_url.clone()
    }
}
