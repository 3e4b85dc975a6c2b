//! The installation that a command talks to: a `serve` on this machine, or a stack on AWS.

use std::collections::BTreeMap;
use std::path::PathBuf;

use adapters::Connection;
use adapters::clock::SystemClock;
use adapters::executions::StateMachine;
use adapters::table::Table;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use local::store::keys::{EnvKeys, Keys};
use messaging::values::clock::Clock;
use serde_json::Value;

use crate::http_call::call;
use crate::stack::{self, Stack, table_of};

/// Flags that address a running `afterword serve` or a stack.
#[derive(Args)]
pub(crate) struct Target {
    /// Set the port of the gateway.
    #[arg(long, default_value_t = 3000)]
    pub(crate) port: u16,
    /// Set the port of the console and the controls.
    #[arg(long, default_value_t = 3001)]
    pub(crate) admin_port: u16,
    /// Set the port of the AWS endpoint.
    #[arg(long, default_value_t = 4566)]
    pub(crate) aws_port: u16,
    /// Name the directory in which `serve` keeps its keys.
    #[arg(long, default_value = ".afterword")]
    pub(crate) data_dir: PathBuf,
    /// Use an installation on AWS instead of this machine, by the name of its stack. Credentials and region
    /// are read from the environment.
    #[arg(long)]
    pub(crate) stack: Option<String>,
}

impl Target {
    /// Returns the keys of a `serve` on this machine: those of the environment, otherwise those that it
    /// generated.
    pub(crate) fn keys(&self) -> Result<Keys, String> {
        let file = self.data_dir.join("keys.json");
        let given = environment_keys();
        if !file.exists() && given.api_key.is_none() {
            return Err(format!(
                "no keys in {}: start `afterword serve` first, name its --data-dir, or set AFTERWORD_API_KEY",
                self.data_dir.display()
            ));
        }
        let file = file.exists().then_some(file);
        let loaded = Keys::load(given, file.as_deref(), self.port);
        loaded.map(|loaded| loaded.keys).map_err(|error| format!("cannot read the keys: {error}"))
    }

    /// Connects to AWS, or to the AWS endpoint of this machine.
    pub(crate) fn connection(&self) -> Result<Connection, String> {
        match self.stack {
            Some(_) => stack::connection(),
            None => Ok(Connection::plain(format!("http://127.0.0.1:{}", self.aws_port))),
        }
    }

    /// The conversations' table of the installation.
    pub(crate) fn table(&self) -> Result<Table, String> {
        if let Some(stack) = &self.stack {
            return table_of(stack);
        }
        Ok(Table::new(&self.connection()?, "afterword", TimeDelta::days(90)))
    }

    /// The state machine of the installation.
    pub(crate) async fn executions(&self) -> Result<StateMachine, String> {
        match &self.stack {
            Some(stack) => Ok(Stack::find(stack).await?.executions()),
            None => Ok(StateMachine::new(
                &self.connection()?,
                "arn:aws:states:us-east-1:000000000000:stateMachine:afterword",
            )),
        }
    }

    /// The installation's own time, which on one machine may have been moved. Items expire by it.
    pub(crate) async fn now(&self) -> Result<DateTime<Utc>, String> {
        if self.stack.is_some() {
            return Ok(SystemClock.now());
        }
        let url = format!("http://127.0.0.1:{}/_local/clock", self.admin_port);
        let (_, answer) = call("GET", &url, &[], Vec::new()).await?;
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        let now =
            answer.get("now").and_then(Value::as_str).and_then(|now| DateTime::parse_from_rfc3339(now).ok());
        now.map(|now| now.to_utc()).ok_or_else(|| "cannot read the clock of `afterword serve`".to_owned())
    }
}

/// Reads the keys and addresses that the environment sets.
pub(crate) fn environment_keys() -> EnvKeys {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    EnvKeys {
        api_key: variable("AFTERWORD_API_KEY"),
        calendly_signing_key: variable("AFTERWORD_CALENDLY_SIGNING_KEY"),
        twilio_account_sid: variable("TWILIO_ACCOUNT_SID"),
        twilio_auth_token: variable("TWILIO_AUTH_TOKEN"),
        twilio_from: variable("TWILIO_FROM"),
        public_url: variable("AFTERWORD_PUBLIC_URL"),
        twilio_base_url: variable("TWILIO_BASE_URL"),
        signing_keys: signing_keys(),
    }
}

/// Reads `AFTERWORD_<SOURCE>_SIGNING_KEY` of every source but Calendly, by the name of the source.
fn signing_keys() -> BTreeMap<String, String> {
    let source = |name: &str| {
        let source = name.strip_prefix("AFTERWORD_")?.strip_suffix("_SIGNING_KEY")?;
        (source != "CALENDLY").then(|| source.to_ascii_lowercase())
    };
    std::env::vars().filter_map(|(name, value)| Some((source(&name)?, value))).collect()
}
