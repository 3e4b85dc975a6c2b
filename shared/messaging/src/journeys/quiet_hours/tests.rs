use chrono::{Datelike, NaiveTime, TimeZone};
use proptest::prelude::*;

use super::*;

fn phone(e164: &str) -> PhoneNumber {
    PhoneNumber::parse_e164(e164).unwrap()
}

fn local(zone: Tz, day: (i32, u32, u32), time: (u32, u32, u32)) -> DateTime<Utc> {
    zone.with_ymd_and_hms(day.0, day.1, day.2, time.0, time.1, time.2).unwrap().to_utc()
}

fn of_country(code: &str) -> SendingHours {
    let country = code.parse().ok();
    SendingHours { zone: None, country, hours: PromotionalHours::default().of(country) }
}

fn hours(zone: Tz, hours: ClockHours) -> SendingHours {
    SendingHours { zone: Some(zone), country: None, hours }
}

/// What the zone's clock says, by another way than the code's.
fn is_allowed(zone: Tz, (from, until): (u32, u32), at: DateTime<Utc>) -> bool {
    let time = at.with_timezone(&zone).time();
    let hour = |hour: u32| NaiveTime::from_hms_opt(hour % 24, 0, 0).unwrap();
    time >= hour(from) && (until == 24 || time < hour(until))
}

#[test]
fn india_is_told_from_ten_to_nine() {
    let zone = Tz::Asia__Kolkata;
    let india = of_country("IN");
    let day = (2026, 11, 21);
    for (time, day_after, opens) in [
        ((22, 0, 0), (2026, 11, 22), (10, 0, 0)),
        ((21, 0, 0), (2026, 11, 22), (10, 0, 0)),
        ((20, 59, 59), day, (20, 59, 59)),
        ((9, 59, 59), day, (10, 0, 0)),
        ((10, 0, 0), day, (10, 0, 0)),
        ((0, 0, 0), day, (10, 0, 0)),
    ] {
        let opens = local(zone, day_after, opens);
        assert_eq!(india.opens(local(zone, day, time)), Some(opens), "{time:?}");
    }
    let late = local(zone, day, (20, 59, 59)) + TimeDelta::milliseconds(900);
    assert_eq!(india.opens(late), Some(late));
    let over = local(zone, day, (21, 0, 0)) + TimeDelta::milliseconds(1);
    assert_eq!(india.opens(over), Some(local(zone, (2026, 11, 22), (10, 0, 0))));
}

/// A number of the USA alone: Hawaii's (in summer, Adak's) eight o'clock until New York's nine.
#[test]
fn without_a_zone_every_zone_of_the_country_agrees() {
    let usa = SendingHours::new(&phone("+12025550143"), None, &PromotionalHours::default());
    let (hawaii, new_york) = (Tz::Pacific__Honolulu, Tz::America__New_York);
    let day = (2026, 11, 21);
    let morning = local(hawaii, day, (8, 0, 0));
    assert_eq!(usa.opens(local(new_york, day, (8, 0, 0))), Some(morning));
    assert_eq!(usa.opens(local(new_york, day, (20, 59, 59))), Some(local(new_york, day, (20, 59, 59))));
    let next = local(hawaii, (2026, 11, 22), (8, 0, 0));
    assert_eq!(usa.opens(local(new_york, day, (21, 0, 0))), Some(next));
}

#[test]
fn a_zone_that_is_told_counts_alone() {
    let table = PromotionalHours::default();
    let east = SendingHours::new(&phone("+12025550143"), Some(Tz::America__New_York), &table);
    let at = local(Tz::America__New_York, (2026, 11, 21), (8, 0, 0));
    assert_eq!(east.opens(at), Some(at));
    // A number of the USA in India: both countries' hours.
    let abroad = SendingHours::new(&phone("+12025550143"), Some(Tz::Asia__Calcutta), &table);
    let at = local(Tz::Asia__Kolkata, (2026, 11, 21), (8, 0, 0));
    assert_eq!(abroad.opens(at), Some(at + TimeDelta::hours(2)));
}

#[test]
fn own_hours_go_first_and_may_be_none() {
    let own: PromotionalHours = toml::from_str("GB = \"09-18\"\nUS = \"12-13\"").unwrap();
    let (gb, london) = (phone("+447700900123"), Tz::Europe__London);
    let evening = local(london, (2026, 11, 21), (18, 30, 0));
    assert_eq!(SendingHours::new(&gb, None, &PromotionalHours::default()).opens(evening), Some(evening));
    let next = local(london, (2026, 11, 22), (9, 0, 0));
    assert_eq!(SendingHours::new(&gb, None, &own).opens(evening), Some(next));
    // It is never noon everywhere in the USA.
    assert_eq!(SendingHours::new(&phone("+12025550143"), None, &own).opens(evening), None);
}

#[test]
fn stored_hours_are_read_back_and_an_unknown_zone_is_none() {
    let stored =
        SendingHours::new(&phone("+12025550143"), Some(Tz::Europe__London), &PromotionalHours::default());
    let json = serde_json::to_string(&stored).unwrap();
    assert_eq!(json, r#"{"zone":"Europe/London","country":"US","hours":"08:00-21:00"}"#);
    assert_eq!(serde_json::from_str::<SendingHours>(&json).unwrap(), stored);
    let renamed: SendingHours = serde_json::from_str(&json.replace("London", "Londinium")).unwrap();
    assert_eq!((renamed.zone, renamed.country), (None, stored.country));
}

/// Days on which a zone's offset changes, over six years.
fn changes(zone: Tz) -> Vec<DateTime<Utc>> {
    let offset = |at: DateTime<Utc>| at.with_timezone(&zone).offset().to_string();
    let start = Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).unwrap();
    let days = (0..6 * 365).map(|day| start + TimeDelta::days(day));
    days.filter(|day| offset(*day) != offset(*day + TimeDelta::days(1))).collect()
}

fn check(zone: Tz, (from, until): (u16, u16), now: DateTime<Utc>) {
    let name = zone.name();
    let window = (u32::from(from), u32::from(until));
    let opens = hours(zone, ClockHours::of(from, until)).opens(now);
    let opens = opens.unwrap_or_else(|| panic!("{name} never opens after {now}"));
    assert!(is_allowed(zone, window, opens), "{name}: {now} -> {opens} lies in quiet hours");
    assert!(opens >= now, "{name}: {now} -> {opens} lies before");
    if opens == now {
        return;
    }
    assert!(opens - now <= TimeDelta::hours(49), "{name}: {now} -> {opens}");
    let before = opens - TimeDelta::seconds(1);
    assert!(before < now || !is_allowed(zone, window, before), "{name}: {now} -> {opens} could be earlier");
    let mut at = now;
    while at < opens {
        assert!(!is_allowed(zone, window, at), "{name}: {now} -> {opens} leaves out {at}");
        at += TimeDelta::minutes(15);
    }
}

/// Every zone, every day on which its clock is set: from any third hour, to the first allowed second.
#[test]
fn days_on_which_the_clock_is_set_are_right_in_every_zone() {
    let mut days = 0;
    for zone in chrono_tz::TZ_VARIANTS {
        for day in changes(zone) {
            days += 1;
            for hour in (-12..36).step_by(3) {
                let now = day + TimeDelta::hours(hour) + TimeDelta::seconds(1);
                check(zone, (10, 21), now);
                // Hours in which clocks are set.
                check(zone, (2, 3), now);
            }
        }
    }
    assert!(days > 1000, "{days}");
}

proptest! {
    #[test]
    fn never_in_quiet_hours_never_late(
        zone in 0..chrono_tz::TZ_VARIANTS.len(),
        seconds in 0_i64..2_145_916_800,
        from in 0_u16..24,
        length in 1_u16..24,
    ) {
        let now = DateTime::from_timestamp(seconds, 0).unwrap();
        check(chrono_tz::TZ_VARIANTS[zone], (from, (from + length).min(24)), now);
    }

    #[test]
    fn every_zone_of_the_country_is_within_its_hours(seconds in 1_577_836_800_i64..2_145_916_800) {
        let now = DateTime::from_timestamp(seconds, 0).unwrap();
        for country in ["US", "CA", "RU", "BR", "AU"] {
            let hours = of_country(country);
            if let Some(opens) = hours.opens(now) {
                for zone in zones::of_country(hours.country.unwrap()) {
                    prop_assert!(is_allowed(zone, (8, 21), opens), "{} {}", zone.name(), opens);
                }
            }
        }
    }
}

/// Samoa left out a whole day; no text waits for it.
#[test]
fn a_day_that_does_not_exist_is_passed_over() {
    let apia = Tz::Pacific__Apia;
    let now = local(apia, (2011, 12, 29), (22, 0, 0));
    let opens = hours(apia, ClockHours::of(10, 21)).opens(now).unwrap();
    assert_eq!(opens, now + TimeDelta::hours(12));
    assert_eq!(opens.with_timezone(&apia).day(), 31);
}
