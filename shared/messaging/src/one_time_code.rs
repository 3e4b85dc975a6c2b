//! One-time codes: a few digits that prove that somebody holds a phone.
//!
//! A code is issued ([`issue`]) under limits and goes out by text; it is verified ([`verify`]) at most
//! [`MOST_ATTEMPTS`](crate::values::one_time_code::MOST_ATTEMPTS) times, and once with success. What is stored
//! is a keyed hash: neither the table nor a backup of it tells a code.

pub mod issue;
mod random;
pub mod verify;

pub use issue::{CodeRequest, IssueCode, IssueOutcome};
pub use verify::VerifyCode;

#[cfg(test)]
mod tests;
