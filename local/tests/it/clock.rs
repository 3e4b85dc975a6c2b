use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use local::runtime::clock::{ClockError, LocalClock, MAX_ADVANCE_SECONDS, Mode};
use local::runtime::timer_source::TimerSource;
use local::store::Store;
use messaging::values::clock::Clock;

/// The names and the times of the work that was done.
type Done = (&'static str, DateTime<Utc>);

/// Work at instants; doing some of it makes more.
struct Diary {
    clock: Arc<LocalClock>,
    name: &'static str,
    due: Mutex<Vec<DateTime<Utc>>>,
    repeat: Option<TimeDelta>,
    done: Arc<Mutex<Vec<Done>>>,
}

impl TimerSource for Diary {
    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.due.lock().unwrap().iter().min().copied()
    }

    fn wake(&self) {
        let now = self.clock.now();
        let mut due = self.due.lock().unwrap();
        let (ready, later): (Vec<_>, Vec<_>) = due.iter().partition(|instant| **instant <= now);
        *due = later;
        for _ in ready {
            self.done.lock().unwrap().push((self.name, now));
            due.extend(self.repeat.map(|repeat| now + repeat));
        }
    }

    fn idle(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn clock(store: &Store, mode: Mode) -> Arc<LocalClock> {
    Arc::new(LocalClock::open(store.clone(), mode).unwrap())
}

#[tokio::test]
async fn advancing_visits_every_instant_in_order() {
    let clock = clock(&Store::in_memory().unwrap(), Mode::Virtual);
    let start = clock.now();
    assert_eq!(start.timestamp_subsec_nanos(), 0);
    let at = |seconds| start + TimeDelta::seconds(seconds);
    let done = Arc::default();
    let diary = |name, due, repeat| {
        let (clock, done) = (Arc::clone(&clock), Arc::clone(&done));
        Arc::new(Diary { clock, name, due: Mutex::new(due), repeat, done }) as Arc<dyn TimerSource>
    };
    let timer_sources = [
        diary("past", vec![at(-60), at(1800)], None),
        diary("often", vec![at(40)], Some(TimeDelta::seconds(40))),
        diary("late", vec![at(121)], None),
    ];

    assert_eq!(clock.advance(&timer_sources, 0).await.unwrap(), start);
    assert_eq!(*done.lock().unwrap(), [("past", start)]);

    assert_eq!(clock.advance(&timer_sources, 120).await.unwrap(), at(120));
    assert_eq!(done.lock().unwrap()[1..], [("often", at(40)), ("often", at(80)), ("often", at(120))]);

    assert_eq!(clock.advance(&timer_sources, 1).await.unwrap(), at(121));
    assert_eq!(done.lock().unwrap()[4..], [("late", at(121))]);
}

#[tokio::test]
async fn a_virtual_clock_survives_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("local.sqlite");
    let before = {
        let clock = clock(&Store::open(&path).unwrap(), Mode::Virtual);
        clock.advance(&[], 86_400).await.unwrap()
    };
    assert_eq!(clock(&Store::open(&path).unwrap(), Mode::Virtual).now(), before);
}

#[tokio::test]
async fn a_real_clock_keeps_its_offset() {
    let store = Store::in_memory().unwrap();
    let wall: DateTime<Utc> = std::time::SystemTime::now().into();
    clock(&store, Mode::Real).advance(&[], 3600).await.unwrap();
    let ahead = clock(&store, Mode::Real).now() - wall;
    assert!(ahead >= TimeDelta::seconds(3600) && ahead < TimeDelta::seconds(3660), "{ahead}");
}

#[tokio::test]
async fn a_real_clock_goes_on_to_the_next_second_only_for_what_is_due_there() {
    let clock = clock(&Store::in_memory().unwrap(), Mode::Real);
    for _ in 0..50 {
        clock.advance(&[], 0).await.unwrap();
    }
    assert!(!clock.is_moved(), "nothing was due");
    let soon = messaging::values::clock::ceil_to_second(clock.now() + TimeDelta::seconds(10));
    let done = Arc::default();
    let (due, time) = (Mutex::new(vec![soon]), Arc::clone(&clock));
    let diary = Diary { clock: time, name: "soon", due, repeat: None, done: Arc::clone(&done) };
    clock.advance(&[Arc::new(diary)], 10).await.unwrap();
    assert_eq!(done.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn absurd_advances_are_rejected() {
    let clock = clock(&Store::in_memory().unwrap(), Mode::Virtual);
    let start = clock.now();
    for seconds in [-1, MAX_ADVANCE_SECONDS + 1, i64::MAX, i64::MIN] {
        assert!(matches!(clock.advance(&[], seconds).await, Err(ClockError::OutOfRange)), "{seconds}");
    }
    assert_eq!(clock.now(), start);
    let mut last = start;
    while let Ok(now) = clock.advance(&[], MAX_ADVANCE_SECONDS).await {
        last = now;
    }
    assert!(last.to_rfc3339().starts_with("99"), "the end of four-digit years is the end");
}
