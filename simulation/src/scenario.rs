//! Scenarios: the calls of the outside world and their times.

use fastrand::Rng;

use crate::calls::{Call, InboundText};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A call from outside at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// Seconds after the schedule's start.
    pub at: i64,
    /// The call that is delivered.
    pub call: Call,
}

/// All calls from outside in one schedule, in order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The deliveries. Each is repeated by its sender until it is answered 2xx.
    pub deliveries: Vec<Delivery>,
    /// Whether spending and sending rate are limited ([`DAY_LIMIT`], [`PER_SECOND`]).
    pub is_limited: bool,
}

/// The spending limit of a day in a limited scenario, in millionths of a US dollar: two texts.
pub const DAY_LIMIT: u64 = 20_000;
/// The number of texts per second of a sender in a limited scenario.
pub const PER_SECOND: usize = 1;
/// Both limits as they are written in `journeys.toml`.
pub const LIMITS: &str = "[limits]\nday = 0.02\n\n[pacing]\ntwilio = 1\n";

impl Scenario {
    /// Creates a scenario of these calls, each with its seconds after the start.
    #[must_use]
    pub fn new(deliveries: impl IntoIterator<Item = (i64, Call)>) -> Self {
        let mut deliveries: Vec<_> = deliveries.into_iter().map(|(at, call)| Delivery { at, call }).collect();
        deliveries.sort_by_key(|delivery| delivery.at);
        Self { deliveries, is_limited: false }
    }

    /// Returns the three main journeys: an approval; a booking that is answered; a booking that is moved and
    /// then cancelled.
    #[must_use]
    pub fn main_journeys() -> [(&'static str, Self); 3] {
        let approval = Call::Sms { event: 1, approved: true, phone: 0 };
        let booked = Call::Booked { booking: 1, replaces: None, phone: 0, in_hours: 72 };
        let reply = Call::Message { message: 1, phone: 0, text: InboundText::Reply };
        let moved = Call::Booked { booking: 2, replaces: Some(1), phone: 0, in_hours: 96 };
        let old = Call::Cancelled { booking: 1, moved_to: Some(2) };
        let cancelled = Call::Cancelled { booking: 2, moved_to: None };
        [
            ("an approval, delivered twice", Self::new([(0, approval), (90, approval)])),
            ("a booking that is answered", Self::new([(0, booked), (10 * MINUTE, reply)])),
            (
                "a booking that is moved, then cancelled",
                Self::new([(0, booked), (10 * MINUTE, old), (10 * MINUTE + 1, moved), (DAY, cancelled)]),
            ),
        ]
    }

    /// Draws a scenario.
    #[must_use]
    pub fn random(rng: &mut Rng) -> Self {
        let mut deliveries = Vec::new();
        for _ in 0..rng.usize(1..=3) {
            match rng.u8(0..6) {
                0 | 1 => advance(rng, &mut deliveries),
                2 => offer(rng, &mut deliveries),
                3 => twins(rng, &mut deliveries),
                _ => booking(rng, &mut deliveries),
            }
        }
        for message in 0..rng.u8(0..=3) {
            let texts = [
                InboundText::Reply,
                InboundText::Reply,
                InboundText::Stop,
                InboundText::Start,
                InboundText::Reaction,
            ];
            let text = texts[rng.usize(..texts.len())];
            let message = Call::Message { message, phone: rng.u8(..2), text };
            deliveries.push((instant(rng), message));
        }
        repeat_some(rng, &mut deliveries);
        Self { is_limited: rng.u8(..4) == 0, ..Self::new(deliveries) }
    }
}

/// Adds an event of `POST /sms`, which may be cancelled.
fn advance(rng: &mut Rng, deliveries: &mut Vec<(i64, Call)>) {
    let event = rng.u8(..4);
    let call = Call::Sms { event, approved: rng.bool(), phone: rng.u8(..2) };
    deliveries.push((instant(rng), call));
    if rng.u8(..4) == 0 {
        deliveries.push((instant(rng), Call::Delete { event }));
    }
}

/// Adds events that lead to the same text on the same phone at the same time and differ only in their ids.
fn twins(rng: &mut Rng, deliveries: &mut Vec<(i64, Call)>) {
    let (approved, phone, at) = (rng.bool(), rng.u8(..2), instant(rng));
    for event in 4..4 + rng.u8(2..=3) {
        deliveries.push((at + rng.i64(0..=40), Call::Sms { event, approved, phone }));
    }
}

/// Adds advertising at any hour of the day, with consents and withdrawals at about the same time.
fn offer(rng: &mut Rng, deliveries: &mut Vec<(i64, Call)>) {
    let (event, phone) = (rng.u8(..4), rng.u8(..2));
    let at = instant(rng) + rng.i64(0..24) * HOUR;
    deliveries.push((at, Call::Offer { event, phone }));
    for _ in 0..rng.u8(0..=3) {
        // Before the offer, with it, while it waits for the morning, and at that moment.
        let around = [0, at - HOUR, at, at + 1, at + 2 * HOUR, morning_after(at), morning_after(at) - 1];
        let when = around[rng.usize(..around.len())] + rng.i64(-2..=2);
        deliveries.push((when.max(0), Call::Consent { phone, withdrawn: rng.u8(..3) == 0 }));
    }
}

/// Returns the end of the quiet hours around an instant. A schedule begins at three in the morning.
const fn morning_after(at: i64) -> i64 {
    let first = 5 * HOUR;
    if at <= first { first } else { first + (at - first + DAY - 1) / DAY * DAY }
}

/// Adds a chain of bookings, each of which replaces the previous one, with their reports in any order; the last one
/// may be cancelled.
fn booking(rng: &mut Rng, deliveries: &mut Vec<(i64, Call)>) {
    let first = rng.u8(..8) * 4;
    let phone = rng.u8(..2);
    let links = rng.u8(1..=3);
    for booking in first..first + links {
        let replaces = (booking > first).then(|| booking - 1);
        let in_hours = *rng.choice([3, 26, 48, 72].iter()).unwrap_or(&48);
        deliveries.push((instant(rng), Call::Booked { booking, replaces, phone, in_hours }));
        if booking > first && rng.bool() {
            let old = Call::Cancelled { booking: booking - 1, moved_to: Some(booking) };
            deliveries.push((instant(rng), old));
        }
    }
    if rng.u8(..3) == 0 {
        let call = Call::Cancelled { booking: first + links - 1, moved_to: None };
        deliveries.push((instant(rng), call));
    }
}

/// Repeats some of the deliveries, at once or later.
fn repeat_some(rng: &mut Rng, deliveries: &mut Vec<(i64, Call)>) {
    for index in 0..deliveries.len() {
        while rng.u8(..3) == 0 {
            let (at, call) = deliveries[index];
            let later = if rng.bool() { at + rng.i64(0..3) } else { instant(rng).max(at) };
            deliveries.push((later, call));
        }
    }
}

/// Draws an instant at which other things happen too, with a difference of two seconds at most; sometimes weeks later.
fn instant(rng: &mut Rng) -> i64 {
    const INSTANTS: [i64; 14] = [
        0,
        0,
        MINUTE,
        2 * MINUTE,
        3 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        30 * MINUTE,
        31 * MINUTE,
        74 * MINUTE,
        2 * HOUR,
        DAY,
        2 * DAY,
        21 * DAY,
    ];
    (INSTANTS[rng.usize(..INSTANTS.len())] + rng.i64(-2..=2)).max(0)
}
