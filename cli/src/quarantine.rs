//! `afterword quarantine list|show|replay|discard`: handles authentic events that could not be used.

use std::process::ExitCode;

use clap::Subcommand;
use messaging::ports::QuarantinedEvent;
use messaging::values::clock::to_rfc3339;

use crate::block_on::block_on;
use crate::print;
use crate::source_client::SourceClient;
use crate::target::Target;

/// Subcommands of `quarantine`.
#[derive(Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List the events in quarantine, oldest first.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Show an event: the reasons why it could not be used, and its body.
    Show {
        /// The id of the event, as `list` shows it.
        id: String,
        #[command(flatten)]
        target: Target,
    },
    /// Deliver an event again, signed, and remove it if it could be used.
    Replay {
        /// The id of the event, as `list` shows it.
        id: String,
        #[command(flatten)]
        target: Target,
    },
    /// Remove an event for good.
    Discard {
        /// The id of the event, as `list` shows it.
        id: String,
        #[command(flatten)]
        target: Target,
    },
}

pub(crate) fn run(command: &QuarantineCommand) -> Result<ExitCode, String> {
    block_on(async {
        match command {
            QuarantineCommand::List { target } => list(target).await,
            QuarantineCommand::Show { id, target } => show(id, target).await,
            QuarantineCommand::Replay { id, target } => replay(id, target).await,
            QuarantineCommand::Discard { id, target } => discard(id, target).await,
        }
    })
}

async fn list(target: &Target) -> Result<ExitCode, String> {
    let table = target.table()?;
    let ids = table.quarantined().await.map_err(|error| error.to_string())?;
    for id in &ids {
        if let Some(event) = table.quarantined_event(id).await.map_err(|error| error.to_string())? {
            print::line(format!(
                "{id}  {}  {}  {}",
                to_rfc3339(event.received_at),
                event.source,
                event.reason
            ));
        }
    }
    print::line(format!("{} event(s) in quarantine", ids.len()));
    Ok(ExitCode::SUCCESS)
}

async fn show(id: &str, target: &Target) -> Result<ExitCode, String> {
    let event = find(id, target).await?;
    print::line(format!("source    {}", event.source));
    print::line(format!("received  {}", to_rfc3339(event.received_at)));
    print::line(format!("reason    {}", event.reason));
    for detail in &event.details {
        print::line(format!("          {detail}"));
    }
    print::line(format!("\n{}", String::from_utf8_lossy(&event.body)));
    Ok(ExitCode::SUCCESS)
}

async fn replay(id: &str, target: &Target) -> Result<ExitCode, String> {
    let event = find(id, target).await?;
    let client = SourceClient::of(target).await?;
    let at = target.now().await?.timestamp();
    let name = event.source.as_str();
    let signature = client.signature(name, &event.body, at)?;
    let route = format!("/webhooks/{name}");
    let (status, answer) = client.post(&route, &signature, event.body).await?;
    print::line(format!("POST {route} -> {status} {answer}"));
    if status != 200 || answer.contains("\"quarantined\"") {
        print::line("it stays in quarantine");
        return Ok(ExitCode::FAILURE);
    }
    target.table()?.release(id).await.map_err(|error| error.to_string())?;
    print::line("taken out of quarantine");
    Ok(ExitCode::SUCCESS)
}

async fn discard(id: &str, target: &Target) -> Result<ExitCode, String> {
    find(id, target).await?;
    target.table()?.release(id).await.map_err(|error| error.to_string())?;
    print::line(format!("{id} is discarded"));
    Ok(ExitCode::SUCCESS)
}

async fn find(id: &str, target: &Target) -> Result<QuarantinedEvent, String> {
    let found = target.table()?.quarantined_event(id).await.map_err(|error| error.to_string())?;
    found.ok_or_else(|| format!("there is no {id} in quarantine"))
}
