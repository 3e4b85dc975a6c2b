//! `make simulate`: plays the requested number of schedules on every core and prints a summary.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's answer")]

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use clap::Parser;
use simulation::explore::{double_faults, history, random, seeded};
use simulation::simulator::Simulator;
use simulation::{Failure, Scenario, Summary};

/// Plays seeded schedules of the shipped state machine and handlers, and every single and double
/// fault of the main journeys, and reports the first violation of an invariant.
#[derive(Parser)]
struct Arguments {
    /// The number of seeded schedules
    #[arg(long, default_value_t = 100_000)]
    schedules: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave out the single and double faults of the main journeys
    #[arg(long)]
    seeded_only: bool,
    /// Print the whole history of the first seed and stop
    #[arg(long)]
    show: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.show {
        let simulator = Simulator::new();
        let schedule = seeded(arguments.seed);
        for delivery in &schedule.scenario.deliveries {
            println!("{:>8} s  {:?}", delivery.at, delivery.call);
        }
        println!("{}", history(&simulator.play(&schedule)));
        return ExitCode::SUCCESS;
    }
    let began = Instant::now();
    match explore(&arguments) {
        Ok(summary) => {
            print!("{summary}");
            println!("{:>10}  violations, in {} s", 0, began.elapsed().as_secs());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Plays all schedules, each core a share of them.
fn explore(arguments: &Arguments) -> Result<Summary, Box<Failure>> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut total = Summary::default();
    let shares: Vec<Result<Summary, Box<Failure>>> = thread::scope(|scope| {
        let explore_share = |core: usize| {
            let simulator = Simulator::new();
            let end = arguments.seed + arguments.schedules;
            let mut summary = random(&simulator, (arguments.seed + core as u64..end).step_by(cores.max(1)))?;
            if !arguments.seeded_only {
                for (name, scenario) in Scenario::main_journeys() {
                    summary.add(&double_faults(&simulator, name, &scenario, (core, cores))?);
                }
            }
            Ok(summary)
        };
        let threads: Vec<_> = (0..cores).map(|core| scope.spawn(move || explore_share(core))).collect();
        threads
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(share) => share,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    for share in shares {
        total.add(&share?);
    }
    Ok(total)
}
