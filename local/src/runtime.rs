//! The foundation under the functions and the simulated services: the clock, invocations, faults, and the
//! rules that every listener applies.

pub mod async_invoke;
pub mod invoke;

pub mod clock;
pub mod timer_source;

pub(crate) mod aws_error;
pub(crate) mod connector;
pub mod faults;

pub(crate) mod host;
pub mod problem;
