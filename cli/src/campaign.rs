//! `afterword campaign FILE`: one message for each line of a file, by `POST /messages/bulk`.
//!
//! Every line has an event id, its own or one made from its content, so that a line that is sent
//! again is a duplicate and never a second text. What became of each line is written down beside the
//! file before the next lines are sent: a campaign that was interrupted goes on where it was.

mod lines;
mod progress;
mod sending;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use adapters::Connection;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use clap::Args;

use crate::block_on::block_on;
use crate::print;
use crate::stack::Stack;
use crate::target::{Target, environment_keys};
use lines::read_lines;
use progress::Progress;
use sending::{Campaign, Rate};

/// Flags of `campaign`.
#[derive(Args)]
pub(crate) struct CampaignArguments {
    /// CSV with a header line, or one JSON object per line (.jsonl, .ndjson): `to`, the journey's
    /// variables (in JSON below `variables`), and if wanted `event_id`, `journey`, `region`, `locale`,
    /// `send_at`, `not_after`.
    file: PathBuf,
    /// The journey of the lines that name none.
    #[arg(long)]
    journey: Option<String>,
    /// The most messages in a second; 0: as many as go.
    #[arg(long, default_value_t = 20)]
    per_second: u32,
    /// The most messages in one call, at most 1,000.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
    /// Where it is written down what became of each line; without it, beside the file.
    #[arg(long)]
    progress: Option<PathBuf>,
    /// Say what would be sent, and send nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run(arguments: &CampaignArguments) -> Result<ExitCode, String> {
    let lines = read_lines(&arguments.file, arguments.journey.as_deref())?;
    let progress_file = arguments.progress.clone().unwrap_or_else(|| {
        let mut name = arguments.file.clone().into_os_string();
        name.push(".progress");
        name.into()
    });
    if arguments.dry_run {
        let progress = Progress::read(&progress_file)?;
        let left = lines.iter().filter(|line| !progress.is_done(&line.event_id)).count();
        print::line(format!("{} line(s), {left} to be sent", lines.len()));
        return Ok(ExitCode::SUCCESS);
    }
    let to = block_on(Recipient::of(&arguments.target))?;
    let mut campaign = Campaign {
        url: to.url,
        api_key: to.api_key,
        http: to.http,
        batch: usize::from(arguments.batch),
        rate: Rate { per_second: arguments.per_second, retry_after: Duration::from_secs(5) },
        progress: Progress::open(&progress_file)?,
        bar: sending::bar(lines.len()),
    };
    let sent = block_on(campaign.send(&lines));
    campaign.bar.finish_and_clear();
    let counts = campaign.progress.counts(&lines);
    for (status, count) in &counts {
        print::line(format!("{status:<24} {count}"));
    }
    sent?;
    for rejection in campaign.progress.rejections(&lines) {
        print::line(rejection);
    }
    let all_well = counts.iter().all(|(status, _)| matches!(status.as_str(), "accepted" | "duplicate"));
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Who takes the messages.
struct Recipient {
    url: String,
    api_key: String,
    http: SharedHttpConnector,
}

impl Recipient {
    async fn of(target: &Target) -> Result<Self, String> {
        if let Some(stack) = &target.stack {
            let stack = Stack::find(stack).await?;
            let api_key =
                environment_keys().api_key.ok_or("set AFTERWORD_API_KEY to a key of this installation")?;
            let url = format!("{}/messages/bulk", stack.installation.public_url);
            return Ok(Self { url, api_key, http: stack.connection.provider_http });
        }
        let url = format!("http://127.0.0.1:{}/messages/bulk", target.port);
        let api_key = target.keys()?.api_key.first().cloned().unwrap_or_default();
        Ok(Self { http: Connection::plain(&url).provider_http, url, api_key })
    }
}

#[cfg(test)]
mod tests;
