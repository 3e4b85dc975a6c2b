//! `make simulate`: as many schedules as are asked for, on every core, and a summary.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's answer")]

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use clap::Parser;
use simulation::explore::{exhaustive, history, random, seeded};
use simulation::theatre::Theatre;
use simulation::{Failure, Scenario, Summary};

/// Plays seeded schedules of the shipped state machine and handlers, and every single and double
/// fault of the main journeys, and says whether a promise was ever broken.
#[derive(Parser)]
struct Arguments {
    /// How many seeded schedules.
    #[arg(long, default_value_t = 100_000)]
    schedules: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave out the exhaustive part.
    #[arg(long)]
    seeded_only: bool,
    /// Print the whole history of the first seed and stop.
    #[arg(long)]
    show: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.show {
        let theatre = Theatre::open();
        let plot = seeded(arguments.seed, None);
        for delivery in &plot.scenario.deliveries {
            println!("{:>8} s  {:?}", delivery.at, delivery.call);
        }
        println!("{}", history(&theatre.play(&plot)));
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

fn explore(arguments: &Arguments) -> Result<Summary, Box<Failure>> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut total = Summary::default();
    let looks: Vec<Result<Summary, Box<Failure>>> = thread::scope(|scope| {
        let look = |core: usize| {
            let theatre = Theatre::open();
            let end = arguments.seed + arguments.schedules;
            let mut summary = random(&theatre, (arguments.seed + core as u64..end).step_by(cores.max(1)))?;
            if !arguments.seeded_only {
                for (name, scenario) in Scenario::main_journeys() {
                    summary.add(&exhaustive(&theatre, name, &scenario, (core, cores))?);
                }
            }
            Ok(summary)
        };
        let threads: Vec<_> = (0..cores).map(|core| scope.spawn(move || look(core))).collect();
        threads
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(look) => look,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    for look in looks {
        total.add(&look?);
    }
    Ok(total)
}
