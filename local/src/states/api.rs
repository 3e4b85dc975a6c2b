//! The Step Functions API in AWS JSON 1.0, with the operations that the CLI, the SDKs and the functions
//! need.

use serde::Deserialize;
use serde_json::{Value, json};

use super::api_error::ApiError;
use super::engine::Engine;
use super::execution::Status;
use super::history::{epoch_seconds, without_data};
use super::page::Page;
use super::queries::Summary;
use super::{arn, journal};

/// The parameters of all implemented operations; each operation reads its own. As on AWS, unknown parameters
/// are ignored.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Request {
    state_machine_arn: Option<String>,
    execution_arn: Option<String>,
    name: Option<String>,
    input: Option<String>,
    error: Option<String>,
    cause: Option<String>,
    status_filter: Option<String>,
    redrive_filter: Option<String>,
    map_run_arn: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    reverse_order: Option<bool>,
    include_execution_data: Option<bool>,
    included_data: Option<String>,
}

impl Engine {
    /// Answers one call with HTTP status and body. `operation` is the part of the header `X-Amz-Target` after
    /// `AWSStepFunctions.`.
    #[must_use]
    pub fn handle(&self, operation: &str, body: &[u8]) -> (u16, Value) {
        match self.answer(operation, body) {
            Ok(answer) => (200, answer),
            Err(error) => error.answer(),
        }
    }

    fn answer(&self, operation: &str, body: &[u8]) -> Result<Value, ApiError> {
        let answer = match operation {
            "StartExecution" => Self::start_execution,
            "DescribeExecution" => Self::describe_execution,
            "ListExecutions" => Self::list_executions,
            "GetExecutionHistory" => Self::get_execution_history,
            "StopExecution" => Self::stop_execution,
            "DescribeStateMachine" => Self::describe_state_machine,
            "DescribeStateMachineForExecution" => Self::describe_state_machine_for_execution,
            "ListStateMachines" => Self::list_state_machines,
            other => return Err(ApiError::UnknownOperation(other.to_owned())),
        };
        let request = if body.is_empty() {
            Request::default()
        } else {
            // Parsed as an object first: serde would accept an array for a struct too.
            serde_json::from_slice::<serde_json::Map<String, Value>>(body)
                .and_then(|map| serde_json::from_value(Value::Object(map)))
                .map_err(|error| ApiError::Serialization(error.to_string()))?
        };
        answer(self, request)
    }

    fn start_execution(&self, request: Request) -> Result<Value, ApiError> {
        request.machine()?;
        let started = self.start(request.name.as_deref(), request.input.as_deref())?;
        Ok(json!({"executionArn": started.arn, "startDate": epoch_seconds(started.started)}))
    }

    fn describe_execution(&self, request: Request) -> Result<Value, ApiError> {
        let execution = self.describe(&request.execution()?)?;
        let mut answer = json!({
            "executionArn": execution.arn,
            "stateMachineArn": arn::MACHINE_ARN,
            "name": execution.name,
            "status": execution.status.name(),
            "startDate": epoch_seconds(execution.started),
            "redriveCount": 0,
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "The local engine does not redrive executions",
        });
        let with_data = request.included_data.as_deref() != Some("METADATA_ONLY");
        let data = |text: Option<String>| text.filter(|_| with_data).map(Value::String);
        let included = |there: bool| there.then(|| json!({"included": with_data}));
        let optional = [
            ("stopDate", execution.stopped.map(epoch_seconds)),
            ("inputDetails", included(true)),
            ("outputDetails", included(execution.output.is_some())),
            ("input", data(Some(execution.input))),
            ("output", data(execution.output)),
            ("error", execution.error.map(Value::String)),
            ("cause", execution.cause.map(Value::String)),
        ];
        if let Some(answer) = answer.as_object_mut() {
            answer.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        Ok(answer)
    }

    fn list_executions(&self, request: Request) -> Result<Value, ApiError> {
        request.machine()?;
        if request.map_run_arn.is_some() || request.redrive_filter.is_some() {
            return Err(ApiError::Validation(
                "mapRunArn and redriveFilter are not implemented by the local engine".to_owned(),
            ));
        }
        let filter = request.status_filter.as_deref();
        let status = match filter {
            None => None,
            // The local engine never redrives an execution, so the list is empty.
            Some("PENDING_REDRIVE") => return Ok(json!({"executions": []})),
            Some(name) => Some(Status::from_name(name).ok_or_else(|| {
                ApiError::Validation(format!(
                    "Value '{name}' at 'statusFilter' failed to satisfy constraint: Member must be a status"
                ))
            })?),
        };
        let query = format!("executions {}", filter.unwrap_or_default());
        let page = Page::of(query, request.max_results, request.next_token.as_deref())?;
        let executions = self.list(status, page.after, page.limit())?;
        Ok(page.answer(
            "executions",
            executions,
            |summary| summary.sequence,
            |summary| summary_json(&summary),
        ))
    }

    fn get_execution_history(&self, request: Request) -> Result<Value, ApiError> {
        let sequence = self.record(&request.execution()?)?.sequence;
        let reverse = request.reverse_order.unwrap_or(false);
        let page = Page::of(
            format!("history {sequence} {reverse}"),
            request.max_results,
            request.next_token.as_deref(),
        )?;
        let events = self.events(sequence, page.after, reverse, page.limit())?;
        let show = |event| {
            if request.include_execution_data == Some(false) { without_data(event) } else { event }
        };
        let id = |event: &Value| event.get("id").and_then(Value::as_i64).unwrap_or_default();
        Ok(page.answer("events", events, id, show))
    }

    fn stop_execution(&self, request: Request) -> Result<Value, ApiError> {
        let name = request.execution()?;
        for (field, text, most) in [("error", &request.error, 256), ("cause", &request.cause, 32_768)] {
            if text.as_ref().is_some_and(|text| text.chars().count() > most) {
                return Err(ApiError::Validation(format!(
                    "Value at '{field}' failed to satisfy constraint: Member must have length less than or equal to {most}"
                )));
            }
        }
        let stopped = self.stop(&name, request.error, request.cause)?;
        Ok(json!({"stopDate": epoch_seconds(stopped)}))
    }

    fn describe_state_machine(&self, request: Request) -> Result<Value, ApiError> {
        request.machine()?;
        let created = journal::defined_at(&self.0.store.lock(), None)?;
        Ok(json!({
            "stateMachineArn": arn::MACHINE_ARN,
            "name": arn::MACHINE,
            "status": "ACTIVE",
            "type": "STANDARD",
            "definition": self.0.definition.text(),
            "roleArn": arn::ROLE_ARN,
            "creationDate": epoch_seconds(created),
            "loggingConfiguration": {"level": "OFF", "includeExecutionData": false},
            "tracingConfiguration": {"enabled": false},
        }))
    }

    fn describe_state_machine_for_execution(&self, request: Request) -> Result<Value, ApiError> {
        let hash = self.record(&request.execution()?)?.definition;
        let connection = self.0.store.lock();
        Ok(json!({
            "stateMachineArn": arn::MACHINE_ARN,
            "name": arn::MACHINE,
            "definition": journal::definition_text(&connection, &hash)?,
            "roleArn": arn::ROLE_ARN,
            "updateDate": epoch_seconds(journal::defined_at(&connection, Some(&hash))?),
            "loggingConfiguration": {"level": "OFF", "includeExecutionData": false},
            "tracingConfiguration": {"enabled": false},
        }))
    }

    fn list_state_machines(&self, _: Request) -> Result<Value, ApiError> {
        let created = journal::defined_at(&self.0.store.lock(), None)?;
        Ok(json!({"stateMachines": [{
            "stateMachineArn": arn::MACHINE_ARN,
            "name": arn::MACHINE,
            "type": "STANDARD",
            "creationDate": epoch_seconds(created),
        }]}))
    }
}

impl Request {
    /// Checks that the request names the state machine.
    fn machine(&self) -> Result<(), ApiError> {
        let given = required("stateMachineArn", self.state_machine_arn.as_ref())?;
        if given == arn::MACHINE_ARN {
            return Ok(());
        }
        let machine = given.starts_with("arn:aws:states:") && given.split(':').nth(5) == Some("stateMachine");
        Err(if machine {
            ApiError::StateMachineDoesNotExist(given.clone())
        } else {
            ApiError::InvalidArn(given.clone())
        })
    }

    /// Returns the name of the execution that the request names.
    fn execution(&self) -> Result<String, ApiError> {
        let given = required("executionArn", self.execution_arn.as_ref())?;
        if let Some(name) = given.strip_prefix(arn::EXECUTION_PREFIX).filter(|name| !name.contains(':')) {
            return Ok(name.to_owned());
        }
        let parts: Vec<_> = given.split(':').collect();
        let execution =
            given.starts_with("arn:aws:states:") && parts.len() == 8 && parts.get(5) == Some(&"execution");
        Err(if execution {
            ApiError::ExecutionDoesNotExist(given.clone())
        } else {
            ApiError::InvalidArn(given.clone())
        })
    }
}

fn required<'r>(field: &str, value: Option<&'r String>) -> Result<&'r String, ApiError> {
    value.ok_or_else(|| {
        ApiError::Validation(format!(
            "Value null at '{field}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn summary_json(summary: &Summary) -> Value {
    let mut answer = json!({
        "executionArn": arn::of_execution(&summary.name),
        "stateMachineArn": arn::MACHINE_ARN,
        "name": summary.name,
        "status": summary.status.name(),
        "startDate": epoch_seconds(summary.started),
        "redriveCount": 0,
    });
    if let (Some(answer), Some(stopped)) = (answer.as_object_mut(), summary.stopped) {
        answer.insert("stopDate".to_owned(), epoch_seconds(stopped));
    }
    answer
}
