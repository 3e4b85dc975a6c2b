//! `afterword sms-attributes get|set`: the SMS attributes of the SNS account.

use std::process::ExitCode;

use adapters::providers::sns::{ATTRIBUTES, SmsAttributes};
use clap::Subcommand;

use crate::block_on::block_on;
use crate::print;
use crate::target::Target;

/// What is done.
#[derive(Subcommand)]
pub(crate) enum SmsAttributesCommand {
    /// Show them: those that are not set have AWS's defaults.
    Get {
        #[command(flatten)]
        target: Target,
    },
    /// Set one.
    Set {
        /// Which.
        #[arg(value_parser = ATTRIBUTES)]
        name: String,
        /// Its value: `Transactional`, `100`, ...
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
