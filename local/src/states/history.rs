//! The history of an execution, as `GetExecutionHistory` returns it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// An event in the history of an execution.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEvent {
    /// The number of the event, beginning with 1.
    pub id: u64,
    /// The id of the event that led to this one; 0 for `ExecutionStarted` and the entry of the first state.
    pub previous: u64,
    /// The time of the event.
    pub at: DateTime<Utc>,
    /// AWS's name for the type of event, such as `TaskStateEntered`.
    pub kind: String,
    /// The fields of the event's detail object, without the `...Details{truncated}` companions.
    pub details: Map<String, Value>,
}

impl HistoryEvent {
    /// Returns the event in AWS's JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut details = self.details.clone();
        for field in ["input", "output"] {
            if details.contains_key(field) {
                details.insert(format!("{field}Details"), json!({"truncated": false}));
            }
        }
        let mut event = Map::new();
        event.insert("timestamp".to_owned(), epoch_seconds(self.at));
        event.insert("type".to_owned(), json!(self.kind));
        event.insert("id".to_owned(), json!(self.id));
        event.insert("previousEventId".to_owned(), json!(self.previous));
        if let Some(key) = details_key(&self.kind) {
            event.insert(key, Value::Object(details));
        }
        Value::Object(event)
    }
}

/// Removes from an event in AWS's JSON everything that `includeExecutionData: false` leaves out.
#[must_use]
pub fn without_data(mut event: Value) -> Value {
    for (key, details) in event.as_object_mut().into_iter().flatten() {
        if let (true, Some(details)) = (key.ends_with("EventDetails"), details.as_object_mut()) {
            details.retain(|field, _| {
                !matches!(field.as_str(), "input" | "output" | "inputDetails" | "outputDetails")
            });
        }
    }
    event
}

/// Returns an instant as AWS's JSON protocol writes it: seconds since 1970 with milliseconds.
#[must_use]
pub fn epoch_seconds(instant: DateTime<Utc>) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any real date are far below 2^53")]
    let seconds = instant.timestamp_millis() as f64 / 1000.0;
    json!(seconds)
}

fn details_key(kind: &str) -> Option<String> {
    if kind == "LambdaFunctionStarted" {
        return None;
    }
    if kind.ends_with("StateEntered") {
        return Some("stateEnteredEventDetails".to_owned());
    }
    if kind.ends_with("StateExited") {
        return Some("stateExitedEventDetails".to_owned());
    }
    let mut chars = kind.chars();
    let first = chars.next()?.to_ascii_lowercase();
    Some(format!("{first}{}EventDetails", chars.as_str()))
}
