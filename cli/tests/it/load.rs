//! Many callers at once on loopback, and halfway through things begin to go wrong: what was accepted
//! against what was delivered, how long callers waited, what memory it took.
//!
//! `make load` does it with 200 callers for 60 s, `make test` with 20 for 2 s; `AFTERWORD_CALLERS` and
//! `AFTERWORD_SECONDS` say how many and how long.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::serve::{KEY, Serve, call, conversation_id};

type Http = Client<HttpConnector, Full<bytes::Bytes>>;

/// Of ten calls, these repeat the event that the same caller has posted before.
const REPEATS_IN_TEN: [u32; 3] = [2, 5, 8];
/// So much each caller does even where the time is too short for it: new events and a repeat.
const LEAST_CALLS: u32 = 4;
/// The faults of the second half, which are set again every quarter of a second.
const FAULTS: [(&str, &str, u64); 6] = [
    ("twilio:CreateMessage", "timeout_after_accept", 2),
    ("twilio:CreateMessage", "crash", 1),
    ("twilio:CreateMessage", "throttle", 3),
    ("dynamodb:TransactWriteItems", "throttle", 5),
    ("dynamodb:TransactWriteItems", "timeout_after_accept", 2),
    ("states:StartExecution", "fail_before", 3),
];

/// The answers that one caller received.
#[derive(Default)]
struct CallerTally {
    accepted: BTreeSet<u32>,
    duplicates: usize,
    turned_away: usize,
    /// By half: how long each answer took.
    waited: [Vec<Duration>; 2],
}

fn number(variable: &str, otherwise: u32) -> u32 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

fn event(n: u32) -> Value {
    json!({
        "event_id": format!("{n:08x}-3b64-4f0a-9d2e-0a1b2c3d4e5f"),
        "event": "advance_in_transit",
        "user": { "phone": format!("+1202555{:04}", 100 + n % 100) },
    })
}

/// Calls until time is up. An event that is turned away is posted again, as sources do.
async fn caller(
    http: Http,
    port: u16,
    mut n: u32,
    second_half: Arc<AtomicBool>,
    until: Instant,
) -> CallerTally {
    let first = n;
    let mut seen = CallerTally::default();
    let mut round = 0;
    while round < LEAST_CALLS || Instant::now() < until {
        round += 1;
        let is_repeat = n > first && REPEATS_IN_TEN.contains(&(round % 10));
        if !is_repeat {
            n += 1;
        }
        loop {
            let request = http::Request::post(format!("http://127.0.0.1:{port}/sms"))
                .header("x-api-key", KEY)
                .header("content-type", "application/json")
                .body(Full::from(event(n).to_string()))
                .unwrap();
            let begun = Instant::now();
            let half = usize::from(second_half.load(Ordering::Relaxed));
            let answer = http.request(request).await.unwrap();
            let status = answer.status().as_u16();
            answer.into_body().collect().await.unwrap();
            seen.waited[half].push(begun.elapsed());
            match status {
                202 => assert!(seen.accepted.insert(n), "{n} was accepted twice"),
                // A repeat, or an event of which the first answer was lost.
                200 => {
                    seen.accepted.insert(n);
                    seen.duplicates += 1;
                }
                503 => {
                    seen.turned_away += 1;
                    continue;
                }
                other => panic!("{other}"),
            }
            break;
        }
    }
    seen
}

/// Sets every fault, until time is up.
async fn trouble(admin: u16, second_half: Arc<AtomicBool>, from: Instant, until: Instant) {
    tokio::time::sleep_until(from.into()).await;
    second_half.store(true, Ordering::Relaxed);
    while Instant::now() < until {
        let set = tokio::task::spawn_blocking(move || {
            for (operation, effect, count) in FAULTS {
                let fault = json!({ "operation": operation, "effect": effect, "count": count });
                assert_eq!(call(admin, "POST", "/_local/faults", "", &fault.to_string()).unwrap().0, 204);
            }
        });
        set.await.unwrap();
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(0.0, |waited| waited.as_secs_f64() * 1e3)
}

/// A line of `/proc/<pid>/status` in MiB; zero where there is no such thing.
fn memory(pid: &str, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or_default()
        / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_accepted_under_load_are_delivered_once() {
    let (callers, seconds) = (number("AFTERWORD_CALLERS", 20), number("AFTERWORD_SECONDS", 2));
    let home = tempfile::tempdir().unwrap();
    let serve = Serve::start_ticking(&home.path().join("data"));
    let (port, admin) = (serve.gateway, serve.admin);
    let http: Http = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(usize::MAX).build_http();
    let second_half = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds.into());
    let half = begun + Duration::from_secs(seconds.into()) / 2;
    let troubling = tokio::spawn(trouble(admin, Arc::clone(&second_half), half, until));
    let calling: Vec<_> = (1..=callers)
        .map(|n| tokio::spawn(caller(http.clone(), port, n << 20, Arc::clone(&second_half), until)))
        .collect();
    let mut all = CallerTally::default();
    for seen in calling {
        let seen = seen.await.unwrap();
        all.accepted.extend(seen.accepted);
        all.duplicates += seen.duplicates;
        all.turned_away += seen.turned_away;
        for (all, seen) in all.waited.iter_mut().zip(seen.waited) {
            all.extend(seen);
        }
    }
    troubling.await.unwrap();
    let took = begun.elapsed();
    let (peak, now) = (memory(&serve.pid(), "VmHWM"), memory(&serve.pid(), "VmRSS"));
    let serve = tokio::task::spawn_blocking(move || {
        assert_eq!(call(admin, "DELETE", "/_local/faults", "", "").unwrap().0, 204);
        // Until the last evidence has been waited for.
        serve.advanced(600);
        serve.advanced(3 * 3600);
        serve
    })
    .await
    .unwrap();

    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    for text in serve.outbox() {
        *texts.entry(text["conversation_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let mut ends: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for n in &all.accepted {
        let delivered = texts.remove(&conversation_id(*n)).unwrap_or_default();
        let verdict = serve.verdict(*n);
        let verdict = verdict.as_str().unwrap_or("none").to_owned();
        match verdict.as_str() {
            "Sent" => assert_eq!(delivered, 1, "{}", conversation_id(*n)),
            "HeldUnknownOutcome" => assert!(delivered <= 1, "{}", conversation_id(*n)),
            other => panic!("{}: {other}, {delivered} text(s)", conversation_id(*n)),
        }
        *ends.entry((verdict, delivered)).or_default() += 1;
    }
    assert!(texts.is_empty(), "{} texts of events that were not accepted", texts.len());
    assert!(all.accepted.len() > callers as usize && all.duplicates > 0);

    println!("{callers} callers, {:.1} s; faults from the middle on", took.as_secs_f64());
    println!(
        "accepted {}, duplicates {}, turned away with 503 {}",
        all.accepted.len(),
        all.duplicates,
        all.turned_away
    );
    for (half, waited) in ["without faults", "with faults"].into_iter().zip(&mut all.waited) {
        waited.sort();
        println!(
            "{half:<15} {} answers, {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            waited.len(),
            waited.len() as f64 / (took.as_secs_f64() / 2.0),
            percentile(waited, 50),
            percentile(waited, 99),
            percentile(waited, 100),
        );
    }
    for ((verdict, delivered), events) in ends {
        println!("{events:>7} {verdict}, {delivered} text(s) delivered");
    }
    println!("memory: {peak} MiB at most, {now} MiB at the end of the load");
}
