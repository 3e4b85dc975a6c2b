//! Compares `message.asl.json` and `template.yaml` with the code and with each other.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, called by nothing else")]

mod alarms;
mod definition;
mod fakes;
mod files;
mod inputs;
mod retries;
mod template;
mod verdicts;
