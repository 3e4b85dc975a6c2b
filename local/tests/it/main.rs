//! The one-machine servers, met as their callers meet them: over HTTP.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, called by nothing else"
)]

mod admin;
mod aws;
mod clock;
mod faults;
mod gateway;
mod host;
mod invoke;
mod layers;
mod machine;
mod rig;
mod template;
mod twilio;
