//! Forgetting a person on the whole machine: the table, its file, the simulated phone.

use std::path::Path;

use adapters::Connection;
use adapters::table::Table;
use chrono::{DateTime, TimeDelta, Utc};
use messaging::forget::{ForgetReport, forget};
use messaging::ports::Unavailable;
use messaging::values::clock::Clock;
use messaging::values::phone::PhoneNumber;
use serde_json::{Value, json};

use crate::bookings::{booked, start, verdicts};
use crate::canary::Outside;
use crate::rig::{PHONE, Rig, approved};

struct At(DateTime<Utc>);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Forgets a person, as `afterword forget` does.
async fn forgets(rig: &Rig, phone: &str) -> Result<ForgetReport, Unavailable> {
    let connection = Connection::plain(format!("http://127.0.0.1:{}", rig.ports.aws));
    let table = Table::new(&connection, "afterword", TimeDelta::days(90));
    let phone = PhoneNumber::parse_e164(phone).unwrap();
    let forgotten = forget(&table, &phone, &At(rig.now().await)).await?;
    let answer = rig.admin("DELETE", &format!("/_local/phones/{}", phone.as_e164()), &Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    Ok(forgotten)
}

async fn writes(rig: &Rig, body: &str) {
    let answer = rig.admin("POST", &format!("/_local/phones/{PHONE}/reply"), &json!({ "body": body })).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "status": 200 })));
}

/// The marks in the bytes of the files: table, outbox, executions, write-ahead logs.
fn marks_in_files(data: &Path, marks: &[&'static str]) -> Vec<(String, &'static str)> {
    let files = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    let hits = files.flat_map(|file| {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let hits = marks.iter().filter(|mark| text.contains(**mark)).map(|mark| (name.clone(), *mark));
        hits.collect::<Vec<_>>()
    });
    hits.collect()
}

#[tokio::test]
async fn no_byte_of_a_forgotten_person_is_left_on_the_machine() {
    const PERSON: [&str; 6] = ["2025550143", "2025550187", "7700900123", "Zuleika", "Kanari", "711.08"];
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let outside = Outside::start(&data).await;
    outside.live(1).await;
    let before = marks_in_files(&data, &PERSON);
    for mark in PERSON {
        assert!(before.iter().any(|(_, found)| *found == mark), "{mark} is nowhere: {before:?}");
    }
    let texts = outside.rig.outbox().await.len();
    let executions = outside.rig.executions().await.len();
    for phone in ["+12025550143", "+12025550187", "+447700900123", "+15005550001", "+15005550004"] {
        forgets(&outside.rig, phone).await.unwrap();
    }
    let rig = &outside.rig;
    let everything =
        rig.aws("DynamoDB_20120810.Scan", &json!({ "TableName": "afterword" })).await.to_string();
    assert_eq!(PERSON.iter().filter(|mark| everything.contains(**mark)).count(), 0);
    assert_eq!(marks_in_files(&data, &PERSON), []);
    assert_eq!((rig.outbox().await.len(), rig.executions().await.len()), (texts, executions), "ids stay");
    outside.rig.stop().await;
}

#[tokio::test]
async fn waiting_steps_end_without_a_text_and_repeats_are_duplicates() {
    let rig = start().await;
    let id = booked(&rig, "u/1", 72).await;
    let sms = rig.accepted(&approved(1)).await;
    rig.advance(60).await;
    assert_eq!(rig.texts(&id).await.len(), 1);
    let forgotten = forgets(&rig, PHONE).await.unwrap();
    assert_eq!((forgotten.conversations, forgotten.sending.len()), (2, 0));
    rig.advance(73 * 3600).await;
    assert_eq!(verdicts(&rig, &id).await, ["Sent", "SkippedCancelled", "SkippedCancelled"]);
    assert_eq!(verdicts(&rig, &sms).await, ["SkippedCancelled"]);
    let execution = rig.execution(&sms).await;
    assert_eq!(execution.end(), "SkippedCancelled");
    assert!(execution.output()["because"]["erased_at"].is_string(), "{}", execution.output());
    assert_eq!(rig.outbox().await.len(), 1);
    let mut other = approved(1);
    other["amount"] = json!(2);
    for repeat in [approved(1), other] {
        let answer = rig.post(repeat.to_string()).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("duplicate")));
    }
    let page = rig.admin("GET", &format!("/console/conversations/{sms}"), &Value::Null).await;
    assert!(page.text().contains("erased") && !page.text().contains("2025550143"));
    rig.stop().await;
}

#[tokio::test]
async fn stop_stays_in_force_after_forgetting_until_start() {
    let rig = start().await;
    rig.accepted(&approved(1)).await;
    rig.advance(120).await;
    writes(&rig, "please stop texting me").await;
    let texts = rig.outbox().await.len();
    assert!(forgets(&rig, PHONE).await.unwrap().opted_out);
    let everything =
        rig.aws("DynamoDB_20120810.Scan", &json!({ "TableName": "afterword" })).await.to_string();
    assert!(!everything.contains("2025550143"));
    let next = rig.accepted(&approved(2)).await;
    rig.advance(120).await;
    assert_eq!(verdicts(&rig, &next).await, ["SkippedOptedOut"]);
    writes(&rig, "hello?").await;
    let third = rig.accepted(&approved(3)).await;
    rig.advance(120).await;
    assert_eq!(verdicts(&rig, &third).await, ["SkippedOptedOut"]);
    assert_eq!(rig.outbox().await.len(), texts);
    writes(&rig, "START").await;
    let fourth = rig.accepted(&approved(4)).await;
    rig.advance(120).await;
    assert_eq!(verdicts(&rig, &fourth).await, ["Sent"]);
    rig.stop().await;
}

/// Twilio's own block of a phone that was forgotten holds without its number.
#[tokio::test]
async fn the_provider_still_blocks_a_forgotten_person() {
    let rig = start().await;
    rig.accepted(&approved(1)).await;
    rig.advance(120).await;
    writes(&rig, "STOP").await;
    forgets(&rig, PHONE).await.unwrap();
    let form = "To=%2B12025550143&From=%2B15005550006&Body=x";
    let answer = crate::rig::send(
        rig.ports.aws,
        "POST",
        "/2010-04-01/Accounts/ACcccccccccccccccccccccccccccccccc/Messages.json",
        &[(
            "authorization",
            "Basic QUNjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjYzp0b2tlbi1vZi10aGUtdGVzdHM=",
        )],
        form.as_bytes(),
    )
    .await;
    assert_eq!((answer.status, answer.json()["code"].as_u64()), (400, Some(21610)), "{}", answer.text());
    rig.stop().await;
}

/// Whatever goes wrong while a person is forgotten, doing it again finishes.
#[tokio::test]
async fn the_next_run_finishes_an_interrupted_one() {
    for operation in ["dynamodb:Query", "dynamodb:GetItem", "dynamodb:TransactWriteItems"] {
        for effect in ["fail_before", "conflict", "timeout_after_accept", "crash"] {
            for count in [1, 4] {
                let rig = start().await;
                let what = format!("{count} times {effect} at {operation}");
                booked(&rig, "u/1", 72).await;
                rig.accepted(&approved(1)).await;
                rig.advance(1).await;
                writes(&rig, "STOP").await;
                rig.fault(operation, effect, count).await;
                let first = forgets(&rig, PHONE).await;
                rig.clear_faults().await;
                if first.is_err() {
                    forgets(&rig, PHONE).await.unwrap();
                }
                let scan = json!({ "TableName": "afterword" });
                let everything = rig.aws("DynamoDB_20120810.Scan", &scan).await.to_string();
                assert!(!everything.contains("2025550143") && !everything.contains("Alex"), "{what}");
                let texts = rig.outbox().await.len();
                let next = rig.accepted(&approved(2)).await;
                rig.advance(80 * 3600).await;
                assert_eq!(verdicts(&rig, &next).await, ["SkippedOptedOut"], "{what}");
                assert_eq!(rig.outbox().await.len(), texts, "{what}");
                rig.stop().await;
            }
        }
    }
}
