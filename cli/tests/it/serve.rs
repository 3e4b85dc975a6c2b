//! A running `afterword serve` on free ports, spoken to over HTTP/1.1 by hand.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::{Value, json};

pub(crate) const KEY: &str = "key-of-the-tests";
pub(crate) const PHONE: &str = "+12025550143";

pub(crate) struct Serve {
    child: Child,
    pub(crate) gateway: u16,
    pub(crate) aws: u16,
    pub(crate) admin: u16,
    /// The output of its start.
    pub(crate) announced: String,
}

/// The command, run in this folder.
pub(crate) fn afterword(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterword"));
    command.current_dir(folder).env_remove("RUST_LOG").env("AFTERWORD_API_KEY", KEY);
    command
}

/// The command on this data directory, run in its parent so that no `journeys.toml` lies around.
pub(crate) fn command(data_dir: &Path) -> Command {
    command_at(data_dir, 0)
}

/// A port that nothing listens on, outside the range from which the system gives out ports.
pub(crate) fn free_port() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    (first..first + 500).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn command_at(data_dir: &Path, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterword"));
    command
        .args(["serve", "--admin-port", "0", "--aws-port", "0", "--port", &port.to_string()])
        .arg("--data-dir")
        .arg(data_dir)
        .current_dir(data_dir.parent().unwrap())
        .env_remove("RUST_LOG")
        .env("AFTERWORD_API_KEY", KEY);
    command
}

impl Serve {
    /// Starts with a clock that stands still, and waits until it has said where it listens.
    pub(crate) fn start(data_dir: &Path) -> Self {
        Self::run(data_dir, command(data_dir).args(["--clock", "virtual"]))
    }

    /// The same on a port of its own, where providers that were given its address before find it.
    pub(crate) fn start_at(data_dir: &Path, port: u16) -> Self {
        Self::run(data_dir, command_at(data_dir, port).args(["--clock", "virtual"]))
    }

    /// The same with a clock that ticks.
    pub(crate) fn start_ticking(data_dir: &Path) -> Self {
        Self::run(data_dir, command(data_dir).args(["--clock", "real"]))
    }

    pub(crate) fn run(data_dir: &Path, command: &mut Command) -> Self {
        let log = data_dir.parent().unwrap().join("serve.log");
        let log = File::options().create(true).append(true).open(log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut announced = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        while !announced.contains("/_local/outbox") {
            assert_ne!(lines.read_line(&mut announced).unwrap(), 0, "it ended: {announced}");
        }
        let port = |after: &str| {
            let (_, rest) = announced.split_once(after).expect(after);
            let (_, rest) = rest.split_once("http://127.0.0.1:").unwrap();
            rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
        };
        let (gateway, aws, admin) = (port("post events to"), port("AWS endpoint"), port("console"));
        Self { child, gateway, aws, admin, announced }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// SIGTERM, and how it ends.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        assert!(Command::new("kill").args(["-TERM", &self.pid()]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// Runs a command against it: whether it succeeded, and what it said.
    pub(crate) fn afterword(&self, data_dir: &Path, arguments: &[&str]) -> (bool, String) {
        let output = afterword(data_dir.parent().unwrap())
            .args(arguments)
            .args(["--port", &self.gateway.to_string(), "--admin-port", &self.admin.to_string()])
            .args(["--aws-port", &self.aws.to_string()])
            .arg("--data-dir")
            .arg(data_dir)
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    pub(crate) fn post(&self, n: u32) -> Option<(u16, Value)> {
        let body = approved(n).to_string();
        let headers = format!("x-api-key: {KEY}\r\ncontent-type: application/json\r\n");
        call(self.gateway, "POST", "/sms", &headers, &body)
    }

    pub(crate) fn advance(&self, seconds: i64) -> Option<(u16, Value)> {
        let body = json!({ "seconds": seconds }).to_string();
        call(self.admin, "POST", "/_local/clock/advance", "", &body)
    }

    pub(crate) fn advanced(&self, seconds: i64) {
        assert_eq!(self.advance(seconds).unwrap().0, 200);
    }

    pub(crate) fn outbox(&self) -> Vec<Value> {
        let (_, answer) = call(self.admin, "GET", "/_local/outbox", "", "").unwrap();
        answer["messages"].as_array().unwrap().clone()
    }

    /// Returns the number of texts of an event.
    pub(crate) fn texts(&self, n: u32) -> usize {
        let id = conversation_id(n);
        self.outbox().iter().filter(|text| text["conversation_id"] == id.as_str()).count()
    }

    pub(crate) fn verdict(&self, n: u32) -> Value {
        let path = format!("/conversations/{}", conversation_id(n));
        let headers = format!("x-api-key: {KEY}\r\n");
        call(self.gateway, "GET", &path, &headers, "").unwrap().1["steps"][0]["verdict"].clone()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

pub(crate) fn approved(n: u32) -> Value {
    json!({
        "event_id": format!("{n:08x}-3b64-4f0a-9d2e-0a1b2c3d4e5f"),
        "event": "advance_approved",
        "user": { "phone": PHONE },
        "amount": 185.0,
    })
}

pub(crate) fn conversation_id(n: u32) -> String {
    format!("sms-{n:08x}-3b64-4f0a-9d2e-0a1b2c3d4e5f")
}

/// One request; `None` when the connection breaks off, as it does when the other side is killed.
pub(crate) fn call(port: u16, method: &str, path: &str, headers: &str, body: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or_default()))
}
