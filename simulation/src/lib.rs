//! Deterministic simulation of the whole installation: seeded schedules that must keep every invariant.
//!
//! A seed determines a schedule: what the outside world does ([`scenario`]: webhooks repeated and reordered, replies,
//! STOP, cancellations, reschedules), what fails at which call of a port (`messaging::testing::memory`), and
//! which task runs next ([`scheduler`]). The [`simulator`] plays schedules with the shipped state machine
//! definition, the shipped interpreter ([`machine`]) and the shipped handlers of the functions ([`handlers`]).
//! The [`invariants`] are checked against the recorded effects, without trust in any of that code.
//! [`explore`] plays many schedules and shrinks one that violates an invariant.

pub mod calls;
pub mod explore;
mod faults;
pub mod handlers;
pub mod invariants;
pub mod machine;
pub mod scenario;
pub mod scheduler;
pub mod simulator;

pub use explore::{Failure, Summary};
pub use scenario::Scenario;
pub use simulator::{Run, Schedule};
