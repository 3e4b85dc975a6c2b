//! Faults to come: which of the next wire calls go wrong, and how.

use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::runtime::problem::Violation;

/// The response header by which the simulated services ask for the death of whoever called them.
pub const FAULT_HEADER: &str = "x-afterword-fault";
/// The call took effect and the caller must die before it learns of it: see [`kill_current`](crate::runtime::invoke::kill_current).
pub const FAULT_CRASH: &str = "crash";
/// The call took effect and the caller must take the answer for a time-out.
pub const FAULT_TIMEOUT: &str = "timeout";

/// How a wire call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing happens; the service answers that it is down.
    FailBefore,
    /// Nothing happens; too many requests.
    Throttle,
    /// Nothing happens; somebody else was writing the same.
    Conflict,
    /// It happens, but the answer is lost.
    TimeoutAfterAccept,
    /// It happens, then the calling invocation dies.
    Crash,
}

/// The next `count` calls of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    operation: String,
    effect: Effect,
    count: u64,
}

/// The faults that have been set and not been met yet, first come first served.
#[derive(Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Adds a fault behind those that are waiting.
    pub fn set(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What happens to this call of `operation` (`service:Operation`), used up by asking.
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

    /// All of them as JSON.
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
    /// Reads `{"operation","effect","count"}`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(body: &Value) -> Result<Self, Vec<Violation>> {
        let Some(fields) = body.as_object() else {
            return Err(vec![violation("", "not_an_object", "A JSON object is needed.")]);
        };
        let operation = fields.get("operation").and_then(Value::as_str).and_then(known_operation);
        let effect = fields.get("effect").and_then(Value::as_str).and_then(Effect::parse);
        let count = fields.get("count").and_then(Value::as_u64).filter(|count| *count >= 1);
        let mut violations = Vec::new();
        if operation.is_none() {
            violations.push(violation(
                "/operation",
                "unknown_operation",
                "Not one of the known service:Operation names.",
            ));
        }
        if effect.is_none() {
            let detail = "One of fail_before, timeout_after_accept, throttle, conflict, crash.";
            violations.push(violation("/effect", "unknown_effect", detail));
        }
        if count.is_none() {
            violations.push(violation("/count", "invalid_count", "An integer of at least 1."));
        }
        // The names of unknown fields are the caller's and are not repeated.
        if fields.keys().any(|name| !["operation", "effect", "count"].contains(&name.as_str())) {
            violations.push(violation("", "unknown_field", "Only operation, effect and count are known."));
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
    /// The answer in place of the service's own, for the effects that let the call happen first. Marked,
    /// so that the functions' HTTP client knows what to make of it.
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

/// `service:Operation` with the service as IAM spells it; End User Messaging's own name is taken too.
fn known_operation(name: &str) -> Option<String> {
    let (service, operation) = name.split_once(':')?;
    let service = if service == "pinpoint-sms-voice-v2" { "sms-voice" } else { service };
    let is_known =
        |(known, operations): &(&str, &[&str])| *known == service && operations.contains(&operation);
    OPERATIONS.iter().any(is_known).then(|| format!("{service}:{operation}"))
}

/// What the AWS endpoint and the simulated Twilio answer.
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
    fn a_service_goes_by_both_of_its_names() {
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
