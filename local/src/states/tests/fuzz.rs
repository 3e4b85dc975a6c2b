//! No input makes the engine panic, and histories stay complete.

use std::collections::HashMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{FUNCTION, at, rfc3339, shipped};
use crate::states::format::Format;
use crate::states::path::Path;
use crate::states::{Action, Definition, Event, Execution};

/// Words of the language, and texts that are almost right.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "StartAt",
            "States",
            "Type",
            "Wait",
            "Task",
            "Choice",
            "Succeed",
            "Fail",
            "Next",
            "End",
            "Seconds",
            "SecondsPath",
            "Timestamp",
            "TimestampPath",
            "Resource",
            "Retry",
            "Catch",
            "ErrorEquals",
            "ResultPath",
            "InputPath",
            "OutputPath",
            "Choices",
            "Variable",
            "StringEquals",
            "NumericEquals",
            "BooleanEquals",
            "IsPresent",
            "And",
            "Or",
            "Not",
            "Default",
            "Error",
            "Cause",
            "CausePath",
            "A",
            "B",
            "$",
            "$.a",
            "$.a[0]",
            "States.ALL",
            "States.Format('{}', $.a)",
            "${X}",
            FUNCTION,
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Returns a small machine of which one part is an arbitrary value.
fn almost_right() -> impl Strategy<Value = Value> {
    (anything(), anything(), word()).prop_map(|(a, b, field)| {
        let mut document = json!({"StartAt": "A", "States": {
            "A": {"Type": "Task", "Resource": FUNCTION, "Retry": [{"ErrorEquals": ["X"]}], "Next": "C"},
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": true, "Next": "B"}], "Default": "A"},
            "B": {"Type": "Fail"},
        }});
        document["States"]["B"][&field] = a;
        document["States"]["A"]["Retry"][0][&field] = b.clone();
        document["States"]["C"]["Choices"][0][&field] = b;
        document
    })
}

fn event() -> impl Strategy<Value = (Event, i64)> {
    let answer = prop_oneof![
        anything(),
        (prop::sample::select(vec!["Wait", "Sent", "BlockedBudget", "Other"]), -10_i64..500)
            .prop_map(|(verdict, due)| json!({"verdict": verdict, "due": rfc3339(due), "conversation_id": "c", "step": "s"})),
    ];
    let event = prop_oneof![
        2 => Just(Event::Started),
        8 => Just(Event::TimerFired),
        6 => answer.prop_map(Event::TaskSucceeded),
        4 => word().prop_map(|error| Event::TaskFailed { error, cause: "c".to_owned() }),
        1 => Just(Event::TaskTimedOut),
        1 => Just(Event::Aborted { error: None, cause: None }),
    ];
    (event, 0_i64..700)
}

fn run(definition: &Definition, events: Vec<(Event, i64)>) {
    let input = json!({"due": rfc3339(30), "conversation_id": "c", "step": "s"}).to_string();
    let mut execution = Execution::new("name", &input, at(0)).unwrap();
    let (mut now, mut last) = (at(0), 0);
    for (event, passes) in events {
        now += TimeDelta::seconds(passes);
        let before = execution.clone();
        let step = execution.on(definition, event, now);
        for event in &step.history {
            assert_eq!(event.id, last + 1);
            assert!(event.previous < event.id);
            last = event.id;
        }
        if step.action == Action::Unchanged {
            assert_eq!(before, execution);
        }
        assert_eq!(
            execution.stopped.is_some(),
            execution.output.is_some() || execution.status.name() != "RUNNING"
        );
        let stored = serde_json::to_string(&execution.position).unwrap();
        assert_eq!(
            serde_json::from_str::<crate::states::execution::Position>(&stored).unwrap(),
            execution.position
        );
    }
    assert_eq!(execution.position.events, last);
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let garbled = String::from_utf8_lossy(&bytes);
        for text in [text.as_str(), garbled.as_ref()] {
            let _ = Definition::load(text, &HashMap::new());
            let _ = Path::parse(text);
            let _ = Path::parse(&format!("$.{text}"));
            let _ = Format::parse(&format!("States.Format('{text}', {text})"));
        }
    }

    #[test]
    fn no_definition_makes_the_loader_panic(document in anything()) {
        let _ = Definition::load(&document.to_string(), &HashMap::new());
    }

    #[test]
    fn what_loads_can_be_run(document in almost_right(), events in prop::collection::vec(event(), 0..30)) {
        if let Ok(definition) = Definition::parse(document.to_string()) {
            run(&definition, events);
        }
    }

    #[test]
    fn any_events_keep_the_history_whole(events in prop::collection::vec(event(), 0..60)) {
        let events = std::iter::once((Event::Started, 0)).chain(events).collect();
        run(&shipped(), events);
    }
}
