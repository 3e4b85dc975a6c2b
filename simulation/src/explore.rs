//! Plays many schedules: seeded ones, and the main journeys with every single and every double fault.
//!
//! A schedule that violates an invariant is shrunk to the deliveries and faults that it needs.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use fastrand::Rng;
use messaging::testing::memory::{FAULTS, Fault, PROVIDER_FAULTS};

use crate::invariants::violations;
use crate::scenario::Scenario;
use crate::simulator::{Faults, Run, Schedule, Simulator};

/// Figures about the schedules that were played.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The number of schedules.
    pub schedules: usize,
    /// The number of calls of ports.
    pub calls: usize,
    /// The faults that occurred, by kind.
    pub faults: BTreeMap<Fault, usize>,
    /// The number of executions.
    pub executions: usize,
    /// The executions by the state in which they ended.
    pub ends: BTreeMap<String, usize>,
    /// The number of texts that reached a phone.
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

    /// Adds the figures of another summary.
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

/// A schedule that violates an invariant.
#[derive(Debug)]
pub struct Failure {
    /// The seed, or the name of the main journey.
    pub name: String,
    /// The schedule, shrunk.
    pub schedule: Schedule,
    /// The violations, in words.
    pub violations: Vec<String>,
    /// The history of the shrunk schedule, one line per event.
    pub history: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} violates:", self.name)?;
        for violation in &self.violations {
            writeln!(f, "  {violation}")?;
        }
        writeln!(f, "deliveries:")?;
        for delivery in &self.schedule.scenario.deliveries {
            writeln!(f, "  {:>8} s  {:?}", delivery.at, delivery.call)?;
        }
        writeln!(f, "{}", self.history)
    }
}

/// Returns the schedule of a seed.
#[must_use]
pub fn seeded(seed: u64) -> Schedule {
    let mut rng = Rng::with_seed(seed);
    let scenario = Scenario::random(&mut rng);
    let rate = [0, 6, 16, 48][rng.usize(..4)];
    Schedule { scenario, turns: rng.u64(..), faults: Faults::Random { seed: rng.u64(..), rate } }
}

/// Plays the schedules of these seeds.
///
/// # Errors
/// The first schedule that violates an invariant, shrunk.
pub fn random(simulator: &Simulator, seeds: impl Iterator<Item = u64>) -> Result<Summary, Box<Failure>> {
    let mut summary = Summary::default();
    for seed in seeds {
        let schedule = seeded(seed);
        let run = simulator.play(&schedule);
        if !violations(&schedule.scenario, &run).is_empty() {
            return Err(Box::new(shrink(simulator, format!("seed {seed}"), &schedule, &run)));
        }
        summary.count(&run);
    }
    Ok(summary)
}

/// Plays a scenario without faults, with every single fault, and with every pair of faults whose
/// first index leaves the remainder `share.0` when divided by `share.1`.
///
/// # Errors
/// The first schedule that violates an invariant, shrunk.
pub fn double_faults(
    simulator: &Simulator,
    name: &str,
    scenario: &Scenario,
    share: (usize, usize),
) -> Result<Summary, Box<Failure>> {
    let mut summary = Summary::default();
    let mut play = |script| scripted(simulator, name, scenario, script, &mut summary);
    let calls = play(BTreeMap::new())?;
    for (index, operation) in calls.iter().enumerate().filter(|(index, _)| index % share.1 == share.0) {
        for fault in faults_of(operation) {
            let single = BTreeMap::from([(index, *fault)]);
            let calls = play(single.clone())?;
            for (second, operation) in calls.iter().enumerate().skip(index + 1) {
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

/// Plays a scenario without faults and with every single fault.
///
/// # Errors
/// The first schedule that violates an invariant, shrunk.
pub fn single_faults(
    simulator: &Simulator,
    name: &str,
    scenario: &Scenario,
) -> Result<Summary, Box<Failure>> {
    let mut summary = Summary::default();
    let mut play = |script| scripted(simulator, name, scenario, script, &mut summary);
    for (index, operation) in play(BTreeMap::new())?.iter().enumerate() {
        for fault in faults_of(operation) {
            play(BTreeMap::from([(index, *fault)]))?;
        }
    }
    Ok(summary)
}

/// Plays a scenario with these faults and always the same order of turns. Returns the calls of ports.
fn scripted(
    simulator: &Simulator,
    name: &str,
    scenario: &Scenario,
    script: BTreeMap<usize, Fault>,
    summary: &mut Summary,
) -> Result<Vec<&'static str>, Box<Failure>> {
    let schedule = Schedule { scenario: scenario.clone(), turns: 1, faults: Faults::Script(script) };
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

/// Removes faults and deliveries from a schedule as long as it still violates an invariant.
#[must_use]
pub fn shrink(simulator: &Simulator, name: String, schedule: &Schedule, run: &Run) -> Failure {
    let mut schedule = schedule.clone();
    let scripted = Schedule { faults: Faults::Script(run.injected.clone()), ..schedule.clone() };
    if has_violation(simulator, &scripted) {
        schedule = scripted;
    }
    while let Some(smaller) = smaller(&schedule).into_iter().find(|smaller| has_violation(simulator, smaller))
    {
        schedule = smaller;
    }
    let run = simulator.play(&schedule);
    let violations = violations(&schedule.scenario, &run);
    let history = history(&run);
    Failure { name, schedule, violations, history }
}

fn has_violation(simulator: &Simulator, schedule: &Schedule) -> bool {
    !violations(&schedule.scenario, &simulator.play(schedule)).is_empty()
}

/// Returns every schedule that has one delivery or one fault less.
fn smaller(schedule: &Schedule) -> Vec<Schedule> {
    let mut all = Vec::new();
    for index in 0..schedule.scenario.deliveries.len() {
        let mut without = schedule.clone();
        without.scenario.deliveries.remove(index);
        all.push(without);
    }
    if let Faults::Script(script) = &schedule.faults {
        for index in script.keys() {
            let mut script = script.clone();
            script.remove(index);
            all.push(Schedule { faults: Faults::Script(script), ..schedule.clone() });
        }
    }
    all
}

/// Returns the history of a run, one line per event: the effects, the faults, the ends of the executions.
#[must_use]
pub fn history(run: &Run) -> String {
    let mut text = String::from("effects:\n");
    for recorded in &run.facts {
        let since = recorded.at - run.start;
        let _ = writeln!(text, "  {:>8} s  {:?}", since.num_seconds(), recorded.fact);
    }
    text.push_str("faults:\n");
    for (index, fault) in &run.injected {
        let operation = run.calls.get(*index).copied().unwrap_or("never called");
        let _ = writeln!(text, "  call {index:>4}  {operation}: {fault:?}");
    }
    text.push_str("ends of the executions:\n");
    for machine in &run.machines {
        let _ = writeln!(text, "  {}.{}: {}", machine.conversation, machine.step, machine.end());
    }
    text
}
