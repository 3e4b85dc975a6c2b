//! Fault injection: the next calls of an operation that fail, and the way in which they fail.

use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::runtime::problem::Violation;

/// The response header with which the simulated services mark a fault for the caller's HTTP client.
pub const FAULT_HEADER: &str = "x-afterword-fault";
/// The call took effect, and the caller must be killed before it reads the response: see
/// [`kill_current`](crate::runtime::invoke::kill_current).
pub const FAULT_CRASH: &str = "crash";
/// The call took effect, and the caller must see a time-out instead of the response.
pub const FAULT_TIMEOUT: &str = "timeout";

/// The effect of a fault on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The call has no effect; the service answers that it is down.
    FailBefore,
    /// The call has no effect; the service answers that there are too many requests.
    Throttle,
    /// The call has no effect; the service reports a concurrent change of the same item.
    Conflict,
    /// The call takes effect, but the response is lost.
    TimeoutAfterAccept,
    /// The call takes effect, then the calling invocation is killed.
    Crash,
}

/// A fault of the next `count` calls of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    operation: String,
    effect: Effect,
    count: u64,
}

/// The faults that are set and not used up, in the order in which they were set.
#[derive(Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Adds a fault after those that are already set.
    pub fn set(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Returns the effect on this call of `operation` (`service:Operation`) and counts the fault down.
    pub fn take(&self, operation: &str) -> Option<Effect> {
        let mut faults = self.lock();
        let index = faults.iter().position(|fault| fault.operation == operation)?;
        let fault = faults.get_mut(index)?;
        let effect = fault.effect;
        fault.count -= 1;
        if fault.count == 0 {
            faults.remove(index);
        }
        Some(effect)
    }

    /// Returns all faults as JSON.
    #[must_use]
    pub fn list(&self) -> Value {
        let faults = self.lock();
        let list = faults.iter().map(
            |fault| json!({ "operation": fault.operation, "effect": fault.effect.name(), "count": fault.count }),
        );
        json!({ "faults": list.collect::<Vec<_>>() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    /// Parses a body of the form `{"operation","effect","count"}`.
    ///
    /// # Errors
    /// Returns every violation.
    pub fn parse(body: &Value) -> Result<Self, Vec<Violation>> {
        let Some(fields) = body.as_object() else {
            return Err(vec![violation("", "not_an_object", "The body must be a JSON object.")]);
        };
        let operation = fields.get("operation").and_then(Value::as_str).and_then(known_operation);
        let effect = fields.get("effect").and_then(Value::as_str).and_then(Effect::parse);
        let count = fields.get("count").and_then(Value::as_u64).filter(|count| *count >= 1);
        let mut violations = Vec::new();
        if operation.is_none() {
            violations.push(violation(
                "/operation",
                "unknown_operation",
                "The operation must be one of the known service:Operation names.",
            ));
        }
        if effect.is_none() {
            let detail =
                "The effect must be one of fail_before, timeout_after_accept, throttle, conflict, crash.";
            violations.push(violation("/effect", "unknown_effect", detail));
        }
        if count.is_none() {
            violations.push(violation(
                "/count",
                "invalid_count",
                "The count must be an integer of at least 1.",
            ));
        }
        // The names of unknown fields come from the caller and are not repeated.
        if fields.keys().any(|name| !["operation", "effect", "count"].contains(&name.as_str())) {
            violations.push(violation("", "unknown_field", "Only operation, effect and count are allowed."));
        }
        match (operation, effect, count) {
            (Some(operation), Some(effect), Some(count)) if violations.is_empty() => {
                Ok(Self { operation, effect, count })
            }
            _ => Err(violations),
        }
    }
}

impl Effect {
    /// Returns the response that replaces the service's own, for the effects that let the call take effect
    /// first. A header marks it for the functions' HTTP client.
    pub(crate) fn lost_answer(self) -> Option<Response> {
        let (status, mark) = match self {
            Self::TimeoutAfterAccept => (StatusCode::GATEWAY_TIMEOUT, FAULT_TIMEOUT),
            Self::Crash => (StatusCode::INTERNAL_SERVER_ERROR, FAULT_CRASH),
            Self::FailBefore | Self::Throttle | Self::Conflict => return None,
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        response.headers_mut().insert(FAULT_HEADER, HeaderValue::from_static(mark));
        Some(response)
    }

    fn parse(name: &str) -> Option<Self> {
        let all = [Self::FailBefore, Self::Throttle, Self::Conflict, Self::TimeoutAfterAccept, Self::Crash];
        all.into_iter().find(|effect| effect.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::FailBefore => "fail_before",
            Self::Throttle => "throttle",
            Self::Conflict => "conflict",
            Self::TimeoutAfterAccept => "timeout_after_accept",
            Self::Crash => "crash",
        }
    }
}

fn violation(pointer: &'static str, code: &'static str, detail: &'static str) -> Violation {
    Violation { pointer, code, detail }
}

/// Returns `service:Operation` with the service as IAM spells it; `pinpoint-sms-voice-v2` is accepted for
/// End User Messaging too.
fn known_operation(name: &str) -> Option<String> {
    let (service, operation) = name.split_once(':')?;
    let service = if service == "pinpoint-sms-voice-v2" { "sms-voice" } else { service };
    let is_known =
        |(known, operations): &(&str, &[&str])| *known == service && operations.contains(&operation);
    OPERATIONS.iter().any(is_known).then(|| format!("{service}:{operation}"))
}

/// The operations that the AWS endpoint and the simulated Twilio answer.
const OPERATIONS: [(&str, &[&str]); 8] = [
    (
        "dynamodb",
        &[
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "CreateTable",
            "DeleteItem",
            "DeleteTable",
            "DescribeTable",
            "DescribeTimeToLive",
            "ExecuteStatement",
            "ExecuteTransaction",
            "GetItem",
            "ListTables",
            "PutItem",
            "Query",
            "Scan",
            "TransactGetItems",
            "TransactWriteItems",
            "UpdateItem",
            "UpdateTable",
            "UpdateTimeToLive",
        ],
    ),
    (
        "states",
        &[
            "DescribeExecution",
            "DescribeStateMachine",
            "GetExecutionHistory",
            "ListExecutions",
            "ListStateMachines",
            "StartExecution",
            "StopExecution",
        ],
    ),
    ("logs", &["PutLogEvents"]),
    ("secretsmanager", &["GetSecretValue"]),
    ("sms-voice", &["SendTextMessage"]),
    ("sns", &["GetSMSAttributes", "Publish", "SetSMSAttributes"]),
    ("ssm", &["GetParameter", "PutParameter"]),
    ("twilio", &["CreateMessage", "FetchMessage", "ListMessages"]),
];

#[cfg(test)]
mod tests {
    use super::known_operation;

    #[test]
    fn end_user_messaging_is_accepted_under_both_names() {
        for (name, known) in [
            ("sms-voice:SendTextMessage", Some("sms-voice:SendTextMessage")),
            ("pinpoint-sms-voice-v2:SendTextMessage", Some("sms-voice:SendTextMessage")),
            ("states:StartExecution", Some("states:StartExecution")),
            ("states:SendTextMessage", None),
            ("dynamodb", None),
        ] {
            assert_eq!(known_operation(name).as_deref(), known, "{name}");
        }
    }
}
