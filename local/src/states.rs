//! AWS Step Functions on one machine: runs the shipped state machine with durable timers.
//!
//! Follow one execution: [`api`] checks a `StartExecution` and passes it to the [`engine`], which stores it
//! through its journal. When it is due, the driver takes it and asks the pure interpreter in [`execution`]
//! for the next step, which is committed before it has any effect.
//!
//! Deliberately absent: every construct of the language that the shipped definition does not need.
//! [`definition`] rejects those when it loads, so that nothing is silently skipped.

pub mod api;
mod api_error;
pub mod arn;
pub mod definition;
mod driver;
pub mod engine;
pub mod execution;
pub mod format;
pub mod history;
mod inner;
mod journal;
mod page;
pub mod path;
mod queries;
mod steps;
mod time;
mod timers;

#[cfg(test)]
mod tests;

pub use api_error::ApiError;
pub use definition::{Definition, Problem, Problems};
pub use engine::{Engine, OpenError};
pub use execution::{Action, Event, Execution, Status, Step};
pub use history::HistoryEvent;
pub use inner::{Invoke, Settings, StartOutcome, TaskFailure};
pub use queries::Summary;
