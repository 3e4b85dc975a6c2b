//! The function over a world in memory: what it refuses, and what it gets done in its time.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, called by nothing else")]

mod edited;
mod hostile;
mod in_time;
mod rig;
mod words_and_phones;
