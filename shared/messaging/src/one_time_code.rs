//! One-time codes: a few digits that prove that somebody holds a phone.
//!
//! A code is issued ([`issue()`]) under limits and sent by text. It can be verified ([`VerifyCode`]) at most
//! [`MAX_ATTEMPTS`](crate::values::one_time_code::MAX_ATTEMPTS) times, and once with success. Only a
//! keyed hash is stored: neither the table nor a backup of it reveals a code.

mod issue;
mod ports;
mod random;
mod verify;

pub use issue::{CodeRequest, IssueOutcome, issue};
pub use ports::{CodeStore, IssuePorts};
pub use verify::VerifyCode;

#[cfg(test)]
mod tests;
