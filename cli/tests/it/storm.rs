//! `kill -9` at random instants while sources call, again and again on one data directory. What must
//! hold is the same wherever it hits: every accepted event ends `Sent` with one text, or is held for
//! an operator with none, and the files are intact.
//!
//! `make kill` does it 50 times, `make test` a few; `AFTERWORD_KILLS` and `AFTERWORD_SEED` say how often
//! and where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::serve::{Serve, conversation_id, free_port};

/// The number of sources that call concurrently.
const SOURCES: u32 = 3;
/// Each source's events have ids of their own.
const STRIDE: u32 = 0x0010_0000;

/// Steele, Lea and Flood's generator (OOPSLA 2014): a small generator whose every seed is good.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// The events that the sources have posted, by whether they were answered.
#[derive(Default)]
struct SourceLog {
    /// Answered 2xx.
    accepted: BTreeSet<u32>,
    /// Posted and not answered: to be posted again.
    open: BTreeSet<u32>,
    /// The number of repeats of events that had been answered before.
    repeats: usize,
}

/// One source: posts, repeats now and then, and stops when there is no answer any more.
fn source(serve: &Serve, log: &Mutex<SourceLog>, next: &mut u32, mut random: Random, over: &AtomicBool) {
    let post = |n: u32| {
        log.lock().unwrap().open.insert(n);
        let Some((status, answer)) = serve.post(n) else { return false };
        let mut log = log.lock().unwrap();
        if (200..300).contains(&status) {
            log.open.remove(&n);
            log.repeats += usize::from(!log.accepted.insert(n));
        } else {
            assert!(status >= 500, "{status} {answer}");
        }
        true
    };
    while !over.load(Ordering::Relaxed) {
        *next += 1;
        let again = random.below(10) < 3;
        if !post(*next) || (again && !post(*next)) {
            return;
        }
    }
}

/// `PRAGMA integrity_check` of a copy, so that it is the next start that recovers the file itself.
fn assert_intact(data: &Path, copy: &Path) {
    std::fs::create_dir_all(copy).unwrap();
    let mut checked = 0;
    for entry in std::fs::read_dir(data).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    for file in ["dynamodb.sqlite", "local.sqlite"].map(|name| copy.join(name)) {
        if file.exists() {
            let store = rusqlite::Connection::open(&file).unwrap();
            let said: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(said, "ok", "{}", file.display());
            checked += 1;
        }
    }
    assert_eq!(checked, 2);
    std::fs::remove_dir_all(copy).unwrap();
}

#[test]
fn killed_at_random_under_load_nothing_is_lost_or_doubled() {
    let (kills, seed) = (number("AFTERWORD_KILLS", 5), number("AFTERWORD_SEED", 20_261_121));
    let home = tempfile::tempdir().unwrap();
    let (data, copy) = (home.path().join("data"), home.path().join("copy"));
    let mut random = Random(seed);
    let port = free_port();
    let log = Mutex::new(SourceLog::default());
    let mut next: Vec<u32> = (0..SOURCES).map(|source| (source + 1) * STRIDE).collect();
    for kill in 0..kills {
        let serve = Serve::start_at(&data, port);
        let over = AtomicBool::new(false);
        // Events that the last kill left unanswered are repeated first, as sources do.
        let instant = Duration::from_millis(random.below(900));
        std::thread::scope(|scope| {
            for (at, next) in (0..).zip(&mut next) {
                let (serve, log, over) = (&serve, &log, &over);
                let random = Random(seed ^ (kill << 8) ^ at);
                scope.spawn(move || {
                    if at == 0 {
                        let open: Vec<_> = log.lock().unwrap().open.iter().copied().collect();
                        for n in open {
                            if let Some((200..300, _)) = serve.post(n) {
                                let mut log = log.lock().unwrap();
                                log.open.remove(&n);
                                log.accepted.insert(n);
                            }
                        }
                    }
                    source(serve, log, next, random, over);
                });
            }
            // Time passes during the calls, so that texts are on their way at any instant.
            scope.spawn(|| {
                let mut answers = true;
                while answers && !over.load(Ordering::Relaxed) {
                    answers = serve.advance(7).is_some();
                }
            });
            std::thread::sleep(instant);
            let killed = std::process::Command::new("kill").args(["-9", &serve.pid()]).status().unwrap();
            over.store(true, Ordering::Relaxed);
            assert!(killed.success());
        });
        drop(serve);
        assert_intact(&data, &copy);
    }

    let serve = Serve::start_at(&data, port);
    let log = log.into_inner().unwrap();
    for n in &log.open {
        let (status, answer) = serve.post(*n).unwrap();
        assert!([200, 202].contains(&status), "{answer}");
    }
    serve.advanced(120);
    serve.advanced(3 * 3600);
    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    for text in serve.outbox() {
        *texts.entry(text["conversation_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let mut ends: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for n in log.accepted.union(&log.open) {
        let verdict = serve.verdict(*n);
        let delivered = texts.remove(&conversation_id(*n)).unwrap_or_default();
        match verdict.as_str() {
            // The outbox was read before the verdict: read again, it tells a late text from a lost one.
            Some("Sent") => {
                assert_eq!(delivered, 1, "{}, now {}", conversation_id(*n), serve.texts(*n));
            }
            // A text that has left is settled by its receipt, however late.
            Some("HeldUnknownOutcome") => assert_eq!(delivered, 0, "{}", conversation_id(*n)),
            _ => panic!("{}: {verdict}, {delivered} text(s)", conversation_id(*n)),
        }
        *ends.entry((verdict.as_str().unwrap().to_owned(), delivered)).or_default() += 1;
    }
    assert!(texts.is_empty(), "texts of events that were not posted: {texts:?}");
    assert!(log.accepted.len() as u64 > kills, "too little load: {}", log.accepted.len());
    drop(serve);
    assert_intact(&data, &copy);
    println!(
        "{kills} kills, seed {seed}: {} events accepted, {} repeated, {} unanswered at the end",
        log.accepted.len(),
        log.repeats,
        log.open.len()
    );
    for ((verdict, delivered), events) in ends {
        println!("{events:>7} {verdict}, {delivered} text(s) delivered");
    }
    println!("        0 lost, 0 doubled; integrity_check ok after every kill");
}
