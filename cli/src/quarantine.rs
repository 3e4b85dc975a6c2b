//! `afterword quarantine list|show|replay|discard`: authentic events that could not be used.

use std::process::ExitCode;

use clap::Subcommand;
use messaging::ports::QuarantinedEvent;
use messaging::values::clock::to_rfc3339;

use crate::door::Door;
use crate::place::{Place, block_on, now};
use crate::print;

/// What is done.
#[derive(Subcommand)]
pub(crate) enum QuarantineCommand {
    /// What is in quarantine, oldest first.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// One event: why it could not be used, and its body.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Deliver it once more, signed, and take it out when it was of use.
    Replay {
        /// Its id.
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Take it out for good.
    Discard {
        /// Its id.
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

pub(crate) fn run(command: &QuarantineCommand) -> Result<ExitCode, String> {
    block_on(async {
        match command {
            QuarantineCommand::List { place } => list(place).await,
            QuarantineCommand::Show { id, place } => show(id, place).await,
            QuarantineCommand::Replay { id, place } => replay(id, place).await,
            QuarantineCommand::Discard { id, place } => discard(id, place).await,
        }
    })
}

async fn list(place: &Place) -> Result<ExitCode, String> {
    let table = place.table()?;
    let ids = table.quarantined().await.map_err(|trouble| trouble.to_string())?;
    for id in &ids {
        if let Some(event) = table.quarantined_event(id).await.map_err(|trouble| trouble.to_string())? {
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

async fn show(id: &str, place: &Place) -> Result<ExitCode, String> {
    let event = find(id, place).await?;
    print::line(format!("source    {}", event.source));
    print::line(format!("received  {}", to_rfc3339(event.received_at)));
    print::line(format!("reason    {}", event.reason));
    for detail in &event.details {
        print::line(format!("          {detail}"));
    }
    print::line(format!("\n{}", String::from_utf8_lossy(&event.body)));
    Ok(ExitCode::SUCCESS)
}

async fn replay(id: &str, place: &Place) -> Result<ExitCode, String> {
    let event = find(id, place).await?;
    let door = Door::of(place).await?;
    let at = now(place).await?.timestamp();
    let name = event.source.as_str();
    let signature = door.signature(name, &event.body, at)?;
    let route = format!("/webhooks/{name}");
    let (status, answer) = door.post(&route, &signature, event.body).await?;
    print::line(format!("POST {route} -> {status} {answer}"));
    if status != 200 || answer.contains("\"quarantined\"") {
        print::line("it stays in quarantine");
        return Ok(ExitCode::FAILURE);
    }
    place.table()?.release(id).await.map_err(|trouble| trouble.to_string())?;
    print::line("taken out of quarantine");
    Ok(ExitCode::SUCCESS)
}

async fn discard(id: &str, place: &Place) -> Result<ExitCode, String> {
    find(id, place).await?;
    place.table()?.release(id).await.map_err(|trouble| trouble.to_string())?;
    print::line(format!("{id} is discarded"));
    Ok(ExitCode::SUCCESS)
}

async fn find(id: &str, place: &Place) -> Result<QuarantinedEvent, String> {
    let found = place.table()?.quarantined_event(id).await.map_err(|trouble| trouble.to_string())?;
    found.ok_or_else(|| format!("there is no {id} in quarantine"))
}
