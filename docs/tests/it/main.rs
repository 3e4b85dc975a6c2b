//! Tests that keep the documents consistent with the code and with each other.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, called by nothing else")]

mod files;
mod links;
mod one_machine;
mod openapi;
mod runbook;
