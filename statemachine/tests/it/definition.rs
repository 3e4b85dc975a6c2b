//! The definition loads, and the template fills in all of its placeholders.

use std::collections::BTreeSet;

use local::states::Definition;

use crate::files::{DEFINITION, PLACEHOLDER, definition, loaded, states_of, template};

/// Returns the names in `${...}`.
fn placeholders() -> BTreeSet<&'static str> {
    DEFINITION.split("${").skip(1).map(|rest| rest.split('}').next().unwrap()).collect()
}

#[test]
fn the_local_engine_runs_every_construct_of_the_definition() {
    let loaded = loaded();
    let definition = definition();
    let states: BTreeSet<_> = definition["States"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(loaded.state_names().collect::<BTreeSet<_>>(), states);
    assert!(!loaded.text().contains("${"));
}

#[test]
fn the_definition_does_not_load_without_its_function() {
    assert!(Definition::load(DEFINITION, &std::collections::HashMap::new()).is_err());
}

#[test]
fn the_template_fills_in_every_placeholder_and_no_other() {
    let machine = template()["Resources"]["MessageStateMachine"]["Properties"].clone();
    let substitutions = machine["DefinitionSubstitutions"].as_object().unwrap();
    let substituted: BTreeSet<_> = substitutions.keys().map(String::as_str).collect();
    assert_eq!(placeholders(), substituted);
    assert_eq!(placeholders(), BTreeSet::from([PLACEHOLDER]));
    assert_eq!(machine["DefinitionUri"], "statemachine/message.asl.json");
}

/// The resource is the bare function, so its result is the state's output without the envelope of `lambda:invoke`.
#[test]
fn the_task_calls_the_bare_function() {
    let (_, task) = states_of("Task").pop().unwrap();
    assert_eq!(task["Resource"], format!("${{{PLACEHOLDER}}}"));
    let machine = &template()["Resources"]["MessageStateMachine"]["Properties"];
    assert_eq!(machine["DefinitionSubstitutions"][PLACEHOLDER]["Ref"], "SendFunction.Alias");
}

#[test]
fn the_state_machine_is_standard_uses_jsonpath_and_logs_no_execution_data() {
    assert_eq!(definition()["QueryLanguage"], "JSONPath");
    let machine = &template()["Resources"]["MessageStateMachine"]["Properties"];
    assert_eq!(machine["Type"], "STANDARD");
    assert_eq!(machine["Logging"]["IncludeExecutionData"], false);
}

#[test]
fn the_state_machine_waits_for_the_due_time_of_its_input() {
    assert_eq!(definition()["StartAt"], "WaitUntilDue");
    assert_eq!(states_of("Wait").pop().unwrap().1["TimestampPath"], "$.due");
}
