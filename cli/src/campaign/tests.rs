use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};

use super::lines::{Line, read_lines};
use super::progress::Progress;
use super::sending::{Campaign, Rate, bar};

/// A service that accepts each message once and becomes unavailable after a number of calls.
#[derive(Default)]
struct Service {
    texts: Mutex<HashMap<String, u32>>,
    calls: AtomicUsize,
    available_calls: AtomicUsize,
}

async fn bulk(State(service): State<Arc<Service>>, body: Bytes) -> (StatusCode, String) {
    let call = service.calls.fetch_add(1, Ordering::SeqCst);
    let body: Value = serde_json::from_slice(&body).unwrap();
    let results: Vec<Value> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            let id = message["event_id"].as_str().unwrap();
            if message["to"] == "+1202" {
                let error = json!({ "pointer": "/messages/0/to", "code": "not_possible", "detail": "not a possible phone number" });
                return json!({ "event_id": id, "status": "invalid", "errors": [error] });
            }
            // Some messages are not reached in time.
            if call.is_multiple_of(7) && id.ends_with('3') {
                return json!({ "event_id": id, "status": "retry" });
            }
            let mut texts = service.texts.lock().unwrap();
            let times = texts.entry(id.to_owned()).or_default();
            *times += 1;
            json!({ "event_id": id, "status": if *times == 1 { "accepted" } else { "duplicate" } })
        })
        .collect();
    // It fails after it has stored and before it has answered, which is the worst moment.
    if call >= service.available_calls.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, String::new());
    }
    (StatusCode::OK, json!({ "results": results }).to_string())
}

async fn started(service: &Arc<Service>) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/messages/bulk", post(bulk)).with_state(Arc::clone(service));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/messages/bulk")
}

fn campaign(url: &str, folder: &Path, per_second: u32) -> Campaign {
    let bar = bar(0);
    bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    Campaign {
        url: url.to_owned(),
        api_key: "key".to_owned(),
        http: adapters::Connection::plain(url).provider_http,
        batch: 250,
        rate: Rate { per_second, retry_after: Duration::ZERO },
        progress: Progress::open(&folder.join("file.progress")).unwrap(),
        bar,
    }
}

fn read(folder: &Path, name: &str, text: &str) -> Result<Vec<Line>, String> {
    std::fs::write(folder.join(name), text).unwrap();
    read_lines(&folder.join(name), Some("promotion"))
}

#[tokio::test]
async fn an_interrupted_campaign_of_10_000_lines_sends_each_message_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut csv = "to,offer_title\n".to_owned();
    for n in 0..10_000 {
        let to = if n == 4_321 { "+1202".to_owned() } else { format!("+12025550{}", 100 + n % 100) };
        csv.push_str(&format!("{to},\"Offer, number {n}\"\n"));
    }
    let lines = read(folder.path(), "file.csv", &csv).unwrap();
    assert_eq!(lines.len(), 10_000);

    let service = Arc::new(Service { available_calls: AtomicUsize::new(17), ..Service::default() });
    let url = started(&service).await;
    let mut first = campaign(&url, folder.path(), 0);
    let interrupted = first.send(&lines).await.unwrap_err();
    assert!(interrupted.contains("503"), "{interrupted}");
    drop(first);
    let known = Progress::read(&folder.path().join("file.progress")).unwrap().counts(&lines);
    assert!(known["accepted"] > 3_000 && known["open"] > 5_000, "{known:?}");

    service.available_calls.store(usize::MAX, Ordering::SeqCst);
    let calls = service.calls.load(Ordering::SeqCst);
    let mut second = campaign(&url, folder.path(), 0);
    second.send(&lines).await.unwrap();
    let counts = second.progress.counts(&lines);
    assert_eq!(counts["invalid"], 1);
    assert_eq!(counts.values().sum::<usize>() - counts["invalid"], 9_999);
    assert!(!counts.contains_key("open"));
    assert!(service.calls.load(Ordering::SeqCst) - calls < 40, "messages with a result were not sent again");
    // Every repeated message was a duplicate: 9,999 messages, each with one id.
    assert_eq!(service.texts.lock().unwrap().len(), 9_999);
    assert_eq!(
        second.progress.rejections(&lines),
        ["line 4323: invalid /messages/0/to not a possible phone number"]
    );

    // A third run sends only the message that was rejected.
    let calls = service.calls.load(Ordering::SeqCst);
    campaign(&url, folder.path(), 0).send(&lines).await.unwrap();
    assert_eq!(service.calls.load(Ordering::SeqCst), calls + 1);
}

#[tokio::test]
async fn a_campaign_keeps_its_rate() {
    let rate = |per_second| Rate { per_second, retry_after: Duration::ZERO };
    assert_eq!(rate(100).duration_of(250), Duration::from_millis(2_500));
    assert_eq!(rate(0).duration_of(250), Duration::ZERO);
    let folder = tempfile::tempdir().unwrap();
    let line = |n: u32| format!("{{\"event_id\":\"{n}x\",\"to\":\"+12025550143\"}}\n");
    let lines = read(folder.path(), "file.jsonl", &(0..1_000).map(line).collect::<String>()).unwrap();
    let service = Arc::new(Service { available_calls: AtomicUsize::new(usize::MAX), ..Service::default() });
    let url = started(&service).await;
    let began = std::time::Instant::now();
    campaign(&url, folder.path(), 10_000).send(&lines).await.unwrap();
    // Four calls of 250: the fourth begins 75 ms after the first.
    assert!(began.elapsed() >= Duration::from_millis(75));
}

#[test]
fn a_line_of_either_format_becomes_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let csv =
        "to, locale ,offer_title,event_id\n+12025550143,en-US,\"Two\nlines\",\n 07700 900123,,x,own-id\n";
    let lines = read(folder.path(), "a.csv", csv).unwrap();
    let id = &lines[0].event_id;
    assert!(id.starts_with("campaign-") && id.len() == 41, "{id}");
    assert_eq!(
        lines[0].body,
        json!({ "event_id": id, "journey": "promotion", "to": "+12025550143", "locale": "en-US",
                "variables": { "offer_title": "Two\nlines" } })
    );
    assert_eq!((lines[1].event_id.as_str(), lines[1].number), ("own-id", 4));
    // The same content has the same id, whatever the file and the position in it.
    let again =
        read(folder.path(), "b.csv", "offer_title,to,locale\n\"Two\nlines\",+12025550143,en-US\n").unwrap();
    assert_eq!(again[0].event_id, *id);
}

#[test]
fn a_mistake_in_the_file_is_found_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, expected) in [
        ("a.csv", "phone\n1\n", "line 1: there is no column `to`"),
        ("a.csv", "to\n+12025550143\n+12025550143\n", "line 3: an earlier line has the same message"),
        ("a.jsonl", "{\"to\":\"1\"}\n{\n", "line 2: not JSON: column 1"),
        ("a.jsonl", "[]\n", "line 1: not an object"),
        ("a.jsonl", "{\"event_id\":1}\n", "line 1: event_id must be a string"),
    ] {
        assert_eq!(read(folder.path(), name, text).unwrap_err(), expected);
    }
    assert!(read_lines(&folder.path().join("a.csv"), None).unwrap_err().contains("--journey"));
}

/// A line of the progress file that was cut off does not count, and later lines do.
#[test]
fn progress_survives_a_kill_in_the_middle_of_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.progress");
    std::fs::write(&path, "a\taccepted\t\nb\tacc").unwrap();
    let mut progress = Progress::open(&path).unwrap();
    assert!(progress.is_done("a") && !progress.is_done("b"));
    let outcome = super::progress::Outcome { status: "duplicate".to_owned(), reason: String::new() };
    progress.record(&[("c", outcome)]).unwrap();
    let read = Progress::read(&path).unwrap();
    assert!(read.is_done("a") && !read.is_done("b") && read.is_done("c"));
}
