//! The real binary: started, killed, started again, and met by AWS's own client.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers"
)]

mod aws_client;
mod check;
mod forget;
mod journeys;
mod killed;
mod load;
mod moved;
mod operators;
mod quarantine;
mod serve;
mod started;
mod storm;
