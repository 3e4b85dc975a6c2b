//! AWS Step Functions on one machine: runs the shipped state machine with durable timers.
//!
//! Follow one execution: [`api`] checks a `StartExecution` and hands it to the [`engine`], which stores
//! it through its journal; the driver picks it when it is due and asks the pure interpreter in
//! [`execution`] what happens next; what that answers is committed before anything else is done.
//!
//! Deliberately absent: any construct of the language that the shipped definition does not need.
//! [`definition`] refuses those when it loads, so nothing is ever silently skipped.

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
