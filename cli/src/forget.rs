//! `afterword forget <phone>`: erases a person. Ids, times and verdicts stay. An opt-out stays too, under a
//! digest of the number.

use std::process::ExitCode;

use clap::Args;
use messaging::forget::{ForgetReport, forget};
use messaging::values::phone::PhoneNumber;
use serde_json::Value;

use crate::block_on::block_on;
use crate::clock::FixedClock;
use crate::http_call::call;
use crate::print;
use crate::target::Target;

/// Flags of `forget`.
#[derive(Args)]
pub(crate) struct ForgetArguments {
    /// The number (E.164).
    phone: String,
    #[command(flatten)]
    target: Target,
}

pub(crate) fn run(arguments: &ForgetArguments) -> Result<ExitCode, String> {
    let phone = PhoneNumber::parse_e164(&arguments.phone).map_err(|error| error.to_string())?;
    let target = &arguments.target;
    let (report, texts) = block_on(async {
        let clock = FixedClock(target.now().await?);
        let unfinished = |error| format!("not everything is erased yet, run the command again: {error}");
        let report = forget(&target.table()?, &phone, &clock).await.map_err(unfinished)?;
        Ok((report, clear_simulated_phone(target, &phone).await?))
    })?;
    print_report(&report, texts);
    Ok(if report.sending.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Deletes the texts of the simulated phone and provider of this machine, and returns their number.
async fn clear_simulated_phone(target: &Target, phone: &PhoneNumber) -> Result<u64, String> {
    if target.stack.is_some() {
        return Ok(0);
    }
    let url = format!("http://127.0.0.1:{}/_local/phones/{}", target.admin_port, phone.as_e164());
    let (status, answer) = call("DELETE", &url, &[], Vec::new()).await?;
    let texts = serde_json::from_str::<Value>(&answer).ok().and_then(|answer| answer.get("texts")?.as_u64());
    texts.ok_or_else(|| format!("the simulated phone answered {status}: run the command again"))
}

fn print_report(report: &ForgetReport, texts: u64) {
    print::line(format!(
        "erased from {} conversation(s), {} message(s) received, {} event(s) in quarantine, {texts} text(s) on the simulated phone",
        report.conversations, report.inbound, report.quarantined
    ));
    print::line("ids, times and verdicts stay; waiting texts end as SkippedCancelled");
    if report.opted_out {
        print::line("the opt-out stays in force, without the number");
    }
    for id in &report.sending {
        print::line(format!(
            "a text of {id} is being sent at this moment: run the command again in two minutes"
        ));
    }
}
