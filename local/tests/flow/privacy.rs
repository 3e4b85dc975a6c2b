//! No personal data outside the table: not in executions, not in logs, not in answers.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

use crate::rig::{Rig, approved, approved_for};

/// Digits of the numbers, words of the texts, the amount and a name: what must not be found.
const CANARIES: [&str; 7] =
    ["2025550143", "5005550001", "5005550004", "185.00", "is approved", "We'll text", "Canary"];

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

fn assert_clean(text: &str, place: &str) {
    for canary in CANARIES {
        if let Some(at) = text.find(canary) {
            let start = text[..at].rfind('\n').map_or(0, |line| line + 1);
            let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
            panic!("{place} shows {canary:?}: {}", &text[start..end]);
        }
    }
}

#[tokio::test]
async fn neither_executions_nor_logs_show_who_and_what() {
    let captured = Captured::default();
    let writer = captured.clone();
    let ours = "info,dynoxide=warn,adapters=trace,http_edge=trace,ingest=trace,send=trace,health=trace,local=trace,messaging=trace";
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(EnvFilter::new(ours))
        .with_writer(move || writer.clone())
        .init();

    let rig = Rig::start().await;
    let faults = [
        None,
        Some(("twilio:CreateMessage", "timeout_after_accept", 1)),
        Some(("twilio:CreateMessage", "crash", 1)),
        Some(("twilio:CreateMessage", "throttle", 2)),
        Some(("dynamodb:TransactWriteItems", "fail_before", 9)),
        Some(("dynamodb:TransactWriteItems", "conflict", 9)),
        Some(("dynamodb:GetItem", "fail_before", 9)),
        Some(("ssm:GetParameter", "fail_before", 9)),
    ];
    for (n, fault) in (1..).zip(faults) {
        let mut event = approved(n);
        event["metadata"] = json!({ "name": "Zoe Canary" });
        rig.accepted(&event).await;
        if let Some((operation, effect, count)) = fault {
            rig.fault(operation, effect, count).await;
        }
        rig.advance(120 + 25 * 3600).await;
        rig.clear_faults().await;
    }
    for (n, phone) in [(21, "+15005550001"), (22, "+15005550004"), (23, "+15005550004")] {
        rig.accepted(&approved_for(n, phone)).await;
    }
    rig.advance(25 * 3600).await;
    rig.fault("dynamodb:TransactWriteItems", "fail_before", 9).await;
    let mut wrong = approved(31);
    wrong["user"]["phone"] = "Canary +12025550143".into();
    wrong["Canary 2025550143"] = "Canary".into();
    let refused = rig.post(wrong.to_string()).await;
    assert_clean(&refused.text(), "a refusal");
    rig.post(approved(32).to_string()).await;
    rig.clear_faults().await;

    let names = rig.executions().await;
    assert!(names.len() >= 11, "{}", names.len());
    let mut executions = String::new();
    for name in &names {
        let id = name.strip_suffix(".text").unwrap();
        let execution = rig.execution(id).await;
        assert_ne!(execution.status(), "RUNNING", "{name}");
        executions.push_str(name);
        executions.push_str(&execution.described.to_string());
        executions.push_str(&Value::from(execution.history).to_string());
        executions.push('\n');
        assert_clean(&rig.conversation(id).await.text(), "a conversation's answer");
    }
    assert_clean(&executions, "an execution");
    rig.stop().await;

    let logs = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(logs.lines().count() > 30, "the logs were captured");
    assert!(logs.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert_clean(&logs, "a log line");
    for secret in ["key-of-the-tests", "token-of-the-tests"] {
        assert!(!logs.contains(secret) && !executions.contains(secret));
    }
}
