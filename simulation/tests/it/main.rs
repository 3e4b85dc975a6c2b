//! A share of the schedules, and the proof that the invariants notice a broken rule.
#![expect(clippy::panic, reason = "helpers of tests, called by nothing else")]

mod broken_rules;
mod schedules;
