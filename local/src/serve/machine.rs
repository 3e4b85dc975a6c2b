//! Everything of one machine behind its three listeners.

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

/// How long open requests may still run once the machine is told to stop: Lambda's limit and a little.
const GRACE: Duration = Duration::from_secs(35);

/// Where to listen on 127.0.0.1; 0 takes any free port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// The functions' HTTP API.
    pub gateway: u16,
    /// AWS and Twilio.
    pub aws: u16,
    /// Console and control.
    pub admin: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { gateway: 3000, aws: 4566, admin: 3001 }
    }
}

/// The bound listeners: connections are accepted from here on, and answered once `serve` runs.
pub struct Listeners {
    gateway: TcpListener,
    aws: TcpListener,
    admin: TcpListener,
    dynamodb: TcpListener,
    /// The real ports.
    ports: Ports,
}

/// Why the machine does not run.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// A port is taken.
    #[error("cannot listen on 127.0.0.1:{0}: {1}")]
    Bind(u16, io::Error),
    /// The store cannot be prepared.
    #[error("cannot prepare the store")]
    Store(#[from] rusqlite::Error),
    /// A listener broke down.
    #[error("a listener failed: {0}")]
    Serve(String),
}

/// What the machine is made of.
pub struct Machine {
    /// The local store.
    pub store: Store,
    /// The clock.
    pub clock: Arc<LocalClock>,
    /// The embedded DynamoDB, its table made.
    pub database: dynoxide::Database,
    /// Its file, if it has one.
    pub database_file: Option<PathBuf>,
    /// The keys in use.
    pub keys: Keys,
    /// The routes.
    pub template: Template,
    /// What they lead to.
    pub functions: Functions,
    /// Step Functions.
    pub states: Arc<dyn StatesApi>,
    /// What has work due on the clock, besides the simulated providers.
    pub timer_sources: Vec<Arc<dyn TimerSource>>,
    /// The console's pages.
    pub console: Router,
    /// Whether the gateway throttles.
    pub throttle: bool,
    /// Whether providers are real; then nothing is simulated.
    pub live: bool,
}

impl Listeners {
    /// Takes all ports, or none.
    ///
    /// # Errors
    /// When one of them is taken.
    pub async fn bind(ports: Ports) -> Result<Self, MachineError> {
        let gateway = listen(ports.gateway).await?;
        let aws = listen(ports.aws).await?;
        let admin = listen(ports.admin).await?;
        let dynamodb = hidden().await?;
        let port = |listener: &TcpListener| listener.local_addr().map_or(0, |address| address.port());
        let ports = Ports { gateway: port(&gateway), aws: port(&aws), admin: port(&admin) };
        Ok(Self { gateway, aws, admin, dynamodb, ports })
    }

    /// The real ports.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }
}

impl Machine {
    /// Serves until `shutdown` resolves, then lets open requests end.
    ///
    /// # Errors
    /// When the store cannot be prepared, or a listener breaks down.
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

        // First nobody calls any more, then what is under way ends, then what it needs goes.
        let stop = Stop::when(shutdown);
        let aws_stop = Stop::never();
        let aws_stopped = aws_stop.wait();
        // The database goes last: requests that are ending still need it.
        let database_stop = Stop::never();
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
        // Its connections are kept alive by our own pool, which is gone by now.
        let _ended = tokio::time::timeout(Duration::from_secs(1), database).await;
        served
    }
}

async fn listen(port: u16) -> Result<TcpListener, MachineError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| MachineError::Bind(port, error))
}

/// The embedded DynamoDB answers any Host and any Origin, so a web page must not find it: an address
/// of the loopback network that nobody guesses, where the system has more than the one.
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
        // Without this a small answer may wait for the caller's acknowledgement.
        let _unsupported = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// One signal to stop for many listeners.
struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
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
            // A dropped sender is a stopped machine.
            let _closed = stopped.wait_for(|stopped| *stopped).await;
        }
    }
}
