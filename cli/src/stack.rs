//! An installation on AWS, for commands with `--stack`.

use adapters::Connection;
use adapters::executions::StateMachine;
use adapters::installation::Installation;
use adapters::table::Table;
use chrono::TimeDelta;
use clap::Args;

use crate::block_on::block_on;

/// The required flag `--stack`.
#[derive(Args)]
pub(crate) struct StackArguments {
    /// Name the stack: deploy.sh creates `afterword`, or `afterword-<stage>`. Credentials and region are
    /// read from the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`.
    #[arg(long)]
    pub(crate) stack: String,
}

/// A stack and its parts.
pub(crate) struct Stack {
    /// The name of the stack, as given.
    pub(crate) name: String,
    /// The connection to AWS.
    pub(crate) connection: Connection,
    /// The resources of the stack, as its parameter lists them.
    pub(crate) installation: Installation,
}

impl Stack {
    /// Finds a stack with the credentials of the environment.
    pub(crate) async fn find(name: &str) -> Result<Self, String> {
        let connection = connection()?;
        let installation = Installation::of_stack(&connection, name).await.map_err(|error| {
            if error.reason == "ParameterNotFound" {
                format!("there is no stack {name} in {}: deploy it with ./deploy.sh", connection.region)
            } else {
                format!("cannot read the stack {name}: {error}")
            }
        })?;
        Ok(Self { name: name.to_owned(), connection, installation })
    }

    /// The conversations' table of the stack.
    pub(crate) fn table(&self) -> Table {
        Table::new(&self.connection, &self.installation.table, TimeDelta::days(90))
    }

    /// The state machine of the stack.
    pub(crate) fn executions(&self) -> StateMachine {
        StateMachine::new(&self.connection, &self.installation.state_machine)
    }
}

/// Returns the table of a stack, for callers that are not asynchronous.
pub(crate) fn table_of(name: &str) -> Result<Table, String> {
    // On a thread of its own, because a runtime cannot block on itself.
    let found = std::thread::scope(|scope| {
        scope.spawn(|| block_on(async { Ok(Stack::find(name).await?.table()) })).join()
    });
    found.unwrap_or_else(|_| Err(format!("cannot look up the stack {name}")))
}

/// Connects to AWS with the credentials of the environment.
pub(crate) fn connection() -> Result<Connection, String> {
    Connection::from_environment().map_err(|error| {
        format!(
            "{error}; to export the credentials of a profile, run: eval \"$(.tools/python/bin/python tools/whoami.py --export)\" or \
             aws configure export-credentials --format env"
        )
    })
}
