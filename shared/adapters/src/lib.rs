//! The domain's ports, made of AWS and Twilio. One module per port; the functions' `main` puts them
//! together from the environment.

pub mod accounts;
pub mod cache;
pub mod clock;
pub mod connection;
pub mod conversations;
pub mod end_user_messaging;
pub mod environment;
pub mod exchange;
pub mod executions;
pub mod failure;
pub mod installation;
pub mod journeys;
pub mod notices;
pub mod randomness;
pub mod secrets;
pub mod senders;
mod sms;
pub mod sns;
pub mod switch;
pub mod telemetry;
pub mod twilio;

pub use connection::Connection;
