//! `afterword campaign FILE`: sends one message for each line of a file, by `POST /messages/bulk`.
//!
//! Every line has an event id, its own or one derived from its content, so a line that is sent again is a
//! duplicate and never a second text. The result of each line is stored beside the file before the next
//! lines are sent: an interrupted campaign continues where it stopped.

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
    /// The file: CSV with a header line, or one JSON object per line (.jsonl, .ndjson). Fields: `to`, the
    /// journey's variables (in JSON under `variables`), and optionally `event_id`, `journey`, `region`, `locale`,
    /// `send_at`, `not_after`.
    file: PathBuf,
    /// Use this journey for lines that name none.
    #[arg(long)]
    journey: Option<String>,
    /// Send at most this many messages per second; 0 means no limit.
    #[arg(long, default_value_t = 20)]
    per_second: u32,
    /// Send at most this many messages in one call; the maximum is 1,000.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
    /// Store the result of each line in this file. Default: beside the input, with the ending `.progress`.
    #[arg(long)]
    progress: Option<PathBuf>,
    /// Count what would be sent, and send nothing.
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
    let recipient = block_on(Recipient::of(&arguments.target))?;
    let mut campaign = Campaign {
        url: recipient.url,
        api_key: recipient.api_key,
        http: recipient.http,
        batch: usize::from(arguments.batch),
        rate: Rate { per_second: arguments.per_second, retry_after: Duration::from_secs(5) },
        progress: Progress::open(&progress_file)?,
        bar: sending::bar(lines.len()),
    };
    let result = block_on(campaign.send(&lines));
    campaign.bar.finish_and_clear();
    let counts = campaign.progress.counts(&lines);
    for (status, count) in &counts {
        print::line(format!("{status:<24} {count}"));
    }
    result?;
    for rejection in campaign.progress.rejections(&lines) {
        print::line(rejection);
    }
    let all_well = counts.iter().all(|(status, _)| matches!(status.as_str(), "accepted" | "duplicate"));
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The installation that receives the messages.
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
