//! Executions of the shipped definition on the shipped interpreter.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use local::states::{Action, Definition, Event, Execution, Status};
use serde_json::json;

const SHIPPED: &str = include_str!("../../statemachine/message.asl.json");
const SEND: &str = "arn:aws:lambda:us-east-1:000000000000:function:send";

/// Loads the shipped definition.
///
/// # Panics
/// If the local engine rejects it, which its own tests rule out.
#[must_use]
pub fn definition() -> Definition {
    let values = HashMap::from([("SendFunctionArn".to_owned(), SEND.to_owned())]);
    #[expect(clippy::expect_used, reason = "the definition is part of this build and tested")]
    Definition::load(SHIPPED, &values).expect("the shipped definition")
}

/// One execution of the state machine.
pub struct Machine {
    /// The id of its conversation.
    pub conversation: String,
    /// The name of the step that it sends.
    pub step: String,
    /// Its state in the interpreter.
    pub execution: Execution,
}

impl Machine {
    /// Starts the execution `<conversation>.<step>`, or a further one `<conversation>.<step>.r<n>`, and returns its
    /// first action; `None` if the name is not one of these.
    #[must_use]
    pub fn start(
        definition: &Definition,
        name: &str,
        due: &str,
        now: DateTime<Utc>,
    ) -> Option<(Self, Action)> {
        let (conversation, step) = name.split_once('.')?;
        let step = step.split('.').next()?;
        let input = json!({ "conversation_id": conversation, "step": step, "due": due }).to_string();
        let execution = Execution::new(name, &input, now).ok()?;
        let mut machine = Self { conversation: conversation.to_owned(), step: step.to_owned(), execution };
        let action = machine.on(definition, Event::Started, now);
        Some((machine, action))
    }

    /// Applies an event and returns the next action.
    pub fn on(&mut self, definition: &Definition, event: Event, now: DateTime<Utc>) -> Action {
        self.execution.on(definition, event, now).action
    }

    /// Whether the execution has not ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.execution.status == Status::Running
    }

    /// Returns the name of the state in which it ended, which is the verdict.
    #[must_use]
    pub fn end(&self) -> &str {
        &self.execution.position.state
    }
}
