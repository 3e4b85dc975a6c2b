//! Executions in memory: their names, and the due times with which they were started.

use chrono::{DateTime, Utc};

use super::{Fact, World};
use crate::ports::{Executions, StartOutcome, Unavailable};
use crate::values::clock::to_rfc3339;
use crate::values::ids::{ConversationId, StepName, execution_name, rerun_name};

impl Executions for World {
    async fn start(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        due: DateTime<Utc>,
    ) -> Result<(), Unavailable> {
        self.call("start", |state| {
            let name = execution_name(conversation, step);
            let due = to_rfc3339(due);
            match state.executions.get(&name) {
                None => {
                    state.executions.insert(name.clone(), due);
                    state.note(Fact::Started { execution: name });
                }
                Some(first) if *first != due => {
                    state.inconsistencies.push(format!("{name} was started again with another due time"));
                }
                Some(_) => {}
            }
        })
        .await
    }

    async fn start_again(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        number: u32,
        due: DateTime<Utc>,
    ) -> Result<StartOutcome, Unavailable> {
        self.call("start_again", |state| {
            let name = match rerun_name(conversation, step, number) {
                Ok(name) => name,
                Err(error) => {
                    state.inconsistencies.push(error.to_string());
                    return StartOutcome::NumberTaken;
                }
            };
            let due_text = to_rfc3339(due);
            match state.executions.get(&name) {
                // The execution still waits for its due time.
                Some(first) if *first == due_text && due > state.now => StartOutcome::Waits,
                Some(_) => StartOutcome::NumberTaken,
                None => {
                    state.executions.insert(name.clone(), due_text);
                    state.note(Fact::Started { execution: name });
                    StartOutcome::Waits
                }
            }
        })
        .await
    }
}
