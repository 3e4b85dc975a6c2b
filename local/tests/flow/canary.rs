//! No personal data outside the table. Marked people live through every journey, with something
//! going wrong each time; every byte that leaves the table is kept and searched for their marks.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use rusqlite::types::ValueRef;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

use crate::bookings::{configure, invitee, signed};
use crate::receipts::{INBOUND, RECEIPTS};
use crate::replies::{OURS, form};
use crate::rig::{Answer, KEY, Rig, approved, approved_for, event_id, in_transit};
use crate::senders::{callback, publish};

/// Numbers, in part and without their prefixes; names, words, an amount; words of the shipped texts.
pub(crate) const MARKS: [&str; 9] = [
    "2025550143",
    "2025550187",
    "7700900123",
    "5005550001",
    "5005550004",
    "Zuleika",
    "Kanari",
    "711.08",
    "is approved",
];

/// The faults that are set while the journeys run.
const FAULTS: [(&str, &str, u64); 12] = [
    ("dynamodb:GetItem", "crash", 0),
    ("twilio:CreateMessage", "timeout_after_accept", 1),
    ("twilio:CreateMessage", "crash", 2),
    ("twilio:CreateMessage", "throttle", 3),
    ("twilio:CreateMessage", "fail_before", 2),
    ("dynamodb:TransactWriteItems", "fail_before", 9),
    ("dynamodb:TransactWriteItems", "conflict", 9),
    ("dynamodb:TransactWriteItems", "timeout_after_accept", 5),
    ("dynamodb:GetItem", "fail_before", 9),
    ("dynamodb:Query", "throttle", 9),
    ("ssm:GetParameter", "fail_before", 9),
    ("secretsmanager:GetSecretValue", "crash", 9),
];

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs of everything that is ours, at the finest level, and the messages of panics.
fn logs() -> &'static Captured {
    static LOGS: OnceLock<Captured> = OnceLock::new();
    LOGS.get_or_init(|| {
        let captured = Captured::default();
        let (writer, panics) = (captured.clone(), captured.clone());
        let ours = "trace,dynoxide=warn,hyper=info,hyper_util=info,aws=info,aws_smithy_runtime=info,rustls=info,h2=info";
        tracing_subscriber::fmt()
            .json()
            .with_env_filter(EnvFilter::new(ours))
            .with_writer(move || writer.clone())
            .init();
        let inner = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let mut copy = panics.clone();
            let _kept = writeln!(copy, "{panic}");
            inner(panic);
        }));
        captured
    })
}

/// The output outside the table: its origin and its content.
pub(crate) struct Outside {
    pub(crate) rig: Rig,
    seen: Mutex<Vec<(String, String)>>,
    /// One-time codes that were texted.
    codes: Mutex<Vec<String>>,
}

impl Outside {
    pub(crate) async fn start(data_dir: &Path) -> Self {
        let rig = Rig::with(|options| {
            configure(options);
            options.data_dir = Some(data_dir.to_owned());
        });
        Self { rig: rig.await, seen: Mutex::default(), codes: Mutex::default() }
    }

    fn see(&self, place: &str, text: String) {
        self.seen.lock().unwrap().push((place.to_owned(), text));
    }

    /// An answer of the gateway, as its caller (and every proxy on the way) sees it.
    fn answered(&self, what: &str, answer: Answer) -> Answer {
        self.see(&format!("the answer to {what}"), answer.whole());
        answer
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [("x-api-key", KEY), ("content-type", "application/json")];
        let answer = self.rig.call("POST", path, &headers, body.to_string().as_bytes()).await;
        self.answered(path, answer)
    }

    async fn calendly(&self, body: &str) -> Answer {
        let answer = signed(&self.rig, body.as_bytes(), "new-key", 0).await;
        self.answered("a booking", answer)
    }

    async fn writes(&self, phone: &str, words: &str) {
        let path = format!("/_local/phones/{phone}/reply");
        self.rig.admin("POST", &path, &json!({ "body": words })).await;
    }

    /// Every journey, lived through by marked people in the n-th way.
    pub(crate) async fn live(&self, n: u32) {
        let now = self.rig.now().await;
        let mut event = approved(100 + n);
        event["amount"] = json!(711.08);
        event["metadata"] = json!({ "name": "Zuleika Kanari", "correlation_id": format!("c-{n}") });
        self.post("/sms", &event).await;
        self.post("/sms", &in_transit(200 + n)).await;
        for (m, phone) in [(300, "+15005550001"), (400, "+15005550004")] {
            self.post("/sms", &approved_for(m + n, phone)).await;
        }
        let message = json!({
            "event_id": event_id(500 + n),
            "journey": "parcel",
            "to": "+447700900123",
            "variables": { "shop": "Zuleika's Kanari shop" },
        });
        self.post("/messages", &message).await;
        let registration = json!({
            "parent_tel": "+447700900123",
            "parent_first_name": "Zuleika",
            "player_first_name": "Kanari",
            "team_name": format!("Kanari {n}"),
            "team_manager_1_full_name": "Zuleika Kanari",
            "team_manager_1_tel": "+447700900123",
        });
        self.post("/trigger", &registration).await;
        self.post("/trigger", &json!({ "parent_tel": "Kanari", "Zuleika Kanari": "2025550143" })).await;
        let bulk = json!({ "messages": [
            message,
            { "event_id": event_id(700 + n), "journey": "advance_approved", "to": "+12025550143", "variables": { "amount": "$711.08" } },
            { "event_id": "Kanari 2025550143", "journey": "Kanari", "to": "Zuleika", "variables": { "Zuleika Kanari": "Kanari" } },
        ] });
        self.post("/messages/bulk", &bulk).await;
        let mut booking = invitee("invitee.created", &format!("u/{n}"), now, 72);
        booking["payload"]["name"] = json!("Zuleika Kanari");
        booking["payload"]["email"] = json!("zuleika@kanari.example");
        booking["payload"]["text_reminder_number"] = json!("+12025550187");
        booking["payload"]["questions_and_answers"] =
            json!([{ "question": "Kanari question", "answer": "Kanari answer 202-555-0187", "position": 0 }]);
        self.calendly(&booking.to_string()).await;
        let mut other = booking.clone();
        other["payload"]["name"] = json!("Zuleika Other");
        self.calendly(&other.to_string()).await;
        booking["payload"]["uri"] = json!(format!("u/{n}/no-phone"));
        booking["payload"]["text_reminder_number"] = json!("Kanari 2025550187 x");
        self.calendly(&booking.to_string()).await;
        self.calendly(&booking.to_string().replace("\"payload\"", "\"Kanari 2025550187\"")).await;

        self.rig.advance(60).await;
        self.writes("+12025550187", "Kanari reply from 2025550187").await;
        self.writes("+12025550143", "Please stop texting me, Zuleika Kanari").await;
        self.rig.advance(1800).await;
        self.writes("+12025550143", "START").await;
        let inbound = [
            ("MessageSid", "SM-kanari-free"),
            ("From", "+12025550187"),
            ("To", OURS),
            ("Body", "Kanari words"),
            ("ProfileName", "Zuleika"),
        ];
        self.answered("a reply", form(&self.rig, "/twilio/inbound", &inbound, "").await);
        let strange = [("MessageSid", "SM2"), ("From", "Kanari 2025550187"), ("Body", "Zuleika")];
        self.answered("a strange reply", form(&self.rig, "/webhook", &strange, "").await);
        self.refusals(n).await;
        self.reports(n).await;
        self.agreements_and_codes(n).await;
        self.rig.advance(80 * 3600).await;
    }

    /// The reports of providers, with marks in every field that can hold one.
    async fn reports(&self, n: u32) {
        let (about, sid) = match self.rig.outbox().await.last() {
            Some(text) => (text["conversation_id"].clone(), text["provider_message_id"].clone()),
            None => (Value::Null, Value::Null),
        };
        let (about, sid) = (about.as_str().unwrap_or("sms-none"), sid.as_str().unwrap_or("SM-none"));
        for (sid, status, code) in [
            (sid, "delivered", ""),
            ("SM-of-nobody", "undelivered", "30003"),
            (sid, "Kanari 2025550143", "Zuleika 1"),
            ("Kanari 2025550143", "failed", "30008"),
        ] {
            let fields = [
                ("MessageStatus", status),
                ("ErrorCode", code),
                ("ErrorMessage", "to 2025550143, Zuleika Kanari"),
                ("ChannelToAddress", "+12025550187"),
                ("RawDlrDoneDate", "Kanari"),
            ];
            let answer = callback(&self.rig, about, 1, sid, &fields).await;
            self.answered("a callback", answer);
        }
        let delivered = json!({
            "eventType": "TEXT_DELIVERED",
            "eventTimestamp": 1_795_177_815_000_i64,
            "isFinal": true,
            "originationPhoneNumber": "+15005550006",
            "destinationPhoneNumber": "+12025550143",
            "messageId": format!("kept-{n}"),
            "messageStatus": "DELIVERED",
            "messageStatusDescription": "Zuleika Kanari has it",
            "context": { "conversation": "Kanari", "step": "2025550187", "attempt": "Zuleika" },
        });
        let reply = json!({
            "originationNumber": "+12025550187",
            "destinationNumber": "+14255550100",
            "messageKeyword": "Kanari",
            "messageBody": "Kanari is what Zuleika says, call 2025550187",
            "inboundMessageId": format!("two-way-{n}"),
        });
        for (topic, message) in [(RECEIPTS, &delivered), (INBOUND, &reply)] {
            self.answered("a publication", publish(&self.rig, topic, &message.to_string()).await);
        }
    }

    /// Consent, and one-time codes: right and wrong ones. The codes are marks as well.
    async fn agreements_and_codes(&self, n: u32) {
        let agreed = json!({
            "phone": "+12025550187",
            "scope": "promotional",
            "text_version": format!("version-{n}"),
            "source": "web-form",
        });
        self.post("/consent", &agreed).await;
        let wrong =
            json!({ "phone": "Kanari 2025550143", "scope": "Zuleika Kanari", "Kanari 2025550187": 1 });
        self.post("/consent", &wrong).await;
        let texted = self.rig.outbox().await.len();
        let ask = json!({ "phone": "+447700900123", "purpose": format!("login-{n}"), "length": 10 });
        self.post("/otp", &ask).await;
        self.post("/otp", &json!({ "phone": "Kanari 2025550143", "purpose": "Zuleika" })).await;
        let texts = self.rig.outbox().await;
        let of_code = texts[texted..].iter().filter(|text| text["to"] == "+447700900123");
        let words = of_code.filter_map(|text| text["body"].as_str()).next_back().unwrap_or_default();
        let code = words.split(' ').next().unwrap_or_default();
        if code.len() == 10 {
            self.codes.lock().unwrap().push(code.to_owned());
        }
        for guess in ["0000000000", "Kanari", code, code] {
            let body = json!({ "phone": "+447700900123", "purpose": format!("login-{n}"), "code": guess });
            self.post("/otp/verify", &body).await;
        }
    }

    /// Calls that are turned away, with marks wherever a caller can put them.
    async fn refusals(&self, n: u32) {
        let mut wrong = approved(600 + n);
        wrong["user"]["phone"] = json!("Kanari +12025550143");
        wrong["Kanari 2025550143"] = json!("Zuleika");
        wrong["amount"] = json!("711.08 Kanari");
        self.post("/sms", &wrong).await;
        let mut reused = approved(100 + n);
        reused["amount"] = json!(1);
        self.post("/sms", &reused).await;
        let keyless = [("content-type", "application/json"), ("x-api-key", "Kanari-2025550143")];
        let answer = self.rig.call("POST", "/sms", &keyless, wrong.to_string().as_bytes()).await;
        self.answered("a wrong key", answer);
        let answer = signed(&self.rig, b"Zuleika Kanari 2025550187", "wrong", 0).await;
        self.answered("a wrong signature", answer);
        self.post("/messages", &json!({ "to": "Kanari 2025550143", "variables": { "Zuleika Kanari": 1 } }))
            .await;
        for path in ["/conversations/sms-Kanari", "/Kanari/2025550143", "/conversations/Zuleika%20Kanari"] {
            let answer = self.rig.call("GET", path, &[("x-api-key", KEY)], b"").await;
            self.answered("an unknown path", answer);
        }
    }

    /// Executions, conversations as sources see them, the console's list.
    async fn look(&self) -> usize {
        let names = self.rig.executions().await;
        for name in &names {
            let execution = self.rig.execution_named(name).await;
            self.see(name, execution.described.to_string());
            self.see(name, Value::from(execution.history).to_string());
            let (id, _) = name.rsplit_once('.').unwrap();
            self.answered(id, self.rig.conversation(id).await);
        }
        self.see("the executions' list", names.join(" "));
        let list = self.rig.admin("GET", "/console", &Value::Null).await;
        self.answered("the console's list", list);
        names.len()
    }

    /// Files of the data directory but the table, and of the simulated provider what it would log of a
    /// call to us: URLs and ids.
    fn files(&self, data_dir: &Path) {
        let file = data_dir.join("local.sqlite");
        let store = rusqlite::Connection::open(file).unwrap();
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let mut tables: Vec<(String, String)> = store
            .prepare(names)
            .unwrap()
            .query_map([], |row| row.get::<_, String>(0))
            .unwrap()
            .map(|name| name.map(|name| (name.clone(), format!("SELECT * FROM {name}"))).unwrap())
            .filter(|(name, _)| name != "outbox" && name != "opted_out")
            .collect();
        tables
            .push(("callback URLs".to_owned(), "SELECT sid, status_callback, status FROM outbox".to_owned()));
        assert!(tables.len() > 4, "{tables:?}");
        for (name, rows) in tables {
            self.see(&name, dump(&store, &rows));
        }
        self.see("keys.json", std::fs::read_to_string(data_dir.join("keys.json")).unwrap_or_default());
    }

    /// Every place that shows a mark, and which.
    fn found(&self) -> Vec<String> {
        let logs = String::from_utf8_lossy(&logs().0.lock().unwrap()).into_owned();
        let seen = self.seen.lock().unwrap();
        let codes = self.codes.lock().unwrap();
        let marks = || MARKS.into_iter().chain(codes.iter().map(String::as_str));
        let lines = logs.lines().map(|line| ("the logs", line));
        let places = seen.iter().map(|(place, text)| (place.as_str(), text.as_str())).chain(lines);
        places
            .flat_map(|(place, text)| {
                let shown = marks().filter(move |mark| text.contains(mark));
                shown.map(move |mark| format!("{place}: {mark}: {text}"))
            })
            .collect()
    }
}

fn dump(store: &rusqlite::Connection, select: &str) -> String {
    let mut statement = store.prepare(select).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut text = String::new();
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            match row.get_ref(column).unwrap() {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    text.push_str(&String::from_utf8_lossy(bytes))
                }
                ValueRef::Integer(number) => text.push_str(&number.to_string()),
                ValueRef::Real(number) => text.push_str(&number.to_string()),
                ValueRef::Null => {}
            }
            text.push('|');
        }
        text.push('\n');
    }
    text
}

#[tokio::test]
async fn no_personal_data_leaves_the_table() {
    let logs = logs();
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let outside = Outside::start(&data).await;
    for (n, (operation, effect, count)) in (0..).zip(FAULTS) {
        // The caches grow old, so that keys, switch and journeys are read again.
        outside.rig.advance(600).await;
        if count > 0 {
            outside.rig.fault(operation, effect, count).await;
        }
        outside.live(n).await;
        outside.rig.clear_faults().await;
    }
    let executions = outside.look().await;
    let sent = outside.rig.outbox().await.len();
    outside.files(&data);
    let codes = outside.codes.lock().unwrap().len();
    assert!(codes >= 8, "{codes} codes were texted");
    assert!(executions > 60 && sent > 40, "{executions} executions, {sent} texts: too little has happened");
    let found = outside.found();
    assert!(
        found.is_empty(),
        "{} hits, the first: {}, the last: {}",
        found.len(),
        found[0],
        found[found.len() - 1]
    );
    let bytes: usize = outside.seen.lock().unwrap().iter().map(|(_, text)| text.len()).sum();
    let lines = String::from_utf8_lossy(&logs.0.lock().unwrap()).lines().count();
    println!(
        "{executions} executions, {sent} texts; {bytes} bytes and {lines} log lines outside the table: 0 hits"
    );
    assert!(lines > 300, "{lines} log lines: the logs are not captured");
    let text = String::from_utf8_lossy(&logs.0.lock().unwrap()).into_owned();
    assert!(
        ["key-of-the-tests", "token-of-the-tests", "new-key"].iter().all(|secret| !text.contains(secret))
    );

    // The scan can fail: a mark in each kind of place is found.
    tracing::trace!(target: "adapters", planted = "+12025550143");
    let _planted = std::panic::catch_unwind(|| panic!("planted Zuleika"));
    let planted = json!({
        "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:afterword",
        "name": "planted.text",
        "input": json!({ "conversation_id": "planted", "step": "text", "due": "2020-01-01T00:00:00Z", "to": "+12025550187" }).to_string(),
    });
    outside.rig.aws("AWSStepFunctions.StartExecution", &planted).await;
    outside.see("planted", outside.rig.execution_named("planted.text").await.described.to_string());
    outside.files(&data);
    let found = outside.found();
    for (place, mark) in [
        ("the logs", "2025550143"),
        ("the logs", "Zuleika"),
        ("planted", "2025550187"),
        ("states_", "2025550187"),
    ] {
        assert!(
            found.iter().any(|hit| hit.starts_with(place) && hit.contains(&format!(": {mark}: "))),
            "{place}, {mark}: {found:?}"
        );
    }
    outside.rig.stop().await;
}
