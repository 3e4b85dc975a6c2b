//! The domain's ports, made of AWS and Twilio. One module per port; the functions' `main` puts them
//! together from the environment.

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
