//! The invariants, proven by simulation.
//!
//! A schedule is a seed: it decides what the outside world does ([`scenario`]: webhooks repeated and
//! reordered, replies, STOP, cancellations, reschedules), what goes wrong at which call of a port
//! (`messaging::testing::memory`), and who is given the next turn ([`scheduler`], in the [`simulator`]). On the scheduler run the shipped
//! state machine definition on the shipped interpreter ([`machine`]) and the shipped handlers of the
//! functions ([`handlers`]). What took effect is judged by [`invariants`], which trusts none of them.
//! [`explore`] looks at many schedules, and cuts one that fails down to what it needs to fail.

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
