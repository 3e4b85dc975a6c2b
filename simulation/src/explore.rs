//! Many schedules: seeded ones, and all faults of the main journeys one by one and two by two. A
//! schedule that breaks a promise is cut down to what it needs to break it.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use fastrand::Rng;
use messaging::testing::memory::{FAULTS, Fault, Mutation, PROVIDER_FAULTS};

use crate::invariants::violations;
use crate::scenario::Scenario;
use crate::simulator::{Faults, Run, Schedule, Simulator};

/// What was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Schedules played.
    pub schedules: usize,
    /// Calls of ports.
    pub calls: usize,
    /// Faults that were met, by kind.
    pub faults: BTreeMap<Fault, usize>,
    /// Executions that ran.
    pub executions: usize,
    /// Executions by the state in which they ended.
    pub ends: BTreeMap<String, usize>,
    /// Texts that reached a phone.
    pub texts: usize,
}

impl Summary {
    fn count(&mut self, run: &Run) {
        self.schedules += 1;
        self.calls += run.calls.len();
        for fault in run.injected.values() {
            *self.faults.entry(*fault).or_default() += 1;
        }
        self.executions += run.machines.len();
        for machine in &run.machines {
            *self.ends.entry(machine.end().to_owned()).or_default() += 1;
        }
        self.texts += run.delivered;
    }

    /// Adds what another look counted.
    pub fn add(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.calls += other.calls;
        self.executions += other.executions;
        self.texts += other.texts;
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (end, count) in &other.ends {
            *self.ends.entry(end.clone()).or_default() += count;
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>10}  schedules", self.schedules)?;
        writeln!(f, "{:>10}  calls of ports", self.calls)?;
        writeln!(f, "{:>10}  faults met", self.faults.values().sum::<usize>())?;
        for (fault, count) in &self.faults {
            writeln!(f, "{count:>14}  {fault:?}")?;
        }
        writeln!(f, "{:>10}  executions", self.executions)?;
        for (end, count) in &self.ends {
            writeln!(f, "{count:>14}  {end}")?;
        }
        writeln!(f, "{:>10}  texts", self.texts)
    }
}

/// A schedule that broke a promise.
#[derive(Debug)]
pub struct Failure {
    /// The seed, or the place in the list of all faults.
    pub name: String,
    /// Cut down.
    pub schedule: Schedule,
    /// What it breaks.
    pub violations: Vec<String>,
    /// What happened, a line each.
    pub history: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} breaks:", self.name)?;
        for what in &self.violations {
            writeln!(f, "  {what}")?;
        }
        writeln!(f, "deliveries:")?;
        for delivery in &self.schedule.scenario.deliveries {
            writeln!(f, "  {:>8} s  {:?}", delivery.at, delivery.call)?;
        }
        writeln!(f, "{}", self.history)
    }
}

/// The schedule of a seed.
#[must_use]
pub fn seeded(seed: u64, mutation: Option<Mutation>) -> Schedule {
    let mut rng = Rng::with_seed(seed);
    let scenario = Scenario::random(&mut rng);
    let rate = [0, 6, 16, 48][rng.usize(..4)];
    Schedule { scenario, turns: rng.u64(..), faults: Faults::Random { seed: rng.u64(..), rate }, mutation }
}

/// Plays the schedules of these seeds.
///
/// # Errors
/// The first that breaks a promise, cut down.
pub fn random(simulator: &Simulator, seeds: impl Iterator<Item = u64>) -> Result<Summary, Box<Failure>> {
    let mut summary = Summary::default();
    for seed in seeds {
        let schedule = seeded(seed, None);
        let run = simulator.play(&schedule);
        let violations = violations(&schedule.scenario, &run);
        if !violations.is_empty() {
            return Err(Box::new(shrink(simulator, format!("seed {seed}"), &schedule, &run)));
        }
        summary.count(&run);
    }
    Ok(summary)
}

/// Plays a scenario without faults, with every single fault, and with every pair of faults whose
/// first one's place leaves the remainder `share.0` when divided by `share.1`.
///
/// # Errors
/// The first that breaks a promise, cut down.
pub fn exhaustive(
    simulator: &Simulator,
    name: &str,
    scenario: &Scenario,
    share: (usize, usize),
) -> Result<Summary, Box<Failure>> {
    let mut summary = Summary::default();
    let mut play = |script| scripted(simulator, name, scenario, script, &mut summary);
    let calm = play(BTreeMap::new())?;
    for (place, operation) in calm.iter().enumerate().filter(|(place, _)| place % share.1 == share.0) {
        for fault in faults_of(operation) {
            let single = BTreeMap::from([(place, *fault)]);
            let calls = play(single.clone())?;
            for (second, operation) in calls.iter().enumerate().skip(place + 1) {
                for other in faults_of(operation) {
                    let mut double = single.clone();
                    double.insert(second, *other);
                    play(double)?;
                }
            }
        }
    }
    Ok(summary)
}

/// Plays a scenario with every single fault.
///
/// # Errors
/// The first that breaks a promise, cut down.
pub fn singles(simulator: &Simulator, name: &str, scenario: &Scenario) -> Result<Summary, Box<Failure>> {
    let mut summary = Summary::default();
    let mut play = |script| scripted(simulator, name, scenario, script, &mut summary);
    for (place, operation) in play(BTreeMap::new())?.iter().enumerate() {
        for fault in faults_of(operation) {
            play(BTreeMap::from([(place, *fault)]))?;
        }
    }
    Ok(summary)
}

/// Plays a scenario with these faults, in the same turns each time, and says which ports it called.
fn scripted(
    simulator: &Simulator,
    name: &str,
    scenario: &Scenario,
    script: BTreeMap<usize, Fault>,
    summary: &mut Summary,
) -> Result<Vec<&'static str>, Box<Failure>> {
    let schedule =
        Schedule { scenario: scenario.clone(), turns: 1, faults: Faults::Script(script), mutation: None };
    let run = simulator.play(&schedule);
    if !violations(scenario, &run).is_empty() {
        return Err(Box::new(shrink(simulator, name.to_owned(), &schedule, &run)));
    }
    summary.count(&run);
    Ok(run.calls)
}

fn faults_of(operation: &str) -> &'static [Fault] {
    if operation == "send" { &PROVIDER_FAULTS } else { &FAULTS }
}

/// Removes faults and deliveries as long as a promise stays violations.
#[must_use]
pub fn shrink(simulator: &Simulator, name: String, schedule: &Schedule, run: &Run) -> Failure {
    let mut schedule = schedule.clone();
    let scripted = Schedule { faults: Faults::Script(run.injected.clone()), ..schedule.clone() };
    if violation(simulator, &scripted) {
        schedule = scripted;
    }
    while let Some(smaller) = smaller(&schedule).into_iter().find(|smaller| violation(simulator, smaller)) {
        schedule = smaller;
    }
    let run = simulator.play(&schedule);
    let violations = violations(&schedule.scenario, &run);
    let history = history(&run);
    Failure { name, schedule, violations, history }
}

fn violation(simulator: &Simulator, schedule: &Schedule) -> bool {
    !violations(&schedule.scenario, &simulator.play(schedule)).is_empty()
}

/// Every way to leave out one delivery or one fault.
fn smaller(schedule: &Schedule) -> Vec<Schedule> {
    let mut all = Vec::new();
    for n in 0..schedule.scenario.deliveries.len() {
        let mut without = schedule.clone();
        without.scenario.deliveries.remove(n);
        all.push(without);
    }
    if let Faults::Script(script) = &schedule.faults {
        for place in script.keys() {
            let mut script = script.clone();
            script.remove(place);
            all.push(Schedule { faults: Faults::Script(script), ..schedule.clone() });
        }
    }
    all
}

/// What happened, a line each: what took effect, how the executions ended, what went wrong.
#[must_use]
pub fn history(run: &Run) -> String {
    let mut text = String::from("what took effect:\n");
    for recorded in &run.facts {
        let since = recorded.at - run.start;
        let _ = writeln!(text, "  {:>8} s  {:?}", since.num_seconds(), recorded.fact);
    }
    text.push_str("what went wrong:\n");
    for (place, fault) in &run.injected {
        let operation = run.calls.get(*place).copied().unwrap_or("never called");
        let _ = writeln!(text, "  call {place:>4}  {operation}: {fault:?}");
    }
    text.push_str("how the executions ended:\n");
    for machine in &run.machines {
        let _ = writeln!(text, "  {}.{}: {}", machine.conversation, machine.step, machine.end());
    }
    text
}
