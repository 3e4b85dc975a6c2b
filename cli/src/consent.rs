//! `afterword consent show|give|withdraw`: shows and changes what a customer has agreed to.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use messaging::change_consent::{ConsentOutcome, change_consent};
use messaging::conversation::consent::{Act, Agreement, ConsentChange};
use messaging::ports::Consents;
use messaging::values::clock::to_rfc3339;
use messaging::values::ids::Scope;
use messaging::values::phone::PhoneNumber;

use crate::block_on::block_on;
use crate::print;
use crate::target::Target;

/// Subcommands of `consent`.
#[derive(Subcommand)]
pub(crate) enum ConsentCommand {
    /// Show what is in force, and every change with its cause.
    Show {
        /// The number (E.164).
        phone: String,
        #[command(flatten)]
        target: Target,
    },
    /// Store that a customer has agreed.
    Give(ChangeArguments),
    /// Store that a customer has withdrawn an agreement.
    Withdraw(ChangeArguments),
}

/// Flags of `consent give` and `consent withdraw`.
#[derive(Args)]
pub(crate) struct ChangeArguments {
    /// The number (E.164).
    phone: String,
    /// Change this scope: `promotional` (all advertising), or a program of journeys.toml.
    #[arg(long, default_value = "promotional")]
    scope: String,
    /// Record the version of the wording that the customer agreed to.
    #[arg(long)]
    text_version: Option<String>,
    /// Record where the customer said so.
    #[arg(long, default_value = "operator")]
    source: String,
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run(command: &ConsentCommand) -> Result<ExitCode, String> {
    block_on(async {
        match command {
            ConsentCommand::Show { phone, target } => show(&number(phone)?, target).await?,
            ConsentCommand::Give(arguments) => change(arguments, Act::Given).await?,
            ConsentCommand::Withdraw(arguments) => change(arguments, Act::Withdrawn).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn change(arguments: &ChangeArguments, act: Act) -> Result<(), String> {
    let phone = number(&arguments.phone)?;
    let scope = Scope::new(arguments.scope.as_str()).map_err(|error| format!("--scope: {error}"))?;
    let agreement = Agreement {
        at: arguments.target.now().await?,
        source: arguments.source.clone(),
        text_version: arguments.text_version.clone(),
    };
    let table = arguments.target.table()?;
    let change = ConsentChange { act, scope, agreement };
    let changed = change_consent(&table, &phone, &change).await.map_err(|error| error.to_string())?;
    if changed == ConsentOutcome::Already {
        print::line("nothing to change");
    }
    show(&phone, &arguments.target).await
}

async fn show(phone: &PhoneNumber, target: &Target) -> Result<(), String> {
    let table = target.table()?;
    let consent = table.consent(phone).await.map_err(|error| error.to_string())?;
    for (word, scopes) in [("agreed", &consent.given), ("withdrawn", &consent.withdrawn)] {
        for (scope, agreement) in scopes {
            print::line(format!("{word:<10} {scope}  since {}", to_rfc3339(agreement.at)));
        }
    }
    if consent.given.is_empty() {
        print::line("no agreement: no advertising is sent");
    }
    let history = table.history(phone).await.map_err(|error| error.to_string())?;
    for change in history {
        let Agreement { at, source, text_version } = &change.agreement;
        print::line(format!(
            "  {}  {}  {}  by {source}{}",
            to_rfc3339(*at),
            word(change.act),
            change.scope,
            text_version.as_ref().map(|version| format!("  to the text {version}")).unwrap_or_default()
        ));
    }
    Ok(())
}

const fn word(act: Act) -> &'static str {
    match act {
        Act::Given => "agreed",
        Act::Withdrawn => "withdrew",
        Act::OptedOut => "opted out",
        Act::OptedIn => "opted in",
    }
}

fn number(text: &str) -> Result<PhoneNumber, String> {
    PhoneNumber::parse_e164(text).map_err(|error| error.to_string())
}
