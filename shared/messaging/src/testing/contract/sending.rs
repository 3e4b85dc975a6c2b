//! Money and pace: what many ask for at once is given to as many as there is.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use futures_util::future::join_all;

use super::Table;
use super::fixtures::{at, phone};
use crate::journeys::budgets::{Charge, ExceededLimit, Limits, ReserveOutcome};
use crate::journeys::rate_limits::{Rate, Slot};
use crate::values::dollars::Dollars;
use crate::values::phone::PhoneNumber;

/// So many ask at the same moment: more than that wait for a connection, not for each other.
const AT_ONCE: usize = 50;

fn limits(toml: &str) -> Limits {
    toml::from_str(toml).unwrap()
}

fn phones(count: u32) -> Vec<PhoneNumber> {
    (0..count).map(|n| PhoneNumber::parse_e164(&format!("+120255501{:02}", n % 100)).unwrap()).collect()
}

async fn reserve(table: &impl Table, limits: &Limits, to: &PhoneNumber, micro: u64) -> ReserveOutcome {
    let charge = Charge { to, cost: Dollars::from_micro(micro), now: at(0) };
    table.reserve(&charge, limits).await.unwrap()
}

fn is_reserved(reserving: &ReserveOutcome) -> bool {
    matches!(reserving, ReserveOutcome::Reserved(_))
}

/// Case: a thousand, all at the same moment, and money for a hundred.
pub async fn budget_admits_exactly_its_limit_under_1000_concurrent_reservations(table: impl Table) {
    let limits = limits("day = 0.83\nmonth = 1000");
    let phones = phones(1000);
    let asked = join_all(phones.iter().map(|to| reserve(&table, &limits, to, 8_300))).await;
    assert_eq!(asked.iter().filter(|reserving| is_reserved(reserving)).count(), 100);
    for reserving in asked.iter().filter(|reserving| !is_reserved(reserving)) {
        let ReserveOutcome::Exceeded(ExceededLimit { limit, allows, .. }) = reserving else {
            panic!("{reserving:?}")
        };
        assert_eq!((limit.to_string().as_str(), allows.micro()), ("limits.day", 830_000));
    }
}

/// Case.
pub async fn returned_money_can_be_reserved_again(table: impl Table) {
    let limits = limits("month = 0.02\nrecipient = { day = 0.01 }");
    let ReserveOutcome::Reserved(first) = reserve(&table, &limits, &phone(), 10_000).await else { panic!() };
    let ReserveOutcome::Exceeded(exceeded) = reserve(&table, &limits, &phone(), 1).await else { panic!() };
    assert_eq!(
        (exceeded.limit.to_string().as_str(), exceeded.spent.micro()),
        ("limits.recipient.day", 10_000)
    );
    let other = PhoneNumber::parse_e164("+12025550199").unwrap();
    assert!(is_reserved(&reserve(&table, &limits, &other, 10_000).await));
    let third = PhoneNumber::parse_e164("+12025550198").unwrap();
    // Refused by the month: nothing stays counted for the recipient.
    let ReserveOutcome::Exceeded(exceeded) = reserve(&table, &limits, &third, 10_000).await else { panic!() };
    assert_eq!(exceeded.limit.to_string(), "limits.month");
    table.adjust(&first, &phone(), -10_000).await.unwrap();
    assert!(is_reserved(&reserve(&table, &limits, &third, 10_000).await));
    assert!(!is_reserved(&reserve(&table, &limits, &phone(), 10_000).await));
}

/// Case.
pub async fn adjust_replaces_the_expected_price(table: impl Table) {
    let limits = limits("day = 0.10");
    let ReserveOutcome::Reserved(first) = reserve(&table, &limits, &phone(), 50_000).await else { panic!() };
    table.adjust(&first, &phone(), 30_000).await.unwrap();
    assert!(!is_reserved(&reserve(&table, &limits, &phone(), 20_001).await));
    assert!(is_reserved(&reserve(&table, &limits, &phone(), 20_000).await));
}

/// Case.
pub async fn each_country_has_its_own_limits(table: impl Table) {
    let limits = limits("countries = { GB = { day = 0.05 }, US = { month = 0.01 } }");
    let british = PhoneNumber::parse_e164("+447700900123").unwrap();
    assert!(is_reserved(&reserve(&table, &limits, &british, 50_000).await));
    let ReserveOutcome::Exceeded(exceeded) = reserve(&table, &limits, &british, 1).await else { panic!() };
    assert_eq!(exceeded.limit.to_string(), "limits.countries.GB.day");
    let ReserveOutcome::Exceeded(exceeded) = reserve(&table, &limits, &phone(), 10_001).await else {
        panic!()
    };
    assert_eq!(
        (exceeded.limit.to_string().as_str(), exceeded.spent.micro()),
        ("limits.countries.US.month", 0)
    );
}

/// Case: a thousand, fifty at the same moment, at twenty a second.
pub async fn each_rate_limit_slot_is_acquired_once(table: impl Table) {
    let rate = Rate { sender: "sns", number: None, per_second: NonZeroU32::new(20).unwrap() };
    let mut slots = Vec::new();
    for _ in 0..1000 / AT_ONCE {
        slots.extend(join_all((0..AT_ONCE).map(|_| table.acquire_slot(&rate, at(0)))).await);
    }
    let mut seconds: BTreeMap<_, u32> = BTreeMap::new();
    for slot in slots {
        *seconds.entry(slot.unwrap()).or_default() += 1;
    }
    let expected: BTreeMap<_, u32> = (0..50).map(|second| (at(second), 20)).collect();
    assert_eq!(seconds, expected);
    // Later, and after a while without texts: at once.
    let later = at(100) + chrono::TimeDelta::milliseconds(1);
    assert_eq!(table.acquire_slot(&rate, later).await, Ok(at(101)));
    let other = Rate { sender: "twilio", number: None, per_second: NonZeroU32::MIN };
    assert_eq!(table.acquire_slot(&other, at(0)).await, Ok(at(0)));
    assert_eq!(table.acquire_slot(&other, at(0)).await, Ok(at(1)));
    // A number of the same provider, with a pace of its own.
    let own = Rate { number: Some("+15005550006".to_owned()), ..other.clone() };
    assert_eq!(table.acquire_slot(&own, at(0)).await, Ok(at(0)));
    assert_eq!(table.acquire_slot(&other, at(0)).await, Ok(at(2)));
}

/// Case: fifty at the same moment, and the present second has seven places.
pub async fn each_slot_of_the_current_second_is_acquired_once(table: impl Table) {
    let rate = Rate { sender: "twilio", number: None, per_second: NonZeroU32::new(7).unwrap() };
    let moment = at(10) + chrono::TimeDelta::milliseconds(400);
    for now in [moment, moment + chrono::TimeDelta::seconds(1)] {
        let second = at(now.timestamp() - at(0).timestamp());
        let asked = join_all((0..AT_ONCE).map(|_| table.try_acquire_now(&rate, now))).await;
        let placed = asked.iter().filter(|placed| **placed == Ok(Slot::Now(second))).count();
        assert_eq!(placed, 7);
        let next = second + chrono::TimeDelta::seconds(1);
        assert!(
            asked.iter().all(|placed| [Ok(Slot::Now(second)), Ok(Slot::NotBefore(next))].contains(placed))
        );
    }
    // Texts have taken what comes: nobody is let in before them.
    for _ in 0..8 {
        table.acquire_slot(&rate, at(12)).await.unwrap();
    }
    assert_eq!(table.try_acquire_now(&rate, at(12)).await, Ok(Slot::NotBefore(at(13))));
    assert_eq!(table.try_acquire_now(&rate, at(13)).await, Ok(Slot::Now(at(13))));
    assert_eq!(table.acquire_slot(&rate, at(13)).await, Ok(at(13)));
}
