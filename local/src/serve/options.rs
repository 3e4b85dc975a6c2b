//! The options of `afterword serve`.

use std::path::PathBuf;

use super::machine::Ports;
use crate::runtime::clock::Mode;
use crate::store::keys::EnvKeys;

/// The options with which the machine starts.
pub struct Options {
    /// The ports on which it listens.
    pub ports: Ports,
    /// The directory for all data; `None` keeps the data in memory.
    pub data_dir: Option<PathBuf>,
    /// The clock: real or virtual.
    pub clock: Mode,
    /// Whether the gateway throttles as API Gateway does.
    pub throttle: bool,
    /// Whether real providers send the texts.
    pub live: bool,
    /// The keys and addresses that the environment sets.
    pub env_keys: EnvKeys,
    /// The text of `journeys.toml` with which it starts.
    pub journeys: String,
    /// The path of `journeys.toml`, which is read again each time the file is saved.
    pub journeys_file: PathBuf,
}
