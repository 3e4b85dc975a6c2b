//! Starts and lists executions of the state machine.

use chrono::{DateTime, Utc};
use messaging::ports::{Executions, StartOutcome, Unavailable};
use messaging::values::clock::to_rfc3339;
use messaging::values::ids::{ConversationId, StepName, execution_name, rerun_name};

use crate::connection::{Connection, configured};
use crate::failure::unavailable;

/// The state machine in Step Functions.
pub struct StateMachine {
    client: aws_sdk_sfn::Client,
    arn: String,
}

impl StateMachine {
    /// Creates a client for the state machine with this ARN.
    #[must_use]
    pub fn new(connection: &Connection, arn: impl Into<String>) -> Self {
        Self { client: configured!(aws_sdk_sfn, connection), arn: arn.into() }
    }
}

/// Returns the input of a step's execution: ids and the stored due time only, with the same bytes at every
/// repeat. It is a persisted format, because executions wait for months.
#[must_use]
pub fn execution_input(conversation: &ConversationId, step: &StepName, due: DateTime<Utc>) -> String {
    format!(r#"{{"conversation_id":"{conversation}","step":"{step}","due":"{}"}}"#, to_rfc3339(due))
}

impl StateMachine {
    async fn start_named(&self, name: String, input: String) -> Result<StartOutcome, Unavailable> {
        let started =
            self.client.start_execution().state_machine_arn(&self.arn).name(name).input(input).send().await;
        match started {
            // Step Functions also returns success when the execution already runs with the same input.
            Ok(_) => Ok(StartOutcome::Waits),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_already_exists()) => {
                Ok(StartOutcome::NumberTaken)
            }
            Err(error) => Err(unavailable("states:StartExecution", &error)),
        }
    }

    /// Returns the names of the executions that failed or succeeded at `since` or later, newest first. Only
    /// executions that started in the last 300 days and some can be among them: none lives longer.
    ///
    /// # Errors
    /// When Step Functions cannot be called.
    pub async fn ended_since(&self, failed: bool, since: DateTime<Utc>) -> Result<Vec<String>, Unavailable> {
        use aws_sdk_sfn::types::ExecutionStatus::{Failed, Succeeded};
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .client
                .list_executions()
                .state_machine_arn(&self.arn)
                .status_filter(if failed { Failed } else { Succeeded })
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| unavailable("states:ListExecutions", &error))?;
            let in_time = page.executions().iter().filter(|execution| {
                execution.stop_date().is_some_and(|stopped| stopped.secs() >= since.timestamp())
            });
            names.extend(in_time.map(|execution| execution.name().to_owned()));
            token = page.next_token;
            if token.is_none() {
                return Ok(names);
            }
        }
    }
}

impl Executions for StateMachine {
    async fn start(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        due: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        // The name belongs to this step alone, so an execution with this name is the step's own: it runs
        // (with an earlier due time) or has ended.
        let name = execution_name(conversation, step);
        self.start_named(name, execution_input(conversation, step, due)).await.map(|_| ())
    }

    async fn start_again(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        number: u32,
        due: DateTime<Utc>,
    ) -> Result<StartOutcome, Unavailable> {
        let name = rerun_name(conversation, step, number)
            .map_err(|error| Unavailable { operation: "states:StartExecution", reason: error.to_string() })?;
        self.start_named(name, execution_input(conversation, step, due)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_is_ids_and_a_due_time() {
        let due = DateTime::from_timestamp(1_795_177_809, 0).unwrap();
        let id = ConversationId::new("sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f").unwrap();
        let input = execution_input(&id, &StepName::new("text").unwrap(), due);
        assert_eq!(
            input,
            r#"{"conversation_id":"sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f","step":"text","due":"2026-11-20T12:30:09Z"}"#
        );
    }
}
