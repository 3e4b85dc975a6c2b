//! The AWS that the functions expect, on one machine.
//!
//! [`serve`] puts it together: [`functions`] deploys the function crates into the process and gives
//! them the endpoints of [`machine`], where [`gateway`], [`aws`] (with [`states`] behind it) and
//! [`admin`] listen.

pub mod serve;

mod connector;
mod console_source;
mod deploy;
mod functions;
pub mod machine;
pub mod states;
mod watch;

pub mod admin;
pub mod async_invoke;
pub mod aws;
pub mod aws_sms;
pub mod gateway;
pub mod twilio;

pub mod faults;
pub mod invoke;
pub mod outbox;
pub mod problem;
pub mod states_api;
pub mod template;

pub use states::arn::MACHINE_ARN;

pub mod agenda;
pub mod clock;
pub mod data_dir;
mod host;
pub mod keys;
mod live;
mod residue;
pub mod store;
