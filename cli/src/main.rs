//! The command `afterword`.
#![recursion_limit = "256"]

mod block_on;
mod campaign;
mod check;
mod clock;
mod connect;
mod consent;
mod doctor;
mod forget;
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

use clap::{Parser, Subcommand};

/// Sends the right text message at the right time after something happened.
#[derive(Parser)]
#[command(name = "afterword", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything on this machine.
    Serve(serve::ServeArguments),
    /// Post a payload as its source would.
    SendEvent(send_event::SendEventArguments),
    /// Send one message for each line of a file, and go on where it was interrupted.
    Campaign(campaign::CampaignArguments),
    /// Tell one conversation's whole story.
    Show(show::ShowArguments),
    /// Say what became of a text of which nobody knows.
    Resolve(resolve::ResolveArguments),
    /// Let what Twilio has charged take the place of what was expected.
    Prices(prices::PricesArguments),
    /// Have texts tried again that have certainly not been sent.
    Retry(resolve::RetryArguments),
    /// Authentic events that could not be used.
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    /// Erase a person: number, name and words go, ids and verdicts stay.
    Forget(forget::ForgetArguments),
    /// What customers have agreed to.
    #[command(subcommand)]
    Consent(consent::ConsentCommand),
    /// Who must not be texted.
    #[command(subcommand)]
    OptOuts(opt_outs::OptOutsCommand),
    /// The SMS attributes of the SNS account.
    #[command(subcommand)]
    SmsAttributes(sms_attributes::SmsAttributesCommand),
    /// Write everything that waits, and every opt-out, into a file, to move to another installation.
    Export(transfer::ExportArguments),
    /// Take over what another installation has exported, and start what waits.
    Import(transfer::ImportArguments),
    /// Whether an installation on AWS has everything that it needs.
    Doctor(doctor::DoctorArguments),
    /// Let a provider's or booking system's webhooks lead to an installation on AWS.
    #[command(subcommand)]
    Connect(connect::ConnectCommand),
    /// What is sent to whom, and when: compare, put in force, go back.
    #[command(subcommand)]
    Journeys(journeys::JourneysCommand),
    /// Explain a phone number, a text, a reply, or lint journeys.toml.
    #[command(subcommand)]
    Check(check::CheckCommand),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(arguments),
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
    done.unwrap_or_else(|message| {
        print::problem(&message);
        ExitCode::FAILURE
    })
}
