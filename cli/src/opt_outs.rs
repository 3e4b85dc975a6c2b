//! `afterword opt-outs list|check|add|remove`: shows and changes which numbers must not be texted.

use std::process::ExitCode;

use clap::Subcommand;
use messaging::conversation::Contact;
use messaging::ports::Conversations;
use messaging::values::clock::to_rfc3339;
use messaging::values::phone::PhoneNumber;

use crate::block_on::block_on;
use crate::print;
use crate::target::Target;

/// Subcommands of `opt-outs`.
#[derive(Subcommand)]
pub(crate) enum OptOutsCommand {
    /// List every number that has opted out, oldest first.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Check whether a number has opted out.
    Check {
        /// The number (E.164).
        phone: String,
        #[command(flatten)]
        target: Target,
    },
    /// Opt a number out, for a customer who asked by other means than a text.
    Add {
        /// The number (E.164).
        phone: String,
        #[command(flatten)]
        target: Target,
    },
    /// Remove an opt-out, for a customer who asked for texts again.
    Remove {
        /// The number (E.164).
        phone: String,
        #[command(flatten)]
        target: Target,
    },
}

/// The cause that is recorded for a change made here.
const OPERATOR: &str = "operator";

pub(crate) fn run(command: &OptOutsCommand) -> Result<ExitCode, String> {
    block_on(async {
        match command {
            OptOutsCommand::List { target } => {
                let phones = target.table()?.opted_out().await.map_err(|error| error.to_string())?;
                for phone in &phones {
                    print_contact(phone, &contact(phone, target).await?);
                }
                print::line(format!("{} number(s) opted out", phones.len()));
            }
            OptOutsCommand::Check { phone, target } => {
                let phone = number(phone)?;
                print_contact(&phone, &contact(&phone, target).await?);
            }
            OptOutsCommand::Add { phone, target } => {
                let phone = number(phone)?;
                let set = target.table()?.set_opt_out(&phone, OPERATOR, target.now().await?).await;
                set.map_err(|error| error.to_string())?;
                print_contact(&phone, &contact(&phone, target).await?);
            }
            OptOutsCommand::Remove { phone, target } => {
                let phone = number(phone)?;
                let lifted = target.table()?.lift_opt_out(&phone, OPERATOR, target.now().await?).await;
                lifted.map_err(|error| error.to_string())?;
                print_contact(&phone, &contact(&phone, target).await?);
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn contact(phone: &PhoneNumber, target: &Target) -> Result<Contact, String> {
    target.table()?.contact(phone).await.map_err(|error| error.to_string())
}

fn number(text: &str) -> Result<PhoneNumber, String> {
    PhoneNumber::parse_e164(text).map_err(|error| error.to_string())
}

fn print_contact(phone: &PhoneNumber, contact: &Contact) {
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
