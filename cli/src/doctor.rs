//! `afterword doctor --stack`: checks that an installation has everything that it needs, and changes nothing.

mod alarms;
mod api;
mod aws_sms;
mod journeys;
mod keys;
mod providers;

use std::process::ExitCode;

use adapters::switch::ParameterSwitch;
use adapters::{clock::SystemClock, installation::SecretDocument};
use chrono::TimeDelta;
use messaging::conversation::step::Switch;
use messaging::ports::SendingSwitch;

use crate::block_on::block_on;
use crate::print;
use crate::stack::{Stack, StackArguments};

/// Flags of `doctor`.
#[derive(clap::Args)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    stack: StackArguments,
}

/// The result of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    Pass,
    Fail,
    /// It could not be determined, or is not used.
    Unknown,
}

/// One line of the report.
pub(crate) struct Finding {
    health: Health,
    subject: &'static str,
    detail: String,
}

impl Finding {
    pub(crate) fn pass(subject: &'static str, detail: impl Into<String>) -> Self {
        Self { health: Health::Pass, subject, detail: detail.into() }
    }

    /// Creates a failure. `detail` names the cause and what to do.
    pub(crate) fn fail(subject: &'static str, detail: impl Into<String>) -> Self {
        Self { health: Health::Fail, subject, detail: detail.into() }
    }

    /// Creates a finding without a result. `detail` names the reason and how to get a result.
    pub(crate) fn unknown(subject: &'static str, detail: impl Into<String>) -> Self {
        Self { health: Health::Unknown, subject, detail: detail.into() }
    }
}

pub(crate) fn run(arguments: &DoctorArguments) -> Result<ExitCode, String> {
    block_on(async {
        let stack = Stack::find(&arguments.stack.stack).await?;
        print::line(format!("stack {} in {}\n", stack.name, stack.connection.region));
        let mut findings = Vec::new();
        let secret = SecretDocument::new(&stack.connection, &stack.installation.secret).read().await;
        match &secret {
            Ok(document) => {
                findings.extend(keys::check(document));
                findings.extend(api::check(&stack, document).await);
            }
            Err(error) => findings.push(Finding::fail("secret", error.to_string())),
        }
        findings.extend(journeys::check(&stack).await);
        findings.push(switch(&stack).await);
        findings.extend(providers::check(&stack).await);
        findings.extend(aws_sms::check(&stack).await);
        findings.push(alarms::check(&stack).await);
        Ok(report(&findings))
    })
}

async fn switch(stack: &Stack) -> Finding {
    let parameter = &stack.installation.sending;
    let switch = ParameterSwitch::new(&stack.connection, parameter, TimeDelta::zero(), SystemClock);
    let advice = format!("set {parameter} to on to send");
    match switch.read().await {
        Switch::On => Finding::pass("sending", "on"),
        Switch::Paused => Finding::fail("sending", format!("paused, every text waits: {advice}")),
        Switch::Shadow => Finding::fail("sending", format!("shadow, nothing is sent: {advice}")),
        Switch::Unreadable => Finding::fail("sending", format!("cannot be read, every text waits: {advice}")),
    }
}

/// Prints every finding, and fails if one is a failure.
fn report(findings: &[Finding]) -> ExitCode {
    for finding in findings {
        let health = match finding.health {
            Health::Pass => "pass   ",
            Health::Fail => "FAIL   ",
            Health::Unknown => "unknown",
        };
        print::line(format!("{health}  {:<20} {}", finding.subject, finding.detail));
    }
    let count = |health| findings.iter().filter(|finding| finding.health == health).count();
    let (failed, unknown) = (count(Health::Fail), count(Health::Unknown));
    print::line(format!("\n{} passed, {failed} failed, {unknown} unknown", count(Health::Pass)));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
