//! Executions in memory: names, and the due times that they were started with.

use chrono::{DateTime, Utc};

use super::{Fact, Mutation, World};
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
            let first = state.executions.get(&name);
            if first.is_none() || state.mutation == Some(Mutation::NoDuplicateCheck) {
                state.executions.insert(name.clone(), due);
                state.note(Fact::Started { execution: name });
            } else if first != Some(&due) {
                state.inconsistencies.push(format!("{name} was started again with another due time"));
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
            let waits = to_rfc3339(due);
            match state.executions.get(&name) {
                // It waits for its due time before anything else.
                Some(first) if *first == waits && due > state.now => StartOutcome::Waits,
                Some(_) => StartOutcome::NumberTaken,
                None => {
                    state.executions.insert(name.clone(), waits);
                    state.note(Fact::Started { execution: name });
                    StartOutcome::Waits
                }
            }
        })
        .await
    }
}
