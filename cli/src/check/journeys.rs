//! Lints a `journeys.toml` and reports the length and cost of its texts.

use std::path::Path;
use std::process::ExitCode;

use messaging::journeys::{Config, Finding, Severity, TextReport, lint, reports, review};
use messaging::text::segments::Encoding;
use serde_json::json;

use crate::print;

/// The findings about a file, and its texts.
pub(crate) struct FileReport {
    /// All findings, errors first.
    pub(crate) findings: Vec<Finding>,
    /// The length and cost of each text.
    texts: Vec<TextReport>,
}

impl FileReport {
    /// Checks the content of a file.
    pub(crate) fn of(toml: &str) -> Self {
        match Config::stored(toml) {
            Ok(file) => {
                let mut findings = lint(&file);
                findings.extend(review(&file));
                findings.sort_by_key(|finding| finding.severity);
                Self { findings, texts: reports(&file) }
            }
            Err(finding) => Self { findings: vec![finding], texts: Vec::new() },
        }
    }

    /// Returns the number of errors among the findings.
    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    /// Prints the findings for people.
    pub(crate) fn print_findings(&self) {
        for finding in &self.findings {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            print::line(format!("{severity}: {}: {}", finding.location, finding.detail));
        }
        let errors = self.errors();
        print::line(format!("{errors} error(s), {} warning(s)", self.findings.len() - errors));
    }
}

/// Reads a file by its path.
pub(crate) fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// Prints every text and every finding. Fails if one is an error.
pub(crate) fn run(file: &Path, as_json: bool) -> Result<ExitCode, String> {
    let report = FileReport::of(&read(file)?);
    let errors = report.errors();
    if as_json {
        let answer = json!({ "errors": errors, "findings": report.findings, "texts": report.texts });
        print::line(answer.to_string());
    } else {
        for text in &report.texts {
            print::line(describe(text));
        }
        if !report.texts.is_empty() {
            print::line("");
        }
        report.print_findings();
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn describe(text: &TextReport) -> String {
    let encoding = if text.encoding == Encoding::Gsm7 { "GSM-7" } else { "UCS-2" };
    let name = format!("{}.{}", text.text, text.locale);
    let costs =
        text.worst_cost_micro_usd.iter().map(|(country, cost)| format!("{country} {}", dollars(*cost)));
    let costs: Vec<_> = costs.collect();
    let costs = if costs.is_empty() { String::new() } else { format!(", {}", costs.join(", ")) };
    format!(
        "{name:<32} {encoding}  {} to {} part(s), in other alphabets {}{costs}",
        text.own_parts, text.parts, text.worst_parts
    )
}

/// Formats an amount as `$0.0083`.
fn dollars(micro_usd: u64) -> String {
    let digits = format!("{:06}", micro_usd % 1_000_000);
    format!("${}.{}", micro_usd / 1_000_000, digits.trim_end_matches('0'))
}
