//! The binary `afterword`. It embeds the journeys of this repository, so that an edit of them compiles this file
//! again but neither the commands nor the local machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(include_str!("../../journeys.toml"))
}
