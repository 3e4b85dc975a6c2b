//! The simulator: what is played, where, and what is left of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use local::states::Definition;
use messaging::journeys::{Config, version_of};
use messaging::ports::CurrentJourneys;
use messaging::testing::memory::{Fault, Mutation, RecordedFact, World};

use crate::machine::Machine;
use crate::scenario::{LIMITS, Scenario};
use crate::scheduler::Scheduler;

const JOURNEYS: &str = include_str!("../../journeys.toml");

/// What is played.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// What the outside world does.
    pub scenario: Scenario,
    /// Who is next, and how long calls take.
    pub turns: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// A rule that is violations on purpose.
    pub mutation: Option<Mutation>,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Faults {
    /// This, by the call's place among all calls.
    Script(BTreeMap<usize, Fault>),
    /// What the seed decides.
    Random {
        /// The seed.
        seed: u64,
        /// How many of 256 calls go wrong.
        rate: u8,
    },
}

/// What was played.
pub struct Run {
    /// When it began.
    pub start: DateTime<Utc>,
    /// What took effect, in order.
    pub facts: Vec<RecordedFact>,
    /// The executions.
    pub machines: Vec<Machine>,
    /// The deliveries that were answered 2xx: the index in the scenario, and how many facts there
    /// were when the answer left.
    pub answered: Vec<(usize, usize)>,
    /// What went wrong, by place.
    pub injected: BTreeMap<usize, Fault>,
    /// Every call of a port.
    pub calls: Vec<&'static str>,
    /// Texts that reached a phone.
    pub delivered: usize,
    /// The world as it was left.
    pub world: World,
    /// It did not come to an end.
    pub never_ended: bool,
}

/// What is built once for many schedules.
pub struct Simulator {
    pub(crate) definition: Definition,
    journeys: CurrentJourneys,
    limited: CurrentJourneys,
    runtime: tokio::runtime::Runtime,
}

impl Simulator {
    /// A simulator for the shipped definition and the shipped journeys.
    ///
    /// # Panics
    /// When they do not load, which their own tests rule out.
    #[must_use]
    #[expect(clippy::expect_used, reason = "both files are part of this build and tested")]
    pub fn open() -> Self {
        let read = |toml: &str| CurrentJourneys {
            version: version_of(toml),
            journeys: Arc::new(Config::from_toml(toml).expect("the shipped journeys")),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        Self {
            definition: crate::machine::definition(),
            journeys: read(JOURNEYS),
            limited: read(&format!("{LIMITS}{JOURNEYS}")),
            runtime: runtime.expect("a runtime for the functions' time-outs"),
        }
    }

    /// The journeys in force while this scenario is played.
    pub(crate) fn journeys_of(&self, scenario: &Scenario) -> CurrentJourneys {
        if scenario.is_limited { self.limited.clone() } else { self.journeys.clone() }
    }

    /// Plays a schedule to its end.
    #[must_use]
    pub fn play(&self, schedule: &Schedule) -> Run {
        // The functions set time-outs; nobody turns the runtime, so none ever fires.
        let _context = self.runtime.enter();
        let mut scheduler = Scheduler::set(self, schedule);
        scheduler.play();
        scheduler.clear()
    }
}
