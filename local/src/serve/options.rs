//! The options of `afterword serve`.

use std::path::PathBuf;

use super::machine::Ports;
use crate::runtime::clock::Mode;
use crate::store::keys::EnvKeys;

/// How the machine is to run.
pub struct Options {
    /// Where it listens.
    pub ports: Ports,
    /// Where it keeps everything; `None`: nowhere.
    pub data_dir: Option<PathBuf>,
    /// How time passes.
    pub clock: Mode,
    /// Whether the gateway throttles as API Gateway does.
    pub throttle: bool,
    /// Whether texts leave by real providers.
    pub live: bool,
    /// Keys from the environment.
    pub env_keys: EnvKeys,
    /// The `journeys.toml` in force.
    pub journeys: String,
    /// The file that they are read from anew when it is saved.
    pub journeys_file: PathBuf,
}
