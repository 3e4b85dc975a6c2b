//! `afterword check phone|text|reply|journeys`: explains how a number, a text, a reply or a file is
//! understood, without sending anything.

pub(crate) mod journeys;
mod subject;

use std::io::{BufRead, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::print;

/// Subcommands of `check`.
#[derive(Subcommand)]
pub(crate) enum CheckCommand {
    /// Check whether a number can be texted, and show how it is read.
    Phone {
        /// The number, as a person writes it.
        number: Option<String>,
        /// Read a national number as one of this country, such as US.
        #[arg(long)]
        region: Option<String>,
        #[command(flatten)]
        format: FormatArguments,
    },
    /// Show the encoding, parts and cost of a text.
    Text {
        /// The text to check.
        text: Option<String>,
        /// Show the cost of a text to this country, such as US.
        #[arg(long)]
        country: Option<String>,
        /// Compute the cost for this category.
        #[arg(long)]
        category: Option<String>,
        #[command(flatten)]
        format: FormatArguments,
    },
    /// Show the meaning of a customer's reply.
    Reply {
        /// The words of the reply.
        text: Option<String>,
        #[command(flatten)]
        format: FormatArguments,
    },
    /// Report every mistake in a journeys.toml.
    Journeys {
        /// The file to check.
        #[arg(default_value = "journeys.toml")]
        file: std::path::PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Explains one input as JSON.
type Explain = fn(&Value) -> Result<Value, String>;

/// Flags for input and output.
#[derive(Args)]
pub(crate) struct FormatArguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Read one JSON object per line and answer with one per line, in order.
    #[arg(long)]
    stdin: bool,
}

pub(crate) fn run(command: CheckCommand) -> Result<ExitCode, String> {
    let (input, format, explain): (_, _, Explain) = match command {
        CheckCommand::Journeys { file, json } => return journeys::run(&file, json),
        CheckCommand::Phone { number, region, format } => {
            (number.map(|number| json!({ "input": number, "region": region })), format, subject::phone)
        }
        CheckCommand::Text { text, country, category, format } => {
            let input = |text| json!({ "text": text, "country": country, "category": category });
            (text.map(input), format, subject::text)
        }
        CheckCommand::Reply { text, format } => {
            (text.map(|text| json!({ "text": text })), format, subject::reply)
        }
    };
    if format.stdin {
        return lines(explain).map_err(|error| error.to_string());
    }
    let answer = explain(&input.ok_or("give a value to check, or --stdin")?)?;
    if format.json {
        print::line(answer.to_string());
    } else {
        for (name, value) in answer.as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            print::line(format!("{name:<14} {value}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Answers each line of the input with one line, in order. A line that cannot be read is answered with an
/// error.
fn lines(explain: Explain) -> std::io::Result<ExitCode> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut all_read = true;
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line?;
        let answer = serde_json::from_slice::<Value>(&line).map_err(|error| format!("not JSON: {error}"));
        let answer = answer.and_then(|input| explain(&input)).unwrap_or_else(|error| {
            all_read = false;
            json!({ "error": error })
        });
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(if all_read { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
