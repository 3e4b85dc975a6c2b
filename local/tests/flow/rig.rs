//! The machine of `afterword serve` on free ports, nothing on disk, a clock that stands still.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use local::runtime::clock::Mode;
use local::serve::machine::Ports;
use local::serve::{Options, ServeError, Server, prepare};
use local::store::keys::EnvKeys;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The journeys of this repository.
const JOURNEYS: &str = include_str!("../../../journeys.toml");
pub(crate) const KEY: &str = "key-of-the-tests";
/// The number that no log line and no execution may show.
pub(crate) const PHONE: &str = "+12025550143";
/// Signed by nobody: the embedded DynamoDB wants to see a signature, not to check it.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=local/20261120/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00";
const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:afterword";

pub(crate) struct Rig {
    pub(crate) ports: Ports,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A machine that listens and does not serve yet.
    pub(crate) async fn prepared(change: impl FnOnce(&mut Options)) -> Result<Server, ServeError> {
        let mut options = Options {
            ports: Ports { gateway: 0, aws: 0, admin: 0 },
            data_dir: None,
            clock: Mode::Virtual,
            throttle: false,
            live: false,
            env_keys: EnvKeys {
                api_key: Some(KEY.to_owned()),
                calendly_signing_key: Some("calendly".to_owned()),
                twilio_account_sid: Some("ACcccccccccccccccccccccccccccccccc".to_owned()),
                twilio_auth_token: Some("token-of-the-tests".to_owned()),
                twilio_from: None,
                ..EnvKeys::default()
            },
            journeys: JOURNEYS.to_owned(),
            journeys_file: "journeys-of-the-tests.toml".into(),
        };
        change(&mut options);
        prepare(options).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let prepared = Self::prepared(change).await.unwrap();
        let ports = prepared.ports;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(prepared.run(async {
            let _ = stopped.await;
        }));
        Self { ports, stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    /// `POST /sms`, as its caller should.
    pub(crate) async fn post(&self, body: impl AsRef<[u8]>) -> Answer {
        let headers = [("x-api-key", KEY), ("content-type", "application/json")];
        self.call("POST", "/sms", &headers, body.as_ref()).await
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        send(self.ports.gateway, method, path, headers, body).await
    }

    /// Posts an event that must be accepted, and gives its conversation's id.
    pub(crate) async fn accepted(&self, event: &Value) -> String {
        let answer = self.post(event.to_string()).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()["conversation_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn conversation(&self, id: &str) -> Answer {
        self.call("GET", &format!("/conversations/{id}"), &[("x-api-key", KEY)], b"").await
    }

    /// The only step of a conversation as its source sees it.
    pub(crate) async fn step(&self, id: &str) -> Value {
        self.conversation(id).await.json()["steps"][0].clone()
    }

    pub(crate) async fn cancel(&self, id: &str) -> Answer {
        self.call("DELETE", &format!("/conversations/{id}"), &[("x-api-key", KEY)], b"").await
    }

    pub(crate) async fn admin(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(self.ports.admin, method, path, &[], body.as_bytes()).await
    }

    pub(crate) async fn now(&self) -> DateTime<Utc> {
        time(&self.admin("GET", "/_local/clock", &Value::Null).await.json()["now"])
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        let answer = self.admin("POST", "/_local/clock/advance", &json!({ "seconds": seconds })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    pub(crate) async fn fault(&self, operation: &str, effect: &str, count: u64) {
        let body = json!({ "operation": operation, "effect": effect, "count": count });
        assert_eq!(self.admin("POST", "/_local/faults", &body).await.status, 204, "{operation} {effect}");
    }

    pub(crate) async fn clear_faults(&self) {
        assert_eq!(self.admin("DELETE", "/_local/faults", &Value::Null).await.status, 204);
    }

    pub(crate) async fn outbox(&self) -> Vec<Value> {
        let answer = self.admin("GET", "/_local/outbox", &Value::Null).await.json();
        answer["messages"].as_array().unwrap().clone()
    }

    /// The texts of one conversation.
    pub(crate) async fn texts(&self, conversation: &str) -> Vec<Value> {
        let texts = self.outbox().await;
        texts.into_iter().filter(|text| text["conversation_id"] == conversation).collect()
    }

    pub(crate) async fn aws(&self, target: &str, body: &Value) -> Value {
        let headers = [
            ("x-amz-target", target),
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-date", "20261120T123009Z"),
            ("authorization", AUTHORIZATION),
        ];
        let answer = send(self.ports.aws, "POST", "/", &headers, body.to_string().as_bytes()).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer.json()
    }

    /// The operators' switch.
    pub(crate) async fn switch(&self, value: &str) {
        let parameter = json!({ "Name": "/afterword/sending", "Value": value, "Overwrite": true });
        self.aws("AmazonSSM.PutParameter", &parameter).await;
    }

    pub(crate) async fn execution(&self, conversation: &str) -> Execution {
        self.execution_named(&format!("{conversation}.text")).await
    }

    pub(crate) async fn execution_named(&self, name: &str) -> Execution {
        let arn = format!("arn:aws:states:us-east-1:000000000000:execution:afterword:{name}");
        let by_arn = json!({ "executionArn": arn, "maxResults": 1000 });
        let described = self.aws("AWSStepFunctions.DescribeExecution", &by_arn).await;
        let history = self.aws("AWSStepFunctions.GetExecutionHistory", &by_arn).await;
        Execution { described, history: history["events"].as_array().unwrap().clone() }
    }

    /// The names of all executions.
    pub(crate) async fn executions(&self) -> Vec<String> {
        let query = json!({ "stateMachineArn": MACHINE, "maxResults": 1000 });
        let list = self.aws("AWSStepFunctions.ListExecutions", &query).await;
        let list = list["executions"].as_array().unwrap();
        list.iter().map(|execution| execution["name"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) struct Execution {
    pub(crate) described: Value,
    pub(crate) history: Vec<Value>,
}

impl Execution {
    pub(crate) fn status(&self) -> &str {
        self.described["status"].as_str().unwrap()
    }

    /// The states in the order in which they were entered.
    pub(crate) fn states(&self) -> Vec<&str> {
        self.history.iter().filter_map(|event| event["stateEnteredEventDetails"]["name"].as_str()).collect()
    }

    /// The state in which it ended.
    pub(crate) fn end(&self) -> &str {
        assert_ne!(self.status(), "RUNNING", "{:?}", self.states());
        self.states().last().copied().unwrap()
    }

    pub(crate) fn output(&self) -> Value {
        serde_json::from_str(self.described["output"].as_str().unwrap()).unwrap()
    }

    /// Returns the answer of the function at each visit.
    pub(crate) fn answers(&self) -> Vec<Value> {
        let outputs = self
            .history
            .iter()
            .filter_map(|event| event["lambdaFunctionSucceededEventDetails"]["output"].as_str());
        outputs.map(|output| serde_json::from_str(output).unwrap()).collect()
    }
}

/// The n-th event's id.
pub(crate) fn event_id(n: u32) -> String {
    format!("{n:08x}-3b64-4f0a-9d2e-0a1b2c3d4e5f")
}

pub(crate) fn approved(n: u32) -> Value {
    json!({ "event_id": event_id(n), "event": "advance_approved", "user": { "phone": PHONE }, "amount": 185.0 })
}

pub(crate) fn in_transit(n: u32) -> Value {
    json!({ "event_id": event_id(n), "event": "advance_in_transit", "user": { "phone": PHONE } })
}

/// An approved advance for another phone.
pub(crate) fn approved_for(n: u32, phone: &str) -> Value {
    let mut event = approved(n);
    event["user"]["phone"] = phone.into();
    event
}

pub(crate) fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(theirs, _)| theirs == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// Every byte of it.
    pub(crate) fn whole(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        format!("{}\n{headers}\n{}", self.status, self.text())
    }

    /// Status, the headers that the contract names and the body, for a snapshot.
    pub(crate) fn shown(&self) -> String {
        let mut shown = format!("{} {}", self.status, self.header("content-type").unwrap_or("-"));
        if let Some(seconds) = self.header("retry-after") {
            write!(shown, ", retry-after {seconds}").unwrap();
        }
        if self.header("x-request-id").is_none_or(str::is_empty) {
            shown.push_str(", NO x-request-id");
        }
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(body) => write!(shown, "\n{}", serde_json::to_string_pretty(&body).unwrap()).unwrap(),
            Err(_) => write!(shown, "\n{}", self.text()).unwrap(),
        }
        shown
    }
}

/// One request, written byte by byte so that nothing is added to it but the framing.
pub(crate) async fn send(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\nhost: localhost\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    if !body.is_empty() {
        write!(head, "content-length: {}\r\n", body.len()).unwrap();
    }
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).await.unwrap();
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
