//! The AWS that the functions expect, on one machine.
//!
//! [`serve`] puts everything together: it deploys the functions into this process and starts the listeners.
//! Modules import only from modules further down in this list.

pub mod serve;

pub mod admin;
pub mod aws;
pub mod providers;

pub mod gateway;
pub mod states;

pub mod runtime;
pub mod store;

pub use states::arn::MACHINE_ARN;
