//! Files that users edit: `journeys.toml` and the state machine's definition.

use std::collections::HashMap;

use local::states::{Action, Definition, Event, Execution};
use messaging::journeys::{Config, lint};
use messaging::plan::{self, plan};
use messaging::text::template::Variables;
use messaging::values::ids::{ConversationId, SourceName};
use messaging::values::phone::PhoneNumber;
use serde_json::json;

use crate::world::now;

/// Loads any text as `journeys.toml`, and lints it and plans each of its journeys if it loads.
pub(crate) fn journeys_toml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let journeys = match Config::from_toml(text) {
        Ok(journeys) => journeys,
        Err(findings) => {
            assert!(!findings.is_empty(), "rejected without a reason");
            return;
        }
    };
    assert!(lint(&journeys).iter().all(|finding| !finding.location.is_empty()));
    for name in journeys.journeys.keys() {
        let source = SourceName::fixed("messages");
        let event = plan::Event {
            conversation: ConversationId::from_key(&source, "fuzz"),
            source,
            journey: name.clone(),
            contact: PhoneNumber::parse_e164("+12025550143").unwrap(),
            name: None,
            variables: Variables::default(),
            locale: None,
            time_zone: None,
            appointment: Some(now() + chrono::TimeDelta::days(3)),
            send_at: None,
            is_due_at_once: false,
            not_after: None,
            content_hash: String::new(),
            correlation_id: None,
        };
        if let Ok(conversation) = plan(event, &journeys, "fuzz", now()) {
            assert!(conversation.plan.is_some_and(|plan| !plan.steps.is_empty()));
        }
    }
}

/// A definition that loads can be run: for any answer of a task, the engine ends or waits.
pub(crate) fn asl_definition(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let values = HashMap::from([(
        "SendFunctionArn".to_owned(),
        "arn:aws:lambda:us-east-1:000000000000:function:send".to_owned(),
    )]);
    let definition = match Definition::load(text, &values) {
        Ok(definition) => definition,
        Err(problems) => {
            assert!(!problems.to_string().is_empty(), "rejected without a reason");
            return;
        }
    };
    let input = json!({ "conversation_id": "sms-1", "step": "text", "due": "2020-01-01T00:00:00Z" });
    let mut execution = Execution::new("fuzz", &input.to_string(), now()).unwrap();
    let mut event = Event::Started;
    for _ in 0..20 {
        let step = execution.on(&definition, event, now());
        event = match step.action {
            Action::WaitUntil(_) => Event::TimerFired,
            Action::Invoke { input, .. } => Event::TaskSucceeded(input),
            Action::Ended | Action::Unchanged => return,
        };
    }
}
