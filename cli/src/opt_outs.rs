//! `afterword opt-outs list|check|add|remove`: who must not be texted, since when, by which message.

use std::process::ExitCode;

use clap::Subcommand;
use messaging::conversation::Contact;
use messaging::ports::Conversations;
use messaging::values::clock::to_rfc3339;
use messaging::values::phone::PhoneNumber;

use crate::place::{Place, block_on, now};
use crate::print;

/// What is done.
#[derive(Subcommand)]
pub(crate) enum OptOutsCommand {
    /// Everybody who has opted out, oldest first.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// One number.
    Check {
        /// The number (E.164).
        phone: String,
        #[command(flatten)]
        place: Place,
    },
    /// Opt a number out, for a customer who asked in another way.
    Add {
        /// The number (E.164).
        phone: String,
        #[command(flatten)]
        place: Place,
    },
    /// Lift an opt-out, for a customer who asked for it.
    Remove {
        /// The number (E.164).
        phone: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Who is noted as the cause of a change made here.
const OPERATOR: &str = "operator";

pub(crate) fn run(command: &OptOutsCommand) -> Result<ExitCode, String> {
    block_on(async {
        match command {
            OptOutsCommand::List { place } => {
                let phones = place.table()?.opted_out().await.map_err(|trouble| trouble.to_string())?;
                for phone in &phones {
                    tell(phone, &contact(phone, place).await?);
                }
                print::line(format!("{} number(s) opted out", phones.len()));
            }
            OptOutsCommand::Check { phone, place } => {
                let phone = number(phone)?;
                tell(&phone, &contact(&phone, place).await?);
            }
            OptOutsCommand::Add { phone, place } => set(phone, place, true).await?,
            OptOutsCommand::Remove { phone, place } => set(phone, place, false).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn set(phone: &str, place: &Place, opted_out: bool) -> Result<(), String> {
    let phone = number(phone)?;
    let at = now(place).await?;
    let table = place.table()?;
    table.set_opt_out(&phone, opted_out, OPERATOR, at).await.map_err(|trouble| trouble.to_string())?;
    tell(&phone, &contact(&phone, place).await?);
    Ok(())
}

async fn contact(phone: &PhoneNumber, place: &Place) -> Result<Contact, String> {
    place.table()?.contact(phone).await.map_err(|trouble| trouble.to_string())
}

fn number(text: &str) -> Result<PhoneNumber, String> {
    PhoneNumber::parse_e164(text).map_err(|error| error.to_string())
}

fn tell(phone: &PhoneNumber, contact: &Contact) {
    match contact.opted_out_at {
        Some(at) => print::line(format!(
            "{}  opted out {}  by {}",
            phone.as_e164(),
            to_rfc3339(at),
            contact.opted_out_by.as_deref().unwrap_or("unknown")
        )),
        None => print::line(format!("{}  may be texted", phone.as_e164())),
    }
}
