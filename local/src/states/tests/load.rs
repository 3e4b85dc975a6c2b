//! A load of ten thousand waits.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::json;

use super::{FakeClock, advance, answering, at, open, rfc3339, verdict};
use crate::runtime::timer_source::TimerSource;
use crate::states::Status;
use crate::store::Store;

/// Returns the resident memory in KiB, where the system reports it.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn ten_thousand_waits_end_in_the_order_of_their_due_times() {
    const WAITS: i64 = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("local.sqlite")).unwrap();
    let clock = FakeClock::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let invoke = answering(move |input| {
        seen.lock().unwrap().push(input["due"].as_str().unwrap().to_owned());
        Ok(verdict(input, "Sent"))
    });
    let engine = open(&store, &clock, invoke);
    let (before, begin) = (resident(), Instant::now());
    for n in 0..WAITS {
        // The due times are scattered, each in its own second: 7,919 and 10,000 have no common factor.
        let due = rfc3339(1 + n * 7919 % WAITS);
        let input = json!({"conversation_id": format!("sms-{n}"), "step": "text", "due": due}).to_string();
        engine.start(Some(&format!("sms-{n}.text")), Some(&input)).unwrap();
    }
    let (started, grown) = (begin.elapsed(), resident() - before);
    let begin = Instant::now();
    advance(&engine, &clock, at(WAITS)).await;
    let drained = begin.elapsed();
    let order = order.lock().unwrap();
    assert_eq!(order.len(), 10_000);
    assert!(order.is_sorted());
    assert_eq!(engine.next_due(), None);
    assert_eq!(engine.list(Some(Status::Succeeded), None, 20_000).unwrap().len(), 10_000);
    eprintln!("10,000 waits: started in {started:?} (+{grown} KiB), drained in {drained:?}");
    assert!(grown < 50 * 1024, "{grown} KiB");
}
