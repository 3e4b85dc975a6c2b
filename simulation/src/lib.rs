//! The promises, proven by simulation.
//!
//! A schedule is a seed: it decides what the outside world does ([`scenario`]: webhooks repeated and
//! reordered, replies, STOP, cancellations, reschedules), what goes wrong at which call of a port
//! (`messaging::testing::memory`), and who is given the next turn ([`stage`], in the [`theatre`]). On the stage run the shipped
//! state machine definition on the shipped interpreter ([`machine`]) and the shipped handlers of the
//! functions ([`company`]). What took effect is judged by [`promises`], which trusts none of them.
//! [`explore`] looks at many schedules, and cuts one that fails down to what it needs to fail.

pub mod calls;
pub mod company;
pub mod explore;
pub mod machine;
pub mod promises;
pub mod scenario;
pub mod stage;
pub mod theatre;
mod weather;

pub use explore::{Failure, Summary};
pub use scenario::Scenario;
pub use theatre::{Plot, Run};
