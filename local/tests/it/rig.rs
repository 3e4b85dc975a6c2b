//! A machine with toy functions, on free ports.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use futures_util::future::BoxFuture;
use local::aws::states_api::StatesApi;
use local::gateway::template::Template;
use local::runtime::clock::{LocalClock, Mode};
use local::runtime::invoke::{FunctionError, Functions};
use local::runtime::timer_source::TimerSource;
use local::serve::machine::{Listeners, Machine, Ports};
use local::store::Store;
use local::store::keys::{EnvKeys, Keys};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const TEMPLATE: &str = include_str!("template.yaml");
pub(crate) const ACCOUNT: &str = "ACcccccccccccccccccccccccccccccccc";
pub(crate) const TOKEN: &str = "12345";
pub(crate) const PUBLIC_URL: &str = "https://hooks.example.com";

/// The differences of a test from the ordinary machine.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) template: Option<&'static str>,
    pub(crate) store: Option<Store>,
    pub(crate) throttle: bool,
    pub(crate) live: bool,
    pub(crate) timer_sources: Vec<Arc<dyn TimerSource>>,
}

pub(crate) struct Rig {
    pub(crate) ports: Ports,
    pub(crate) clock: Arc<LocalClock>,
    /// Events that the function `inbound` was given.
    pub(crate) inbound: Arc<Mutex<Vec<Value>>>,
    /// Operations that the Step Functions API was asked for.
    pub(crate) states: Arc<States>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), local::serve::machine::MachineError>>,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let store = setup.store.unwrap_or_else(|| Store::in_memory().unwrap());
        let clock = Arc::new(LocalClock::open(store.clone(), Mode::Virtual).unwrap());
        let listeners = Listeners::bind(Ports { gateway: 0, aws: 0, admin: 0 }).await.unwrap();
        let ports = listeners.ports();
        let inbound = Arc::default();
        let states = Arc::new(States::default());
        let machine = Machine {
            store,
            clock: Arc::clone(&clock),
            database: dynoxide::Database::memory().unwrap(),
            database_file: None,
            keys: keys(),
            template: Template::parse(setup.template.unwrap_or(TEMPLATE)).unwrap(),
            functions: functions(Arc::clone(&inbound)),
            states: Arc::clone(&states) as Arc<dyn StatesApi>,
            timer_sources: setup.timer_sources,
            console: Router::new().route("/console", axum::routing::get(async || "the console")),
            throttle: setup.throttle,
            live: setup.live,
        };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(machine.serve(listeners, async {
            let _ = stopped.await;
        }));
        Self { ports, clock, inbound, states, stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    pub(crate) async fn aws(&self, target: &str, body: Value) -> Answer {
        let content_type = if target.starts_with("DynamoDB") {
            "application/x-amz-json-1.0"
        } else {
            "application/x-amz-json-1.1"
        };
        let headers = [
            ("x-amz-target", target),
            ("content-type", content_type),
            ("x-amz-date", "20261120T123009Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=local/20261120/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00",
            ),
        ];
        send(self.ports.aws, "POST", "/", &headers, body.to_string().as_bytes()).await
    }

    pub(crate) async fn twilio(&self, method: &str, rest: &str, form: &str) -> Answer {
        let path = format!("/2010-04-01/Accounts/{ACCOUNT}/{rest}");
        let headers = [("authorization", BASIC), ("content-type", "application/x-www-form-urlencoded")];
        send(self.ports.aws, method, &path, &headers, form.as_bytes()).await
    }

    pub(crate) async fn admin(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(self.ports.admin, method, path, &[], body.as_bytes()).await
    }

    pub(crate) async fn fault(&self, operation: &str, effect: &str, count: u64) {
        let body = json!({ "operation": operation, "effect": effect, "count": count });
        assert_eq!(self.admin("POST", "/_local/faults", body).await.status, 204);
    }

    pub(crate) async fn outbox(&self) -> Vec<Value> {
        let answer = self.admin("GET", "/_local/outbox", Value::Null).await.json();
        answer["messages"].as_array().unwrap().clone()
    }
}

/// The account and token above.
const BASIC: &str = "Basic QUNjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjYzoxMjM0NQ==";

pub(crate) fn keys() -> Keys {
    let given = EnvKeys {
        twilio_account_sid: Some(ACCOUNT.to_owned()),
        twilio_auth_token: Some(format!("{TOKEN},older")),
        public_url: Some(PUBLIC_URL.to_owned()),
        api_key: Some("key-1".to_owned()),
        calendly_signing_key: Some("calendly-1".to_owned()),
        ..EnvKeys::default()
    };
    Keys::load(given, None::<&Path>, 3000).unwrap().keys
}

fn functions(inbound: Arc<Mutex<Vec<Value>>>) -> Functions {
    Functions::new()
        .with("echo", async |event| Ok(event))
        .with("inbound", move |event| {
            inbound.lock().unwrap().push(event);
            async { Ok(json!({ "statusCode": 200, "headers": { "content-type": "text/xml" }, "body": "<Response/>" })) }
        })
        .with("failing", async |event: Value| match event["pathParameters"]["how"].as_str() {
            Some("time-out") => Err(FunctionError::new("Sandbox.Timedout", "too slow")),
            Some("malformed") => Ok(json!({ "statusCode": "?" })),
            Some("panic") => panic!("on purpose"),
            Some("die") => match local::runtime::invoke::die().await {},
            _ => Err(FunctionError::new("Transient", "no store")),
        })
}

#[derive(Default)]
pub(crate) struct States(pub(crate) Mutex<Vec<String>>);

impl StatesApi for States {
    fn handle<'a>(&'a self, operation: &'a str, _body: &'a [u8]) -> BoxFuture<'a, (u16, Value)> {
        self.0.lock().unwrap().push(operation.to_owned());
        Box::pin(async { (200, json!({ "startDate": 1.5 })) })
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(theirs, _)| theirs == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("not JSON: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// One request, written byte by byte so that nothing is added to it but the framing. Names its own
/// `host` or is addressed to localhost; an empty `host` leaves it out.
pub(crate) async fn send(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        head.push_str("host: localhost\r\n");
    }
    for (name, value) in headers.iter().filter(|(name, value)| *name != "host" || !value.is_empty()) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    raw(port, &[head.as_bytes(), b"\r\n", body].concat()).await
}

pub(crate) async fn raw(port: u16, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a response head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers =
        lines.map(|line| line.split_once(": ").unwrap()).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    Answer { status, headers, body: bytes[end + 4..].to_vec() }
}
