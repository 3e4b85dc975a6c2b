//! The binary `afterword`. It embeds the journeys of this repository, and nothing else does: an edit of them
//! compiles only this file again.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(include_str!("../../journeys.toml"))
}
