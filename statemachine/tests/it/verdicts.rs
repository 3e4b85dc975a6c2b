//! The names of states, branches and errors equal the domain's verdicts.

use std::collections::BTreeSet;

use messaging::values::verdict::Verdict;

use crate::files::{definition, states_of};

/// Final states that are not verdicts: nothing was decided, or the definition does not know the verdict.
const RETRIES_EXHAUSTED: &str = "RetriesExhausted";
const ENDED_OTHER: &str = "EndedOther";

fn names(states: &[(String, serde_json::Value)]) -> BTreeSet<&str> {
    states.iter().map(|(name, _)| name.as_str()).collect()
}

fn verdicts(keep: impl Fn(Verdict) -> bool) -> impl Iterator<Item = &'static str> {
    Verdict::ALL.into_iter().filter(move |verdict| keep(*verdict)).map(Verdict::as_str)
}

#[test]
fn each_verdict_has_a_terminal_state_of_its_name_and_failures_fail() {
    let succeed = states_of("Succeed");
    let fail = states_of("Fail");
    let expected: BTreeSet<_> = verdicts(|verdict| !verdict.is_failure()).chain([ENDED_OTHER]).collect();
    assert_eq!(names(&succeed), expected);
    let expected: BTreeSet<_> = verdicts(Verdict::is_failure).chain([RETRIES_EXHAUSTED]).collect();
    assert_eq!(names(&fail), expected);
}

#[test]
fn there_is_one_wait_one_task_one_choice_and_otherwise_only_final_states() {
    assert_eq!(names(&states_of("Wait")), BTreeSet::from(["WaitUntilDue"]));
    assert_eq!(names(&states_of("Task")), BTreeSet::from(["Send"]));
    assert_eq!(names(&states_of("Choice")), BTreeSet::from(["Verdict"]));
    let all = definition()["States"].as_object().unwrap().len();
    assert_eq!(all, Verdict::ALL.len() + 2 + 3);
}

#[test]
fn the_choice_leads_each_verdict_to_its_state_and_unknown_ones_to_ended_other() {
    let (_, choice) = states_of("Choice").pop().unwrap();
    let mut branches = BTreeSet::new();
    for branch in choice["Choices"].as_array().unwrap() {
        assert_eq!(branch["Variable"], "$.verdict");
        assert_eq!(branch.as_object().unwrap().len(), 3, "{branch}");
        let value = branch["StringEquals"].as_str().unwrap();
        let leads_to = if value == "Wait" { "WaitUntilDue" } else { value };
        assert_eq!(branch["Next"], leads_to);
        assert!(branches.insert(value.to_owned()), "{value} has two branches");
    }
    let expected: BTreeSet<_> = verdicts(|_| true).chain(["Wait"]).map(str::to_owned).collect();
    assert_eq!(branches, expected);
    assert_eq!(choice["Default"], ENDED_OTHER);
}

#[test]
fn a_fail_state_has_its_own_name_as_error_and_names_the_command_to_run() {
    for (name, state) in states_of("Fail") {
        assert_eq!(state["Error"], name.as_str());
        let cause = state["CausePath"].as_str().unwrap();
        assert!(cause.starts_with("States.Format("), "{name}: {cause}");
        assert!(
            cause.contains("afterword show {}") && cause.ends_with("$.conversation_id)"),
            "{name}: {cause}"
        );
    }
}
