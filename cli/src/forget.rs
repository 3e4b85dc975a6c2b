//! `afterword forget <phone>`: erases a person. Ids, times and verdicts stay, and so does the wish of
//! a person who has opted out, under a digest of the number.

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
    let (forgotten, texts) = block_on(async {
        let clock = FixedClock(target.now().await?);
        let unfinished = |trouble| format!("not everything is erased yet, run it again: {trouble}");
        let forgotten = forget(&target.table()?, &phone, &clock).await.map_err(unfinished)?;
        Ok((forgotten, forget_the_phone(target, &phone).await?))
    })?;
    tell(&forgotten, texts);
    Ok(if forgotten.sending.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// On this machine the phone itself and its provider are simulated, and keep what they were sent.
async fn forget_the_phone(target: &Target, phone: &PhoneNumber) -> Result<u64, String> {
    if target.stack.is_some() {
        return Ok(0);
    }
    let url = format!("http://127.0.0.1:{}/_local/phones/{}", target.admin_port, phone.as_e164());
    let (status, answer) = call("DELETE", &url, &[], Vec::new()).await?;
    let texts = serde_json::from_str::<Value>(&answer).ok().and_then(|answer| answer.get("texts")?.as_u64());
    texts.ok_or_else(|| format!("the simulated phone answered {status}: run it again"))
}

fn tell(forgotten: &ForgetReport, texts: u64) {
    print::line(format!(
        "erased from {} conversation(s), {} message(s) received, {} event(s) in quarantine, {texts} text(s) on the simulated phone",
        forgotten.conversations, forgotten.inbound, forgotten.quarantined
    ));
    print::line("ids, times and verdicts stay; what was waiting ends as SkippedCancelled");
    if forgotten.opted_out {
        print::line("the opt-out is heeded further on, without the number");
    }
    for id in &forgotten.sending {
        print::line(format!("a text of {id} was with the provider just now: run it again in two minutes"));
    }
}
