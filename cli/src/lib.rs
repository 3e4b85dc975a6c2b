//! The commands of `afterword`. The binary is `main.rs`.
#![recursion_limit = "256"]

mod block_on;
mod campaign;
mod check;
mod clock;
mod connect;
mod consent;
mod doctor;
mod forget;
mod help;
mod http_call;
mod journeys;
mod opt_outs;
mod prices;
mod print;
mod quarantine;
mod resolve;
mod send_event;
mod serve;
mod show;
mod sms_attributes;
mod source_client;
mod stack;
mod target;
mod transfer;

use std::process::ExitCode;

use clap::{FromArgMatches, Parser, Subcommand};

/// Sends the right text message at the right time after something happened.
#[derive(Parser)]
#[command(name = "afterword", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// The commands; `help` puts each under a heading.
#[derive(Subcommand)]
enum Command {
    /// Run the whole system on this machine.
    Serve(serve::ServeArguments),
    /// Post a payload as its source would.
    SendEvent(send_event::SendEventArguments),
    /// Send one message for each line of a file, and resume after an interruption.
    Campaign(campaign::CampaignArguments),
    /// Show everything that happened in a conversation.
    Show(show::ShowArguments),
    /// Settle a text whose outcome is unknown.
    Resolve(resolve::ResolveArguments),
    /// Replace expected prices with what Twilio has charged.
    Prices(prices::PricesArguments),
    /// Retry texts that were certainly not sent.
    Retry(resolve::RetryArguments),
    /// List, replay or discard authentic events that could not be used.
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Erase a person: number, name and texts are deleted, ids and verdicts stay.
    Forget(forget::ForgetArguments),
    /// Show and change what a customer has agreed to.
    #[command(subcommand)]
    Consent(consent::ConsentCommand),
    /// List and change which numbers must not be texted.
    #[command(subcommand)]
    OptOuts(opt_outs::OptOutsCommand),
    /// Show and set the SMS attributes of the SNS account.
    #[command(subcommand)]
    SmsAttributes(sms_attributes::SmsAttributesCommand),
    /// Write everything that waits, and every opt-out, to a file for another installation.
    Export(transfer::ExportArguments),
    /// Import what another installation has exported, and start what waits.
    Import(transfer::ImportArguments),
    /// Check that an installation on AWS has everything that it needs.
    Doctor(doctor::DoctorArguments),
    /// Point the webhooks of Twilio or Calendly at an installation on AWS.
    #[command(subcommand)]
    Connect(connect::ConnectCommand),
    /// Compare, activate and roll back the file that defines who gets which text.
    #[command(subcommand)]
    Journeys(journeys::JourneysCommand),
    /// Explain a phone number, a text or a reply, or lint journeys.toml.
    #[command(subcommand)]
    Check(check::CheckCommand),
}

/// Runs the command that the process was called with.
///
/// `serve` uses `built_in_journeys` where the working directory has no `journeys.toml`.
#[must_use]
pub fn run(built_in_journeys: &str) -> ExitCode {
    let matches = help::command().get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = match arguments.command {
        Command::Serve(arguments) => serve::run(arguments, built_in_journeys),
        Command::SendEvent(arguments) => send_event::run(&arguments),
        Command::Campaign(arguments) => campaign::run(&arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Resolve(arguments) => resolve::run_resolve(&arguments),
        Command::Prices(arguments) => prices::run(&arguments),
        Command::Retry(arguments) => resolve::run_retry(&arguments),
        Command::SmsAttributes(command) => sms_attributes::run(&command),
        Command::Quarantine(command) => quarantine::run(&command),
        Command::Forget(arguments) => forget::run(&arguments),
        Command::Consent(command) => consent::run(&command),
        Command::OptOuts(command) => opt_outs::run(&command),
        Command::Export(arguments) => transfer::export(&arguments),
        Command::Import(arguments) => transfer::import(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Connect(command) => connect::run(&command),
        Command::Journeys(command) => journeys::run(&command),
        Command::Check(command) => check::run(command),
    };
    result.unwrap_or_else(|message| {
        print::error(&message);
        ExitCode::FAILURE
    })
}
