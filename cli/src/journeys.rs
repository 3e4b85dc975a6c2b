//! `afterword journeys lint|diff|push|history|rollback`: compares, activates and rolls back the file that is
//! in force.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use adapters::journeys::{JourneyStore, PushError, StoredFile};
use chrono::TimeDelta;
use clap::Subcommand;
use messaging::journeys::version_of;
use similar::{ChangeTag, TextDiff};

use crate::block_on::block_on;
use crate::check::journeys::{FileReport, read, run as check};
use crate::clock::FixedClock;
use crate::print;
use crate::target::Target;

/// Subcommands of `journeys`.
#[derive(Subcommand)]
pub(crate) enum JourneysCommand {
    /// Report every mistake in a file. The same as `check journeys`.
    Lint {
        /// The journeys file.
        #[arg(default_value = "journeys.toml")]
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show what a file would change.
    Diff {
        /// The journeys file.
        #[arg(default_value = "journeys.toml")]
        file: PathBuf,
        #[command(flatten)]
        target: Target,
    },
    /// Put a file in force, unless it has errors. Waiting conversations keep their copy.
    Push {
        /// The journeys file.
        #[arg(default_value = "journeys.toml")]
        file: PathBuf,
        #[command(flatten)]
        target: Target,
    },
    /// List the versions that were in force, and since when.
    History {
        #[command(flatten)]
        target: Target,
    },
    /// Put an earlier version in force again.
    Rollback {
        /// The version, as `history` shows it. Default: the previous one.
        version: Option<String>,
        #[command(flatten)]
        target: Target,
    },
}

pub(crate) fn run(command: &JourneysCommand) -> Result<ExitCode, String> {
    match command {
        JourneysCommand::Lint { file, json } => check(file, *json),
        JourneysCommand::Diff { file, target } => block_on(diff(file, target)),
        JourneysCommand::Push { file, target } => block_on(push(file, target)),
        JourneysCommand::History { target } => block_on(history(target)),
        JourneysCommand::Rollback { version, target } => block_on(roll_back(version.as_deref(), target)),
    }
}

async fn store(target: &Target) -> Result<JourneyStore<FixedClock>, String> {
    Ok(JourneyStore::new(target.table()?, TimeDelta::zero(), FixedClock(target.now().await?)))
}

async fn in_force(target: &Target) -> Result<Option<StoredFile>, String> {
    store(target).await?.in_force().await.map_err(|error| format!("cannot read the table: {error}"))
}

async fn diff(file: &Path, target: &Target) -> Result<ExitCode, String> {
    let next = read(file)?;
    print_difference(in_force(target).await?.as_ref(), &next);
    Ok(ExitCode::SUCCESS)
}

async fn push(file: &Path, target: &Target) -> Result<ExitCode, String> {
    let next = read(file)?;
    let report = FileReport::of(&next);
    report.print_findings();
    if report.errors() > 0 {
        return Err("nothing was changed: the file has errors".to_owned());
    }
    let current = in_force(target).await?;
    if !print_difference(current.as_ref(), &next) {
        return Ok(ExitCode::SUCCESS);
    }
    let version = store(target).await?.push_journeys(&next).await.map_err(explain)?;
    print::line(format!(
        "in force: {version}; waiting texts keep the words and times with which they were accepted"
    ));
    Ok(ExitCode::SUCCESS)
}

async fn history(target: &Target) -> Result<ExitCode, String> {
    let current = in_force(target).await?.map(|file| file.version);
    let changes =
        store(target).await?.history().await.map_err(|error| format!("cannot read the table: {error}"))?;
    let mut is_marked = false;
    for change in changes {
        let is_current = !is_marked && current.as_ref() == Some(&change.version);
        is_marked |= is_current;
        let mark = if is_current { "  in force" } else { "" };
        print::line(format!("{}  {}  {}{mark}", change.at, change.version, change.by));
    }
    Ok(ExitCode::SUCCESS)
}

async fn roll_back(version: Option<&str>, target: &Target) -> Result<ExitCode, String> {
    let store = store(target).await?;
    let current = in_force(target).await?.ok_or("nothing is in force yet")?;
    let version = match version {
        Some(version) => version.to_owned(),
        None => {
            let changes = store.history().await.map_err(|error| format!("cannot read the table: {error}"))?;
            let before = changes.into_iter().find(|change| change.version != current.version);
            before.ok_or("no other version has been in force")?.version
        }
    };
    let file = store.file(&version).await.map_err(|error| format!("cannot read the table: {error}"))?;
    let file = file.ok_or_else(|| format!("there is no version {version}"))?;
    if !print_difference(Some(&current), &file.toml) {
        return Ok(ExitCode::SUCCESS);
    }
    store.roll_back(&version).await.map_err(explain)?;
    print::line(format!(
        "in force: {version}; waiting texts keep the words and times with which they were accepted"
    ));
    Ok(ExitCode::SUCCESS)
}

/// Prints what changes, with three lines around each change. Returns whether anything does.
fn print_difference(current: Option<&StoredFile>, next: &str) -> bool {
    let version = version_of(next);
    let (before, old) = match current {
        Some(file) if file.version == version => {
            print::line(format!("{version} is already in force"));
            return false;
        }
        Some(file) => (file.toml.as_str(), file.version.as_str()),
        None => ("", "nothing"),
    };
    print::line(format!("--- {old} (in force)\n+++ {version}"));
    let diff = TextDiff::from_lines(before, next);
    for group in diff.grouped_ops(3) {
        print::line("@@");
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            print::line(format!("{sign}{}", change.value().trim_end_matches('\n')));
        }
    }
    true
}

fn explain(error: PushError) -> String {
    match error {
        PushError::Refused(findings) => {
            let lines =
                findings.iter().map(|finding| format!("\n  {}: {}", finding.location, finding.detail));
            format!("nothing was changed:{}", lines.collect::<String>())
        }
        PushError::Unavailable(error) => format!("cannot write the table: {error}"),
    }
}
