//! An installation on AWS, for commands that are told its stack.

use adapters::Connection;
use adapters::executions::StateMachine;
use adapters::installation::Installation;
use adapters::table::Table;
use chrono::TimeDelta;
use clap::Args;

use crate::block_on::block_on;

/// Which stack.
#[derive(Args)]
pub(crate) struct StackArguments {
    /// The stack (deploy.sh makes `afterword`, or `afterword-<stage>`). Credentials and region come from
    /// the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`.
    #[arg(long)]
    pub(crate) stack: String,
}

/// A stack that was found.
pub(crate) struct Stack {
    /// Its name.
    pub(crate) name: String,
    /// The way to AWS.
    pub(crate) connection: Connection,
    /// Its parts.
    pub(crate) installation: Installation,
}

impl Stack {
    /// Finds a stack, by the credentials of the environment.
    pub(crate) async fn find(name: &str) -> Result<Self, String> {
        let connection = connection()?;
        let installation = Installation::of_stack(&connection, name).await.map_err(|trouble| {
            if trouble.reason == "ParameterNotFound" {
                format!("there is no stack {name} in {}: deploy it with ./deploy.sh", connection.region)
            } else {
                format!("cannot read the stack {name}: {trouble}")
            }
        })?;
        Ok(Self { name: name.to_owned(), connection, installation })
    }

    /// Its table.
    pub(crate) fn table(&self) -> Table {
        Table::new(&self.connection, &self.installation.table, TimeDelta::days(90))
    }

    /// Its state machine.
    pub(crate) fn executions(&self) -> StateMachine {
        StateMachine::new(&self.connection, &self.installation.state_machine)
    }
}

/// The table of a stack, for commands that are not asynchronous themselves.
pub(crate) fn table_of(name: &str) -> Result<Table, String> {
    // A runtime of its own: the caller's cannot wait for itself.
    let found = std::thread::scope(|scope| {
        scope.spawn(|| block_on(async { Ok(Stack::find(name).await?.table()) })).join()
    });
    found.unwrap_or_else(|_| Err(format!("the stack {name} could not be looked up")))
}

/// The way to AWS, by the credentials of the environment.
pub(crate) fn connection() -> Result<Connection, String> {
    Connection::from_environment().map_err(|error| {
        format!(
            "{error}; a profile's credentials are put there by: eval \"$(.tools/python/bin/python tools/whoami.py --export)\" or \
             aws configure export-credentials --format env"
        )
    })
}
