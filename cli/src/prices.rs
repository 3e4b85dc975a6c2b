//! `afterword prices`: replaces expected prices with what Twilio has charged. Twilio's callbacks contain no
//! price, so this reads its list of messages. Run it every day, or every hour.

use std::process::ExitCode;
use std::sync::Arc;

use adapters::clock::SystemClock;
use adapters::connection::providers_over_tls;
use adapters::providers::twilio::{Twilio, TwilioSettings};
use adapters::secrets::Secrets;
use chrono::TimeDelta;
use clap::Args;
use messaging::record_receipt::{PriceOutcome, settle_found};
use messaging::values::provider::Provider;

use crate::block_on::block_on;
use crate::print;
use crate::stack::Stack;
use crate::target::Target;

/// Flags of `prices`.
#[derive(Args)]
pub(crate) struct PricesArguments {
    /// Look back this many days. A price may take a day to become known.
    #[arg(long, default_value_t = 2)]
    days: u16,
    #[command(flatten)]
    target: Target,
}

/// The number of messages of each kind.
#[derive(Default)]
struct Counts {
    settled: usize,
    known: usize,
    unknown: usize,
    without: usize,
}

pub(crate) fn run(arguments: &PricesArguments) -> Result<ExitCode, String> {
    let counts = block_on(settle(arguments))?;
    print::line(format!(
        "{} price(s) settled, {} known before, {} of other messages, {} message(s) without a price in US dollars yet",
        counts.settled, counts.known, counts.unknown, counts.without
    ));
    Ok(ExitCode::SUCCESS)
}

async fn settle(arguments: &PricesArguments) -> Result<Counts, String> {
    let target = &arguments.target;
    let (now, table) = (target.now().await?, target.table()?);
    let twilio = twilio(target).await?;
    let since = now - TimeDelta::days(i64::from(arguments.days));
    let (mut counts, mut next) = (Counts::default(), None);
    loop {
        let again = |error| format!("{error}: run the command again");
        let page = twilio.prices(since, next.as_deref()).await.map_err(again)?;
        for message in page.messages {
            let Some(price) = message.price else {
                counts.without += 1;
                continue;
            };
            let outcome = settle_found(&table, Provider::Twilio, &message.message_id, price, now).await;
            match outcome.map_err(again)? {
                PriceOutcome::Settled => counts.settled += 1,
                PriceOutcome::Known => counts.known += 1,
                PriceOutcome::UnknownMessage => counts.unknown += 1,
            }
        }
        next = page.next;
        if next.is_none() {
            return Ok(counts);
        }
    }
}

/// Connects to the account that the installation's secret names. On this machine Twilio is simulated, unless
/// `TWILIO_BASE_URL` is the address of the real one.
async fn twilio(target: &Target) -> Result<Twilio<SystemClock>, String> {
    let mut connection = target.connection()?;
    let (secret, simulated) = match &target.stack {
        Some(stack) => (Stack::find(stack).await?.installation.secret, None),
        None => ("afterword".to_owned(), Some(format!("http://127.0.0.1:{}", target.aws_port))),
    };
    let configured = std::env::var("TWILIO_BASE_URL").ok().filter(|url| !url.is_empty());
    let base_url = configured.or(simulated).unwrap_or_else(|| "https://api.twilio.com".to_owned());
    if base_url.starts_with("https:") {
        connection.provider_http = providers_over_tls();
    }
    let secrets = Arc::new(Secrets::new(&connection, secret, SystemClock));
    let settings =
        TwilioSettings { base_url, from: String::new(), whatsapp_from: None, public_url: String::new() };
    Ok(Twilio::new(&connection, secrets, settings))
}
