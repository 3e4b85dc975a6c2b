//! Linting a `journeys.toml`.

use std::path::Path;
use std::process::ExitCode;

use messaging::journeys::{Journeys, Severity, lint};
use serde_json::json;

use crate::print;

/// Prints every finding; fails when one is an error.
pub(super) fn run(file: &Path, as_json: bool) -> Result<ExitCode, String> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let findings = match Journeys::from_toml(&text) {
        Ok(journeys) => lint(&journeys),
        Err(findings) => findings,
    };
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if as_json {
        print::line(json!({ "errors": errors, "findings": findings }).to_string());
    } else {
        for finding in &findings {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            print::line(format!("{severity}: {}: {}", finding.place, finding.detail));
        }
        print::line(format!("{errors} error(s), {} warning(s)", findings.len() - errors));
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
