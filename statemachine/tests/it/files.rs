//! The files under test, parsed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use local::states::Definition;
use serde_json::Value;

pub(crate) const DEFINITION: &str = include_str!("../../message.asl.json");
pub(crate) const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The only placeholder of the definition.
pub(crate) const PLACEHOLDER: &str = "SendFunctionArn";

/// Returns the definition as JSON.
pub(crate) fn definition() -> Value {
    serde_json::from_str(DEFINITION).unwrap()
}

/// Loads the definition into the local engine.
pub(crate) fn loaded() -> Definition {
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:send".to_owned();
    Definition::load(DEFINITION, &HashMap::from([(PLACEHOLDER.to_owned(), arn)])).unwrap()
}

/// Returns the names and definitions of the states of a type.
pub(crate) fn states_of(kind: &str) -> Vec<(String, Value)> {
    let definition = definition();
    let states = definition["States"].as_object().unwrap();
    let wanted = states.iter().filter(|(_, state)| state["Type"] == kind);
    wanted.map(|(name, state)| (name.clone(), state.clone())).collect()
}

/// Returns the template, with its intrinsic functions as maps of one entry (`!Ref Table` becomes `{"Ref": "Table"}`).
pub(crate) fn template() -> Value {
    let document: serde_yaml_ng::Value = serde_yaml_ng::from_str(TEMPLATE).unwrap();
    plain(&document)
}

/// Returns the root folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn plain(value: &serde_yaml_ng::Value) -> Value {
    use serde_yaml_ng::Value as Yaml;
    match value {
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            Value::from_iter([(name.trim_start_matches('!').to_owned(), plain(&tagged.value))])
        }
        Yaml::Sequence(items) => items.iter().map(plain).collect(),
        Yaml::Mapping(members) => {
            members.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), plain(value))).collect()
        }
        scalar => serde_json::to_value(scalar).unwrap(),
    }
}
