//! The adapters, each held to its port's contract against the real thing or its stand-in on loopback.
#![expect(clippy::unwrap_used, reason = "helpers of tests, called by nothing else")]

mod rig;
mod secrets;
mod table;
mod twilio;
