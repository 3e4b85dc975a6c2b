//! `afterword serve`: everything on one machine.

mod functions;
pub mod machine;

mod console_source;
mod deploy;
mod live;
mod options;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;

use adapters::journeys::PushError;
use adapters::table::Table;
use futures_util::future::BoxFuture;
use messaging::journeys::Finding;
use serde_json::Value;

use crate::aws::states_api::StatesApi;
use crate::gateway::template::Template;
use crate::runtime::clock::{ClockError, LocalClock, Mode};
use crate::runtime::connector;
use crate::runtime::invoke::Functions;
use crate::runtime::timer_source::TimerSource;
use crate::states::{Definition, Engine, Invoke, OpenError, Problems, Settings, TaskFailure};
use crate::store::Store;
use crate::store::data_dir::{DataDir, DataDirError};
use crate::store::keys::{Keys, Loaded};
use console_source::LocalConsole;
use functions::Deployment;
use machine::{Listeners, Machine, MachineError, Ports};
use watch::JourneysWatch;

pub use options::Options;

/// The template whose routes the gateway serves.
pub const TEMPLATE: &str = include_str!("../../template.yaml");
/// The state machine's definition.
pub const STATE_MACHINE: &str = include_str!("../../statemachine/message.asl.json");

/// The name under which the definition calls the send function, here as in the template.
const SEND_FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:send";

/// Why the machine does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory is unusable.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// A listener is.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The store is.
    #[error("cannot open the store: {0}")]
    Store(#[from] rusqlite::Error),
    /// The clock is.
    #[error("cannot start the clock: {0}")]
    Clock(#[from] ClockError),
    /// A clock that was moved or stood still is no clock for real customers.
    #[error(
        "this data directory's clock has been moved or was virtual; with --live use a --data-dir of its own"
    )]
    MovedClock,
    /// The environment says what cannot be meant.
    #[error("the environment: {}", .0.join("; "))]
    Environment(Vec<String>),
    /// The embedded DynamoDB does not open.
    #[error("cannot open the embedded DynamoDB: {0}")]
    Database(String),
    /// The keys cannot be read or written.
    #[error("cannot read or write the keys: {0}")]
    Keys(#[from] std::io::Error),
    /// The state machine's definition does not load.
    #[error("the state machine's definition does not load:\n{0}")]
    Definition(#[from] Problems),
    /// The engine does not open.
    #[error("cannot open the state machine engine: {0}")]
    Engine(#[from] OpenError),
    /// The template does not load.
    #[error("template.yaml does not load: {0}")]
    Template(String),
    /// `journeys.toml` has errors.
    #[error("journeys.toml has errors; see below")]
    Journeys(Vec<Finding>),
    /// `journeys.toml` could not be stored.
    #[error("cannot store journeys.toml: {0}")]
    JourneysNotStored(String),
}

/// A machine that listens and is about to serve.
pub struct Prepared {
    /// Where.
    pub ports: Ports,
    /// The keys in use.
    pub keys: Keys,
    /// Keys that were made now, to be shown once.
    pub generated: Vec<(&'static str, String)>,
    /// What stands in the way of real providers.
    pub warnings: Vec<&'static str>,
    /// The version of the journeys in force.
    pub journeys_version: String,
    machine: Machine,
    listeners: Listeners,
    watch: JourneysWatch,
    _data_dir: Option<DataDir>,
}

/// Opens everything and listens. Nobody is answered before [`Prepared::run`].
///
/// # Errors
/// See [`ServeError`].
pub async fn prepare(options: Options) -> Result<Prepared, ServeError> {
    let violations = options.env_keys.violations();
    if !violations.is_empty() {
        return Err(ServeError::Environment(violations));
    }
    let data_dir = options.data_dir.as_deref().map(DataDir::open).transpose()?;
    let listeners = Listeners::bind(options.ports).await?;
    let ports = listeners.ports();
    let (store, database) = open(data_dir.as_ref())?;
    deploy::create_table(&database).map_err(ServeError::Database)?;
    let keys_file = data_dir.as_ref().map(DataDir::keys);
    let warnings = if options.live { live::warnings(&options) } else { Vec::new() };
    let twilio_base_url = options.env_keys.twilio_base_url.clone();
    let Loaded { keys, generated } = Keys::load(options.env_keys, keys_file.as_deref(), ports.gateway)?;
    let clock = Arc::new(LocalClock::open(store.clone(), options.clock)?);
    if options.live && clock.is_moved() {
        return Err(ServeError::MovedClock);
    }
    let journeys_version =
        deploy::push_journeys(&database, &clock, &options.journeys).await.map_err(not_pushed)?;
    let endpoint = format!("http://127.0.0.1:{}", ports.aws);
    let (connection, twilio_url) = if options.live {
        let twilio_url = twilio_base_url.unwrap_or_else(|| live::TWILIO_URL.to_owned());
        (connector::live_connection(&endpoint), twilio_url)
    } else {
        (connector::connection(&endpoint), endpoint)
    };
    let deployment = Deployment {
        connection: connection.clone(),
        twilio_url,
        live: options.live,
        keys: keys.clone(),
        clock: Arc::clone(&clock),
    };
    let functions = deployment.functions();
    let console = console::router(Arc::new(LocalConsole {
        database: database.clone(),
        table: Table::new(&connection, deploy::TABLE, deploy::RETENTION),
        clock: Arc::clone(&clock),
    }));
    let watch = JourneysWatch::new(options.journeys_file, deploy::journeys(&connection, &clock));
    let engine = engine(store.clone(), &functions, &clock, options.clock)?;
    let machine = Machine {
        store,
        clock,
        database,
        database_file: data_dir.as_ref().map(DataDir::dynamodb),
        keys: keys.clone(),
        template: Template::parse(TEMPLATE).map_err(|e| ServeError::Template(e.to_string()))?,
        functions,
        states: Arc::new(engine.clone()),
        timer_sources: vec![Arc::new(engine) as Arc<dyn TimerSource>],
        console,
        throttle: options.throttle,
        live: options.live,
    };
    Ok(Prepared {
        ports,
        keys,
        generated,
        warnings,
        journeys_version,
        machine,
        listeners,
        watch,
        _data_dir: data_dir,
    })
}

impl Prepared {
    /// Serves until `shutdown` resolves.
    ///
    /// # Errors
    /// When a listener breaks down.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        tokio::select! {
            served = self.machine.serve(self.listeners, shutdown) => Ok(served?),
            never = self.watch.run() => match never {},
        }
    }
}

fn open(data_dir: Option<&DataDir>) -> Result<(Store, dynoxide::Database), ServeError> {
    let database = |result: dynoxide::Result<dynoxide::Database>| {
        result.map_err(|error| ServeError::Database(error.to_string()))
    };
    Ok(match data_dir {
        Some(dir) => {
            let path = dir.dynamodb();
            (Store::open(&dir.store())?, database(dynoxide::Database::new(&path.to_string_lossy()))?)
        }
        None => (Store::in_memory()?, database(dynoxide::Database::memory())?),
    })
}

/// The engine, calling functions as Step Functions calls Lambda.
fn engine(
    store: Store,
    functions: &Functions,
    clock: &Arc<LocalClock>,
    mode: Mode,
) -> Result<Engine, ServeError> {
    let values = HashMap::from([("SendFunctionArn".to_owned(), SEND_FUNCTION_ARN.to_owned())]);
    let definition = Definition::load(STATE_MACHINE, &values)?;
    let functions = functions.clone();
    let invoke: Invoke = Arc::new(move |resource: String, input: Value| {
        let functions = functions.clone();
        Box::pin(async move {
            let name = resource.rsplit(':').next().unwrap_or_default();
            functions
                .invoke(name, input)
                .await
                .map_err(|failed| TaskFailure { error: failed.error_type, cause: failed.message })
        })
    });
    let settings = Settings { ticking: mode == Mode::Real, ..Settings::default() };
    Ok(Engine::open(store, definition, settings, Arc::clone(clock) as Arc<_>, invoke)?)
}

impl StatesApi for Engine {
    fn handle<'a>(&'a self, operation: &'a str, body: &'a [u8]) -> BoxFuture<'a, (u16, Value)> {
        Box::pin(std::future::ready(Self::handle(self, operation, body)))
    }
}

fn not_pushed(error: PushError) -> ServeError {
    match error {
        PushError::Refused(findings) => ServeError::Journeys(findings),
        PushError::Unavailable(trouble) => ServeError::JourneysNotStored(trouble.to_string()),
    }
}
