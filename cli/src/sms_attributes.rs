//! `afterword sms-attributes get|set`: shows and sets the SMS attributes of the SNS account.

use std::process::ExitCode;

use adapters::providers::sns::{ATTRIBUTES, SmsAttributes};
use clap::Subcommand;

use crate::block_on::block_on;
use crate::print;
use crate::target::Target;

/// Subcommands of `sms-attributes`.
#[derive(Subcommand)]
pub(crate) enum SmsAttributesCommand {
    /// Show the attributes. Those that are not set have AWS's defaults.
    Get {
        #[command(flatten)]
        target: Target,
    },
    /// Set one attribute.
    Set {
        /// The name of the attribute.
        #[arg(value_parser = ATTRIBUTES)]
        name: String,
        /// The value of the attribute: `Transactional`, `100`, ...
        value: String,
        #[command(flatten)]
        target: Target,
    },
}

pub(crate) fn run(command: &SmsAttributesCommand) -> Result<ExitCode, String> {
    block_on(async {
        let target = match command {
            SmsAttributesCommand::Get { target } | SmsAttributesCommand::Set { target, .. } => target,
        };
        let attributes = SmsAttributes::new(&target.connection()?);
        if let SmsAttributesCommand::Set { name, value, .. } = command {
            let set = attributes.set(name, value).await;
            set.map_err(|error| format!("cannot set {name}: {error}"))?;
        }
        let set =
            attributes.get().await.map_err(|error| format!("cannot read the SMS attributes: {error}"))?;
        for name in ATTRIBUTES {
            let value = set.get(name).map_or("(not set)", String::as_str);
            print::line(format!("{name:<34} {value}"));
        }
        Ok(ExitCode::SUCCESS)
    })
}
