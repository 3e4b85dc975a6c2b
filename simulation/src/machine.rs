//! Executions of the shipped definition on the shipped interpreter.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use local::states::{Action, Definition, Event, Execution, Status};
use serde_json::json;

const SHIPPED: &str = include_str!("../../statemachine/message.asl.json");
const SEND: &str = "arn:aws:lambda:us-east-1:000000000000:function:send";

/// The shipped definition.
///
/// # Panics
/// When the local engine does not take it, which its own tests rule out.
#[must_use]
pub fn definition() -> Definition {
    let values = HashMap::from([("SendFunctionArn".to_owned(), SEND.to_owned())]);
    #[expect(clippy::expect_used, reason = "the definition is part of this build and tested")]
    Definition::load(SHIPPED, &values).expect("the shipped definition")
}

/// One execution and where it has been.
pub struct Machine {
    /// The conversation that it belongs to.
    pub conversation: String,
    /// The step that it sends.
    pub step: String,
    /// How it stands.
    pub execution: Execution,
}

impl Machine {
    /// Starts the execution `<conversation>.<step>`, or a further one `<conversation>.<step>.r<n>`, and says what it wants done first.
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

    /// Lets something happen to it, and says what it wants done next.
    pub fn on(&mut self, definition: &Definition, event: Event, now: DateTime<Utc>) -> Action {
        self.execution.on(definition, event, now).action
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.execution.status == Status::Running
    }

    /// The name of the state in which it ended, which is the verdict.
    #[must_use]
    pub fn end(&self) -> &str {
        &self.execution.position.state
    }
}
