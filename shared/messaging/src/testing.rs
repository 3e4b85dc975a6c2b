//! The ports in memory, the contract that every implementation of the ports keeps, and builders of test data. For
//! tests and the simulator.

pub mod builders;
pub mod contract;
pub mod memory;
