//! The ports in memory and the contract that every implementation of them keeps. For tests and the simulator.

pub mod contract;
pub mod memory;
