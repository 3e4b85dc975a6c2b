//! The simulator: plays one schedule to its end and returns everything that was recorded.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use local::states::Definition;
use messaging::journeys::{Config, version_of};
use messaging::ports::CurrentJourneys;
use messaging::testing::memory::{Fault, Interceptor, RecordedFact, World};

use crate::machine::Machine;
use crate::scenario::{LIMITS, Scenario};
use crate::scheduler::Scheduler;

const JOURNEYS: &str = include_str!("../../journeys.toml");

/// Everything that determines a run.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The calls of the outside world.
    pub scenario: Scenario,
    /// The seed of the order in which tasks run and of how long calls take.
    pub turns: u64,
    /// The faults of the ports.
    pub faults: Faults,
}

/// The faults of a schedule.
#[derive(Debug, Clone)]
pub enum Faults {
    /// These faults, by the index of the call among all calls of ports.
    Script(BTreeMap<usize, Fault>),
    /// The faults that a seed determines.
    Random {
        /// The seed.
        seed: u64,
        /// The number of calls that fail, of 256.
        rate: u8,
    },
}

/// The record of a schedule that was played.
pub struct Run {
    /// The instant at which it began.
    pub start: DateTime<Utc>,
    /// The effects, in order.
    pub facts: Vec<RecordedFact>,
    /// The executions.
    pub machines: Vec<Machine>,
    /// The deliveries that were answered 2xx: the index in the scenario, and the number of facts that
    /// were recorded when the answer left.
    pub answered: Vec<(usize, usize)>,
    /// The faults that occurred, by the index of the call.
    pub injected: BTreeMap<usize, Fault>,
    /// The name of every call of a port, in order.
    pub calls: Vec<&'static str>,
    /// The number of texts that reached a phone.
    pub delivered: usize,
    /// The world in its last state.
    pub world: World,
    /// Whether the schedule was stopped because it did not end.
    pub never_ended: bool,
}

/// Everything that is built once and used for many schedules.
pub struct Simulator {
    pub(crate) definition: Definition,
    journeys: CurrentJourneys,
    limited: CurrentJourneys,
    broken_rule: Option<fn() -> Interceptor>,
    runtime: tokio::runtime::Runtime,
}

impl Simulator {
    /// Creates a simulator of the shipped definition and the shipped journeys.
    ///
    /// # Panics
    /// If they do not load, which their own tests rule out.
    #[must_use]
    #[expect(clippy::expect_used, reason = "both files are part of this build and tested")]
    pub fn new() -> Self {
        let read = |toml: &str| CurrentJourneys {
            version: version_of(toml),
            journeys: Arc::new(Config::from_toml(toml).expect("the shipped journeys")),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        Self {
            definition: crate::machine::definition(),
            journeys: read(JOURNEYS),
            limited: read(&format!("{LIMITS}{JOURNEYS}")),
            broken_rule: None,
            runtime: runtime.expect("a runtime for the functions' time-outs"),
        }
    }

    /// Creates a simulator whose ports break a rule, to prove that the invariants notice it.
    ///
    /// Each schedule gets an interceptor of its own, so that playing it again repeats it.
    #[must_use]
    pub fn with_broken_rule(rule: fn() -> Interceptor) -> Self {
        Self { broken_rule: Some(rule), ..Self::new() }
    }

    /// Returns the journeys that are in force during this scenario.
    pub(crate) fn journeys_of(&self, scenario: &Scenario) -> CurrentJourneys {
        if scenario.is_limited { self.limited.clone() } else { self.journeys.clone() }
    }

    /// Returns a new interceptor of the broken rule.
    pub(crate) fn interceptor(&self) -> Option<Interceptor> {
        self.broken_rule.map(|rule| rule())
    }

    /// Plays a schedule to its end.
    #[must_use]
    pub fn play(&self, schedule: &Schedule) -> Run {
        // The functions set time-outs, which need a runtime. It is never driven, so none of them fires.
        let _context = self.runtime.enter();
        let mut scheduler = Scheduler::new(self, schedule);
        scheduler.play();
        scheduler.into_run()
    }
}

impl Default for Simulator {
    fn default() -> Self {
        Self::new()
    }
}
