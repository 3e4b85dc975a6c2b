//! `afterword serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use local::clock::Mode;
use local::machine::Ports;
use local::serve::{JOURNEYS, Options, Prepared, ServeError, prepare};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::print;
use crate::target::environment_keys;

/// Flags of `serve`.
#[derive(Args)]
pub(crate) struct ServeArguments {
    /// Port of the gateway, where sources call.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Port of the console and the controls.
    #[arg(long, default_value_t = 3001)]
    admin_port: u16,
    /// Port of the AWS endpoint.
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
    /// Where everything is kept.
    #[arg(long, default_value = ".afterword")]
    data_dir: PathBuf,
    /// Keep nothing.
    #[arg(long)]
    in_memory: bool,
    /// How time passes: real ticks and may be advanced, virtual stands still.
    #[arg(long, value_enum, default_value_t = ClockArgument::Real)]
    clock: ClockArgument,
    /// Throttle as API Gateway does.
    #[arg(long)]
    throttle: bool,
    /// Send by real providers; clock, faults and phones are then refused.
    #[arg(long)]
    live: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum ClockArgument {
    Real,
    Virtual,
}

/// Runs until Ctrl-C or SIGTERM.
pub(crate) fn run(arguments: ServeArguments) -> Result<ExitCode, String> {
    log_to_stderr();
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let (in_memory, live) = (arguments.in_memory, arguments.live);
        let prepared = prepare(options(arguments)?).await.map_err(|error| explain(&error))?;
        let stop = Stop::listen()?;
        announce(&prepared, in_memory);
        if live {
            announce_live(&prepared);
        } else {
            announce_trial(&prepared);
        }
        prepared.run(stop.received()).await.map_err(|error| explain(&error))?;
        Ok(ExitCode::SUCCESS)
    })
}

fn options(arguments: ServeArguments) -> Result<Options, String> {
    let file = PathBuf::from("journeys.toml");
    let journeys = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => JOURNEYS.to_owned(),
        Err(error) => return Err(format!("cannot read journeys.toml: {error}")),
    };
    Ok(Options {
        ports: Ports { gateway: arguments.port, aws: arguments.aws_port, admin: arguments.admin_port },
        data_dir: (!arguments.in_memory).then_some(arguments.data_dir),
        clock: match arguments.clock {
            ClockArgument::Real => Mode::Real,
            ClockArgument::Virtual => Mode::Virtual,
        },
        throttle: arguments.throttle,
        live: arguments.live,
        given: environment_keys(),
        journeys,
        journeys_file: file,
    })
}

/// Says where to post, what to look at and how to move the clock. To stdout, and the keys only when
/// they were made just now: logs go elsewhere.
fn announce(prepared: &Prepared, in_memory: bool) {
    let Ports { gateway, aws, admin } = prepared.ports;
    print::line("afterword serves\n");
    print::line(format!("  post events to   http://127.0.0.1:{gateway}"));
    print::line(format!(
        "  AWS endpoint     http://127.0.0.1:{aws}   (aws --endpoint-url ..., region us-east-1)"
    ));
    print::line(format!("  console          http://127.0.0.1:{admin}/console"));
    if !prepared.generated.is_empty() {
        print::line(match in_memory {
            true => "\nkeys, made now and kept nowhere:\n",
            false => "\nkeys, made now and kept in keys.json of the data directory; shown this once:\n",
        });
        for (name, value) in &prepared.generated {
            print::line(format!("  {name}={value}"));
        }
    }
}

/// What real providers still need.
fn announce_live(prepared: &Prepared) {
    print::line("\nlive: texts leave by Twilio, to real phones; clock, faults and phones are refused");
    for warning in &prepared.warnings {
        print::line(format!("  but {warning}"));
    }
    print::line(format!("\n  Twilio posts replies to   {}/twilio/inbound\n", prepared.keys.public_url));
}

/// How to see it work.
fn announce_trial(prepared: &Prepared) {
    let Ports { gateway, admin, .. } = prepared.ports;
    let key = prepared
        .generated
        .iter()
        .find(|(name, _)| *name == "AFTERWORD_API_KEY")
        .map_or("$AFTERWORD_API_KEY", |(_, value)| value.as_str());
    print::line("\ntry it: an approved advance, two minutes, the text\n");
    print::line(format!(
        "  curl -i http://127.0.0.1:{gateway}/sms -H 'content-type: application/json' -H \"x-api-key: {key}\" \\"
    ));
    print::line("    -d @test-payloads/ingest/sms-advance-approved.json");
    print::line(format!("  curl http://127.0.0.1:{admin}/_local/clock/advance -d '{{\"seconds\": 120}}'"));
    print::line(format!("  curl http://127.0.0.1:{admin}/_local/outbox\n"));
}

fn explain(error: &ServeError) -> String {
    let mut message = error.to_string();
    if let ServeError::Journeys(findings) = error {
        for finding in findings {
            message.push_str(&format!("\n  {}: {}", finding.place, finding.detail));
        }
    }
    message
}

/// What ends a server: Ctrl-C, or whoever runs it. Whoever is told that it serves may end it at once,
/// so this listens before anything is said.
struct Stop {
    interrupted: Signal,
    terminated: Signal,
}

impl Stop {
    fn listen() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
        Ok(Self {
            interrupted: listen(SignalKind::interrupt())?,
            terminated: listen(SignalKind::terminate())?,
        })
    }

    async fn received(mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }
}

/// One JSON line per event, as on Lambda. The embedded DynamoDB would log items below `warn`.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let filter = ["dynoxide=warn", "hyper=warn", "aws_smithy_runtime=warn"]
        .into_iter()
        .filter_map(|directive| directive.parse().ok())
        .fold(filter, tracing_subscriber::EnvFilter::add_directive);
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .init();
}
