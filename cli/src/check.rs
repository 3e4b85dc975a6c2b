//! `afterword check phone|text|reply|journeys`: what the product makes of a number, a text, a reply
//! or a file, without sending anything.

pub(crate) mod journeys;
mod subject;

use std::io::{BufRead, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::print;

/// What is checked.
#[derive(Subcommand)]
pub(crate) enum CheckCommand {
    /// Whether a number can be texted, and how it is read.
    Phone {
        /// The number, as people write it.
        number: Option<String>,
        /// The country of a national number, such as US.
        #[arg(long)]
        region: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// Encoding, parts and cost of a text.
    Text {
        /// The words.
        text: Option<String>,
        /// The country that it goes to, such as US, for its cost.
        #[arg(long)]
        country: Option<String>,
        /// Its category, for its cost.
        #[arg(long)]
        category: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// What a customer's reply means.
    Reply {
        /// The words.
        text: Option<String>,
        #[command(flatten)]
        form: Form,
    },
    /// What is wrong with a journeys.toml.
    Journeys {
        /// The file.
        #[arg(default_value = "journeys.toml")]
        file: std::path::PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What is made of one subject.
type Explain = fn(&Value) -> Result<Value, String>;

/// How answers are given.
#[derive(Args)]
pub(crate) struct Form {
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Read one JSON object per line and answer with one per line, in order.
    #[arg(long)]
    stdin: bool,
}

pub(crate) fn run(command: CheckCommand) -> Result<ExitCode, String> {
    let (input, form, explain): (_, _, Explain) = match command {
        CheckCommand::Journeys { file, json } => return journeys::run(&file, json),
        CheckCommand::Phone { number, region, form } => {
            (number.map(|number| json!({ "input": number, "region": region })), form, subject::phone)
        }
        CheckCommand::Text { text, country, category, form } => {
            let input = |text| json!({ "text": text, "country": country, "category": category });
            (text.map(input), form, subject::text)
        }
        CheckCommand::Reply { text, form } => {
            (text.map(|text| json!({ "text": text })), form, subject::reply)
        }
    };
    if form.stdin {
        return lines(explain).map_err(|error| error.to_string());
    }
    let answer = explain(&input.ok_or("say what to check, or --stdin")?)?;
    if form.json {
        print::line(answer.to_string());
    } else {
        for (name, value) in answer.as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            print::line(format!("{name:<14} {value}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One line in, one line out, in order; a line that cannot be read is answered with an error.
fn lines(explain: fn(&Value) -> Result<Value, String>) -> std::io::Result<ExitCode> {
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
