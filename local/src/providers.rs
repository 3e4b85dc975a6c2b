//! The simulated providers of text messages, and the outbox to which they deliver.

pub mod aws_sms;
pub mod twilio;

pub mod outbox;
pub mod receipts;
pub(crate) mod segments;
