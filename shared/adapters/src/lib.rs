//! Implementations of the domain's ports with AWS and Twilio, one module per port. The `main` of each
//! function composes them from the environment.

pub mod accounts;
pub mod cache;
pub mod clock;
pub mod connection;
pub mod environment;
pub mod executions;
pub mod failure;
pub mod installation;
pub mod journeys;
pub mod providers;
pub mod randomness;
pub mod secrets;
pub mod switch;
pub mod table;

pub use connection::Connection;
