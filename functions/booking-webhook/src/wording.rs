//! The variables of a booking's texts, in the customer's own time.
//!
//! Date and time are written as people of the customer's locale write them.

use chrono_tz::Tz;
use messaging::text::public_name::{public_name, visible_line};
use messaging::text::segments::gsm_safe;
use messaging::text::template::Variables;
use messaging::values::calendar;
use unicode_segmentation::UnicodeSegmentation;

use crate::booking::{Created, Personal};

/// Longer names are cut: the field is the customer's to fill, the text is ours to pay.
const NAME_LIMIT: usize = 40;
/// Longer names of events are cut.
const EVENT_NAME_LIMIT: usize = 80;
/// For a customer without a name: "Hi there".
const NO_NAME: &str = "there";
/// For a booking without a name: "your appointment".
const NO_EVENT_NAME: &str = "appointment";

/// `name`, `event_name`, `appointment_date` ("Tuesday, November 24"), `appointment_time`
/// ("10:30 AM") and `appointment` ("Tuesday, November 24 at 10:30 AM"); always all of them. In a
/// zone that is not known they are in UTC and say so.
#[must_use]
pub fn variables(created: &Created) -> Variables {
    let locale = created.locale.as_deref().unwrap_or("en-US");
    let local = created.starts_at.with_timezone(&created.time_zone.unwrap_or(Tz::UTC)).naive_local();
    let date = calendar::date(local, locale);
    let zone = if created.time_zone.is_some() { "" } else { " UTC" };
    let time = format!("{}{zone}", calendar::time(local, locale));
    let mut variables = Variables::default();
    variables.set("name", name(created.first_name.as_ref()));
    variables.set("event_name", event_name(created.event_name.as_ref()));
    variables.set("appointment", calendar::date_and_time(&date, &time, locale));
    variables.set("appointment_date", date);
    variables.set("appointment_time", time);
    variables
}

/// Both names in one; `None` where there is neither.
pub(crate) fn whole_name(first: Option<&Personal>, last: Option<&str>) -> Option<Personal> {
    let parts: Vec<&str> = first.map(Personal::expose).into_iter().chain(last).collect();
    (!parts.is_empty()).then(|| Personal::new(parts.join(" ")))
}

/// The first name in a full one: the first word, or the second of "Sharma, Aarav".
pub(crate) fn first_word(full_name: &str) -> Option<Personal> {
    let mut words = full_name.split_whitespace();
    let first = words.next()?;
    let first = match first.strip_suffix(',') {
        Some(last_name) => words.next().unwrap_or(last_name),
        None => first,
    };
    Some(Personal::new(first))
}

/// Greets a person by a name that looks like one, and else without a name: whoever books with somebody else's number
/// chooses these words.
fn name(first_name: Option<&Personal>) -> String {
    let name = first_name.and_then(|name| public_name(name.expose()));
    name.map_or_else(|| NO_NAME.to_owned(), |name| fitted(&name, NAME_LIMIT))
}

fn event_name(event_name: Option<&Personal>) -> String {
    let name =
        event_name.map(|name| fitted(&visible_line(name.expose()), EVENT_NAME_LIMIT)).unwrap_or_default();
    if name.is_empty() { NO_EVENT_NAME.to_owned() } else { name }
}

/// Spells a line in GSM 7-bit where that is enough, and cuts it between what readers take for characters.
fn fitted(line: &str, limit: usize) -> String {
    let line = gsm_safe(line);
    let mut room = limit;
    let cut: String = line
        .graphemes(true)
        .take_while(|cluster| {
            let length = cluster.chars().count();
            let fits = length <= room;
            room = room.saturating_sub(length);
            fits
        })
        .collect();
    cut.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use messaging::text::template::render;

    use super::*;

    const ALL: &str = "{{ name }} | {{ event_name }} | {{ appointment_date }} | {{ appointment_time }} \
                       | {{ appointment }}";

    fn created(starts_at: &str, zone: Option<Tz>) -> Created {
        Created {
            id: "1".into(),
            predecessor: None,
            already_rescheduled: false,
            phone: messaging::values::phone::PhoneNumber::parse_e164("+12025550143").unwrap(),
            name: Some(Personal::new("Zoë Sample")),
            first_name: Some(Personal::new("Zoë")),
            event_name: Some(Personal::new("30 Minute Consultation")),
            starts_at: starts_at.parse().unwrap(),
            time_zone: zone,
            locale: None,
            content_hash: String::new(),
        }
    }

    fn shown(created: &Created) -> String {
        render(ALL, &variables(created)).unwrap().expose().to_owned()
    }

    fn when(starts_at: &str, zone: Option<Tz>) -> String {
        let text = render("{{ appointment }}", &variables(&created(starts_at, zone))).unwrap();
        assert!(text.expose().is_ascii());
        text.expose().to_owned()
    }

    fn greeted(first_name: &str) -> String {
        name(Some(&Personal::new(first_name)))
    }

    #[test]
    fn every_variable_is_always_there() {
        let mut booking = created("2026-11-24T05:00:00Z", Some(Tz::Asia__Calcutta));
        insta::assert_snapshot!(shown(&booking), @"Zoë | 30 Minute Consultation | Tuesday, November 24 | 10:30 AM | Tuesday, November 24 at 10:30 AM");
        (booking.first_name, booking.event_name, booking.time_zone) = (None, None, None);
        insta::assert_snapshot!(shown(&booking), @"there | appointment | Tuesday, November 24 | 5:00 AM UTC | Tuesday, November 24 at 5:00 AM UTC");
    }

    #[test]
    fn times_are_the_customers_around_clock_changes() {
        let shown: Vec<_> = [
            ("2026-03-08T06:30:00Z", Tz::America__New_York), // the hour before it springs forward
            ("2026-03-08T07:30:00Z", Tz::America__New_York), // 2:30 does not exist
            ("2026-11-01T05:30:00Z", Tz::America__New_York), // 1:30, the first time
            ("2026-11-01T06:30:00Z", Tz::America__New_York), // and again
            ("2026-03-29T00:59:00Z", Tz::Europe__London),
            ("2026-03-29T01:00:00Z", Tz::Europe__London),
            ("2026-10-25T00:59:00Z", Tz::Europe__London),
            ("2026-10-25T01:00:00Z", Tz::Europe__London),
            ("2026-10-03T15:30:00Z", Tz::Australia__Lord_Howe), // half an hour of summer time
            ("2026-12-31T23:30:00Z", Tz::Asia__Kolkata),        // next year already
            ("2026-11-24T17:00:00Z", Tz::US__Pacific),
            ("2026-11-24T12:00:00Z", Tz::Etc__UTC),
            ("2026-11-24T00:00:00Z", Tz::Etc__UTC),
        ]
        .into_iter()
        .map(|(instant, zone)| format!("{instant} {zone}: {}", when(instant, Some(zone))))
        .collect();
        insta::assert_snapshot!(shown.join("\n"), @"
        2026-03-08T06:30:00Z America/New_York: Sunday, March 8 at 1:30 AM
        2026-03-08T07:30:00Z America/New_York: Sunday, March 8 at 3:30 AM
        2026-11-01T05:30:00Z America/New_York: Sunday, November 1 at 1:30 AM
        2026-11-01T06:30:00Z America/New_York: Sunday, November 1 at 1:30 AM
        2026-03-29T00:59:00Z Europe/London: Sunday, March 29 at 12:59 AM
        2026-03-29T01:00:00Z Europe/London: Sunday, March 29 at 2:00 AM
        2026-10-25T00:59:00Z Europe/London: Sunday, October 25 at 1:59 AM
        2026-10-25T01:00:00Z Europe/London: Sunday, October 25 at 1:00 AM
        2026-10-03T15:30:00Z Australia/Lord_Howe: Sunday, October 4 at 2:30 AM
        2026-12-31T23:30:00Z Asia/Kolkata: Friday, January 1 at 5:00 AM
        2026-11-24T17:00:00Z US/Pacific: Tuesday, November 24 at 9:00 AM
        2026-11-24T12:00:00Z Etc/UTC: Tuesday, November 24 at 12:00 PM
        2026-11-24T00:00:00Z Etc/UTC: Tuesday, November 24 at 12:00 AM
        ");
    }

    #[test]
    fn a_name_is_one_short_line() {
        for (given, expected) in [
            (" Aarav ", "Aarav"),
            ("Mary Ann", "Mary Ann"),
            ("Aa\u{7}r\u{202E}av", "Aarav"),
            ("Mary\nAnn", "Mary Ann"),
            ("O’Brien", "O'Brien"),
            ("अर्जुन", "अर्जुन"),
            ("J.R.", "J.R."),
            ("", "there"),
            (" \u{200B}\t", "there"),
            ("---", "there"),
            ("https://example.com/win", "there"),
            ("example.com", "there"),
            ("me@example", "there"),
            ("Call2025550143", "there"),
        ] {
            assert_eq!(greeted(given), expected, "{given:?}");
        }
        assert_eq!(greeted(&"a".repeat(41)), "a".repeat(40));
        // A family of seven characters is not cut apart.
        let family = "👩\u{200D}👩\u{200D}👧\u{200D}👦";
        assert_eq!(greeted(&format!("{}{family}", "a".repeat(36))), "a".repeat(36));
        assert_eq!(fitted(&format!("{} b", "a".repeat(39)), 40), "a".repeat(39));
    }

    #[test]
    fn the_first_name_is_the_first_word() {
        let first = |full| first_word(full).map(|name| name.expose().to_owned());
        assert_eq!(first("Aarav Sharma").as_deref(), Some("Aarav"));
        assert_eq!(first("Sharma, Aarav").as_deref(), Some("Aarav"));
        assert_eq!(first("Sharma,").as_deref(), Some("Sharma"));
        assert_eq!(first("  ").as_deref(), None);
    }
}
