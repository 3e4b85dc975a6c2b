//! Checks across the states of a machine.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Report, join};
use super::{Next, State, Work};

/// Checks that every state that is named exists.
pub(super) fn targets(
    start_at: Option<&str>,
    states: &BTreeMap<String, State>,
    names: &[String],
    report: &Report,
) {
    let known = |target: &str| names.iter().any(|name| name == target);
    if let Some(start_at) = start_at.filter(|name| !known(name)) {
        report.add("/StartAt", format!("there is no state `{start_at}`"));
    }
    for (name, state) in states {
        for (pointer, target) in leads_to(state) {
            if !known(target) {
                report.add(
                    &format!("{}{pointer}", join("/States", name)),
                    format!("there is no state `{target}`"),
                );
            }
        }
    }
}

/// Checks that every state can be reached, that the execution can end, and that it cannot run in a circle
/// for ever.
pub(super) fn shape(start_at: &str, states: &BTreeMap<String, State>, report: &Report) {
    let mut reached = BTreeSet::new();
    let mut open = vec![start_at];
    while let Some(name) = open.pop() {
        if let (Some(state), true) = (states.get(name), reached.insert(name)) {
            open.extend(leads_to(state).into_iter().map(|(_, target)| target));
        }
    }
    for name in states.keys().filter(|name| !reached.contains(name.as_str())) {
        report.add(&join("/States", name), "cannot be reached from StartAt");
    }
    if !states.is_empty() && !states.values().any(is_end) {
        report.add("/States", "no state ends the execution: a Succeed, a Fail or an `End` is missing");
    }
    // Only a Task changes the data, so a circle without one either is left in its first round or never ends.
    // On AWS it would run until the limit of 25,000 events.
    let mut done = BTreeSet::new();
    for name in states.keys() {
        if circles(name, states, &mut done) {
            report.add(
                &join("/States", name),
                "leads back to itself without a Task on the way, so it would never end",
            );
        }
    }
}

/// Returns whether a path from `start` without a Task leads back to `start`.
fn circles<'s>(
    start: &'s str,
    states: &'s BTreeMap<String, State>,
    harmless: &mut BTreeSet<&'s str>,
) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        let Some(state) = states.get(name).filter(|state| !matches!(state.work, Work::Task(_))) else {
            continue;
        };
        for (_, target) in leads_to(state) {
            if target == start {
                return true;
            }
            if !harmless.contains(target) && seen.insert(target) {
                open.push(target);
            }
        }
    }
    // A state from which no circle was found can be skipped by later searches.
    harmless.insert(start);
    false
}

fn is_end(state: &State) -> bool {
    match &state.work {
        Work::Succeed | Work::Fail { .. } => true,
        Work::Wait { next, .. } => *next == Next::End,
        Work::Task(task) => task.next == Next::End,
        Work::Choice { .. } => false,
    }
}

/// Returns the states to which a state may lead, each with the pointer to the field that names it.
fn leads_to(state: &State) -> Vec<(String, &str)> {
    fn next(next: &Next) -> Option<(String, &str)> {
        match next {
            Next::State(name) => Some(("/Next".to_owned(), name.as_str())),
            Next::End => None,
        }
    }
    match &state.work {
        Work::Succeed | Work::Fail { .. } => Vec::new(),
        Work::Wait { next: to, .. } => next(to).into_iter().collect(),
        Work::Task(task) => {
            let caught = task.catch.iter().enumerate();
            let caught =
                caught.map(|(index, catcher)| (format!("/Catch/{index}/Next"), catcher.next.as_str()));
            next(&task.next).into_iter().chain(caught).collect()
        }
        Work::Choice { rules, default } => {
            let ruled = rules.iter().enumerate();
            let ruled = ruled.map(|(index, (_, name))| (format!("/Choices/{index}/Next"), name.as_str()));
            ruled.chain(default.iter().map(|name| ("/Default".to_owned(), name.as_str()))).collect()
        }
    }
}
