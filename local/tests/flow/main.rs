//! Whole messages through the whole machine: the real gateway, the shipped functions and state
//! machine, the embedded DynamoDB, the simulated Twilio and a virtual clock.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests, called by nothing else"
)]

mod accept_faults;
mod bookings;
mod canary;
mod consent;
mod crowds;
mod errors;
mod forget;
mod limits;
mod lines;
mod live;
mod otp;
mod quiet_hours;
mod receipts;
mod replies;
mod rig;
mod send_faults;
mod senders;
mod verdicts;
mod ways_in;
