//! One machine: all services behind three listeners.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::admin::{Admin, Phones};
use crate::aws::states_api::StatesApi;
use crate::aws::{AwsEndpoint, Parameters, Secrets};
use crate::gateway::Gateway;
use crate::gateway::template::Template;
use crate::providers::aws_sms::AwsSms;
use crate::providers::outbox::Outbox;
use crate::providers::receipts::Receipts;
use crate::providers::twilio::Twilio;
use crate::providers::twilio::opt_outs::OptOuts;
use crate::providers::twilio::webhooks::Webhooks;
use crate::runtime::async_invoke::AsyncInvoker;
use crate::runtime::clock::LocalClock;
use crate::runtime::faults::Faults;
use crate::runtime::invoke::Functions;
use crate::runtime::timer_source::TimerSource;
use crate::store::Store;
use crate::store::keys::Keys;
use crate::store::vacuum::Vacuum;

/// The time that open requests have to finish after the machine is told to stop: a little more than Lambda's
/// limit.
const GRACE: Duration = Duration::from_secs(35);

/// The ports on 127.0.0.1; 0 takes any free port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// The gateway with the functions' HTTP API.
    pub gateway: u16,
    /// The endpoint of AWS and Twilio.
    pub aws: u16,
    /// The console and the control API.
    pub admin: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { gateway: 3000, aws: 4566, admin: 3001 }
    }
}

/// The bound listeners. They accept connections from now on; requests are answered after [`Machine::serve`]
/// is called.
pub struct Listeners {
    gateway: TcpListener,
    aws: TcpListener,
    admin: TcpListener,
    dynamodb: TcpListener,
    /// The ports that are in use, after free ones were chosen.
    ports: Ports,
}

/// An error that stops the machine.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// A port cannot be bound.
    #[error("cannot listen on 127.0.0.1:{0}: {1}")]
    Bind(u16, io::Error),
    /// The store cannot be prepared.
    #[error("cannot prepare the store")]
    Store(#[from] rusqlite::Error),
    /// A listener stopped with an error.
    #[error("a listener failed: {0}")]
    Serve(String),
}

/// The parts of the machine.
pub struct Machine {
    /// The store of executions, outbox and clock.
    pub store: Store,
    /// The clock that every part reads.
    pub clock: Arc<LocalClock>,
    /// The embedded DynamoDB, in which the table exists.
    pub database: dynoxide::Database,
    /// The file of the embedded DynamoDB; `None` in memory.
    pub database_file: Option<PathBuf>,
    /// The keys and addresses that are in use.
    pub keys: Keys,
    /// The routes of the gateway.
    pub template: Template,
    /// The functions that the routes and the engine invoke.
    pub functions: Functions,
    /// The Step Functions API.
    pub states: Arc<dyn StatesApi>,
    /// The timer sources, besides the simulated providers.
    pub timer_sources: Vec<Arc<dyn TimerSource>>,
    /// The routes of the console.
    pub console: Router,
    /// Whether the gateway throttles as API Gateway does.
    pub throttle: bool,
    /// Whether real providers send the texts; if so, the simulation controls are off.
    pub live: bool,
}

impl Listeners {
    /// Binds all ports.
    ///
    /// # Errors
    /// Fails when a port is taken.
    pub async fn bind(ports: Ports) -> Result<Self, MachineError> {
        let gateway = listen(ports.gateway).await?;
        let aws = listen(ports.aws).await?;
        let admin = listen(ports.admin).await?;
        let dynamodb = hidden().await?;
        let port = |listener: &TcpListener| listener.local_addr().map_or(0, |address| address.port());
        let ports = Ports { gateway: port(&gateway), aws: port(&aws), admin: port(&admin) };
        Ok(Self { gateway, aws, admin, dynamodb, ports })
    }

    /// Returns the ports that are in use, after free ones were chosen.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }
}

impl Machine {
    /// Serves until `shutdown` resolves, then lets open requests finish.
    ///
    /// # Errors
    /// Fails when the store cannot be prepared, or a listener breaks down.
    pub async fn serve(
        self,
        listeners: Listeners,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), MachineError> {
        let Listeners { gateway: gateway_listener, aws, admin, dynamodb, ports } = listeners;
        let dynamodb_address = dynamodb.local_addr().map_err(|error| MachineError::Bind(0, error))?;

        let outbox = Outbox::open(self.store.clone())?;
        let opt_outs = OptOuts::open(self.store.clone())?;
        let parameters = Parameters::open(self.store.clone(), Arc::clone(&self.clock))?;
        let faults = Arc::new(Faults::default());
        let functions = self.functions.clone();
        let clock = &self.clock;

        let invoker = AsyncInvoker::open(self.functions.clone(), self.store.clone(), Arc::clone(clock))
            .map(Arc::new)?;
        let sms = AwsSms::open(self.store.clone(), Arc::clone(clock), outbox.clone())?;
        let gateway = Arc::new(Gateway::new(
            self.template,
            self.functions,
            Arc::clone(clock),
            ports.gateway,
            self.throttle,
        ));
        let webhooks = Arc::new(Webhooks::new(Arc::clone(&gateway), self.keys.clone()));
        let account = self.keys.twilio_account_sid.clone();
        let receipts = Receipts::new(
            account,
            outbox.clone(),
            Arc::clone(clock),
            Arc::clone(&webhooks),
            Arc::clone(&invoker),
        );
        let mut timer_sources = self.timer_sources;
        timer_sources.push(Arc::new(receipts));
        let twilio = Arc::new(Twilio::new(
            self.keys.clone(),
            Arc::clone(clock),
            outbox.clone(),
            opt_outs.clone(),
            Arc::clone(&faults),
        ));
        let secrets = Secrets::new(&self.keys);
        let endpoint = AwsEndpoint::new(
            dynamodb_address,
            self.states,
            secrets,
            parameters,
            (twilio, sms),
            Arc::clone(&invoker),
            Arc::clone(&faults),
        );
        let public_host = self.keys.public_host();
        let vacuum = Vacuum { store: self.store, database: self.database_file };
        let phones = Phones::new(self.keys, outbox.clone(), opt_outs, webhooks, vacuum, Arc::clone(&invoker));
        let timekeeper = (Arc::clone(clock), timer_sources.clone());
        let (at_work, functions) = (timer_sources.clone(), functions);
        let control = Admin {
            clock: Arc::clone(clock),
            timer_sources,
            outbox,
            faults,
            phones,
            invoker,
            live: self.live,
        };

        // First the callers stop, then running work finishes, then the services that it needs stop.
        let stop = StopSignal::when(shutdown);
        let aws_stop = StopSignal::never();
        let aws_stopped = aws_stop.wait();
        // The database stops last, because requests that are finishing still need it.
        let database_stop = StopSignal::never();
        let database = tokio::spawn(dynoxide::server::serve_with_shutdown(
            dynamodb,
            self.database,
            database_stop.wait(),
        ));
        let callers = async {
            tokio::try_join!(
                listen_to(gateway_listener, gateway.router(public_host), stop.wait()),
                listen_to(admin, control.router(self.console), stop.wait()),
            )?;
            for timer_source in &at_work {
                timer_source.rest().await;
            }
            functions.quiet().await;
            aws_stop.now();
            Ok(())
        };
        let serving =
            async { tokio::try_join!(callers, listen_to(aws, Arc::new(endpoint).router(), aws_stopped)) };
        let served = tokio::select! {
            served = serving => served.map(drop).map_err(|error| MachineError::Serve(error.to_string())),
            () = async { timekeeper.0.keep_time(&timekeeper.1).await } => Ok(()),
            () = async { stop.wait().await; tokio::time::sleep(GRACE).await } => Ok(()),
        };
        database_stop.now();
        // Only our own pool keeps connections to the database open, and it is gone by now.
        let _ended = tokio::time::timeout(Duration::from_secs(1), database).await;
        served
    }
}

async fn listen(port: u16) -> Result<TcpListener, MachineError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| MachineError::Bind(port, error))
}

/// Binds a random loopback address where the system has more than one. The embedded DynamoDB answers any
/// Host and any Origin, so a web page must not be able to find it.
async fn hidden() -> Result<TcpListener, MachineError> {
    let [_, a, b, c, ..] = *uuid::Uuid::new_v4().as_bytes();
    match TcpListener::bind((Ipv4Addr::new(127, a, b, c), 0)).await {
        Ok(listener) => Ok(listener),
        Err(_) => listen(0).await,
    }
}

async fn listen_to(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Without this a small response may wait for the caller's acknowledgement.
        let _unsupported = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// A stop signal that many listeners wait for.
struct StopSignal(Arc<watch::Sender<bool>>);

impl StopSignal {
    fn never() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    fn when(shutdown: impl Future<Output = ()> + Send + 'static) -> Self {
        let stop = Self::never();
        let signal = Self(Arc::clone(&stop.0));
        tokio::spawn(async move {
            shutdown.await;
            signal.now();
        });
        stop
    }

    fn now(&self) {
        self.0.send_replace(true);
    }

    fn wait(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopped = self.0.subscribe();
        async move {
            // A dropped sender means that the machine has stopped.
            let _closed = stopped.wait_for(|stopped| *stopped).await;
        }
    }
}
