//! `afterword sms-attributes get|set`: the SMS attributes of the SNS account.

use std::process::ExitCode;

use adapters::providers::sns::{ATTRIBUTES, SmsAttributes};
use clap::Subcommand;

use crate::place::{Place, block_on};
use crate::print;

/// What is done.
#[derive(Subcommand)]
pub(crate) enum SmsAttributesCommand {
    /// Show them: those that are not set have AWS's defaults.
    Get {
        #[command(flatten)]
        place: Place,
    },
    /// Set one.
    Set {
        /// Which.
        #[arg(value_parser = ATTRIBUTES)]
        name: String,
        /// Its value: `Transactional`, `100`, ...
        value: String,
        #[command(flatten)]
        place: Place,
    },
}

pub(crate) fn run(command: &SmsAttributesCommand) -> Result<ExitCode, String> {
    block_on(async {
        let place = match command {
            SmsAttributesCommand::Get { place } | SmsAttributesCommand::Set { place, .. } => place,
        };
        let attributes = SmsAttributes::new(&place.connection()?);
        if let SmsAttributesCommand::Set { name, value, .. } = command {
            let set = attributes.set(name, value).await;
            set.map_err(|trouble| format!("cannot set {name}: {trouble}"))?;
        }
        let set = attributes.get().await.map_err(|trouble| format!("cannot read them: {trouble}"))?;
        for name in ATTRIBUTES {
            let value = set.get(name).map_or("(not set)", String::as_str);
            print::line(format!("{name:<34} {value}"));
        }
        Ok(ExitCode::SUCCESS)
    })
}
