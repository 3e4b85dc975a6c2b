//! The port of the state machine.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::unavailable::Unavailable;
use crate::values::ids::{ConversationId, StepName};

/// Starts executions of the state machine.
pub trait Executions: Send + Sync {
    /// Starts the execution of a step.
    ///
    /// # Errors
    /// MUST succeed when that execution exists already, whatever its state.
    fn start(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        due: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Starts a step's further execution of that number (from 1). MUST answer [`StartOutcome::Waits`] when it
    /// exists already, runs, and has the same due time.
    ///
    /// # Errors
    /// When Step Functions cannot be reached, or did not answer: it may have been started.
    fn start_again(
        &self,
        conversation: &ConversationId,
        step: &StepName,
        number: u32,
        due: DateTime<Utc>,
    ) -> impl Future<Output = Result<StartOutcome, Unavailable>> + Send;
}

/// The result of starting a further execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartOutcome {
    /// It waits for its due time.
    Waits,
    /// There has been one of that number with another due time, or one that has ended.
    NumberTaken,
}
