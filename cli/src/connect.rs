//! `afterword connect calendly|twilio`: points their webhooks at an installation, signed with keys that it
//! knows. It creates what is missing, repairs what is wrong, and leaves the rest unchanged.

mod calendly;
mod twilio;

use std::process::ExitCode;

use clap::Subcommand;
use messaging::values::secret::SecretText;
use serde_json::{Map, Value};

use crate::block_on::block_on;
use crate::print;
use crate::stack::{Stack, StackArguments};

pub(crate) use calendly::find_setup;
pub(crate) use twilio::{expected_webhooks, twilio_account};

/// Subcommands of `connect`.
#[derive(Subcommand)]
pub(crate) enum ConnectCommand {
    /// Create Calendly's webhook subscription and its signing key. Set `CALENDLY_TOKEN` to a personal access
    /// token.
    Calendly(ConnectArguments),
    /// Set the address to which a Twilio number or Messaging Service posts incoming messages.
    Twilio(ConnectArguments),
}

/// Flags of `connect`.
#[derive(clap::Args)]
pub(crate) struct ConnectArguments {
    #[command(flatten)]
    stack: StackArguments,
    /// Report what is wrong, and change nothing.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(command: &ConnectCommand) -> Result<ExitCode, String> {
    block_on(async {
        match command {
            ConnectCommand::Calendly(arguments) => {
                let stack = Stack::find(&arguments.stack.stack).await?;
                calendly::connect(&stack, arguments.check).await
            }
            ConnectCommand::Twilio(arguments) => {
                let stack = Stack::find(&arguments.stack.stack).await?;
                twilio::connect(&stack, arguments.check).await
            }
        }
    })
}

/// Returns the newest key of an entry of the secret, if there is one.
pub(crate) fn newest(document: &Map<String, Value>, entry: &str) -> Option<SecretText> {
    let text = match document.get(entry)? {
        Value::String(text) => text,
        Value::Array(items) => items.first()?.as_str()?,
        _ => return None,
    };
    SecretText::new(text).ok()
}

/// Reports a change that `--check` did not make, and fails.
fn report_pending(what: &str) -> ExitCode {
    print::line(format!("to do: {what} (not done: --check)"));
    ExitCode::FAILURE
}
