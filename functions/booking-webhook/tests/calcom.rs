//! Cal.com's bodies: the vectors, our own payloads, every place of a number, every refusal.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly, too")]

use booking_webhook::booking::{BookingEvent, Created, Links, Reason, Unusable};
use booking_webhook::calcom::{dedupe_key, read};
use rstest::rstest;
use serde_json::{Value, json};

fn vector(name: &str) -> Vec<u8> {
    let all: Value = serde_json::from_str(include_str!("vectors/calcom_signatures.json")).unwrap();
    let vector = all["vectors"].as_array().unwrap().iter().find(|vector| vector["name"] == name).unwrap();
    vector["body"].as_str().unwrap().as_bytes().to_vec()
}

fn payload(name: &str) -> Vec<u8> {
    std::fs::read(format!("../../test-payloads/booking-webhook/{name}.json")).unwrap()
}

fn created(event: Result<BookingEvent, Unusable>) -> Created {
    match event {
        Ok(BookingEvent::Created(created)) => *created,
        other => panic!("{other:?}"),
    }
}

/// The smallest payload, with more.
fn booking(more: Value) -> Vec<u8> {
    let mut payload = json!({"uid": "u1", "startTime": "2026-11-24T05:00:00Z"});
    for (name, value) in more.as_object().unwrap() {
        payload[name] = value.clone();
    }
    json!({"triggerEvent": "BOOKING_CREATED", "createdAt": "2026-11-20T09:00:00.000Z", "payload": payload})
        .to_string()
        .into_bytes()
}

#[test]
fn the_vectors_are_read() {
    let booking = created(read(&vector("booking_created"), None));
    assert_eq!(booking.id, "bFJeNb2uX8ANpT3JL5EfXw");
    assert_eq!(booking.predecessor, None);
    assert_eq!(booking.phone.as_e164(), "+919876543210");
    assert_eq!(booking.first_name.unwrap().expose(), "Aarav");
    assert_eq!(booking.time_zone, Some(chrono_tz::Tz::Asia__Kolkata));
    assert_eq!(booking.locale.as_deref(), Some("en"));
    assert_eq!(booking.starts_at.to_rfc3339(), "2026-11-24T05:00:00+00:00");

    let moved = created(read(&vector("booking_rescheduled"), None));
    assert_eq!(moved.id, "newUid0000000000000000");
    assert_eq!(moved.predecessor.as_deref(), Some("bFJeNb2uX8ANpT3JL5EfXw"));

    let Ok(BookingEvent::Cancelled(off)) = read(&vector("booking_cancelled"), None) else { panic!() };
    assert_eq!((off.id.as_str(), off.rescheduled, off.successor), ("bFJeNb2uX8ANpT3JL5EfXw", false, None));
    assert_eq!(read(&vector("ping"), None), Ok(BookingEvent::Ignored));
    let pretty = created(read(&vector("pretty_printed"), None));
    assert_eq!(pretty.content_hash, booking.content_hash);
}

#[test]
fn our_payloads_are_a_consistent_chain() {
    let first = created(read(&payload("calcom-booking-created"), None));
    let second = created(read(&payload("calcom-booking-rescheduled"), None));
    let Ok(BookingEvent::Cancelled(off)) = read(&payload("calcom-booking-cancelled"), None) else { panic!() };
    assert_eq!(second.predecessor.as_ref(), Some(&first.id));
    assert_eq!(off.id, first.id);
    assert_eq!(first.phone.as_e164(), "+12025550178");
    assert_eq!(first.first_name.unwrap().expose(), "Jordan");
    assert_eq!(first.event_name.unwrap().expose(), "30 Minute Consultation");
}

#[rstest]
#[case::reminder(json!({"smsReminderNumber": "+12025550143", "attendees": [{"phoneNumber": "+12025550144"}]}))]
#[case::attendee(json!({"attendees": [{"phoneNumber": "+1 202 555 0143"}, {"phoneNumber": "+12025550144"}]}))]
#[case::blank_reminder(json!({"smsReminderNumber": "", "attendees": [{"phoneNumber": "+12025550143"}]}))]
#[case::response(json!({"responses": {"attendeePhoneNumber": {"label": "l", "value": "+12025550143"}}}))]
#[case::bare_response(json!({"responses": {"smsReminderNumber": "+12025550143"}}))]
#[case::own_field(json!({"responses": {"phone": {"value": "+12025550143"}, "name": {"value": {"firstName": "A"}}}}))]
#[case::chosen_location(json!({"responses": {"location": {"label": "l", "value": {"value": "phone", "optionValue": "+12025550143"}}}}))]
#[case::bare_chosen_location(json!({"responses": {"location": {"value": "phone", "optionValue": "+12025550143"}}}))]
#[case::location(json!({"location": "+1 202-555-0143"}))]
#[case::not_the_hosts(json!({"responses": {"location": {"value": {"value": "userPhone", "optionValue": ""}}, "phone": "+12025550143"}, "location": "+12025550144"}))]
#[case::by_zone(json!({"smsReminderNumber": "(202) 555-0143", "attendees": [{"timeZone": "America/New_York"}]}))]
fn the_number_is_found(#[case] more: Value) {
    assert_eq!(created(read(&booking(more), None)).phone.as_e164(), "+12025550143");
}

#[rstest]
#[case::nothing(json!({}), Reason::NoPhone)]
#[case::link(json!({"location": "https://example.com/12025550143"}), Reason::NoPhone)]
#[case::daily(json!({"location": "integrations:daily", "responses": {"notes": "since 2019"}}), Reason::NoPhone)]
#[case::hosts(json!({"location": "+12025550144", "responses": {"location": {"value": {"value": "userPhone"}}}}), Reason::NoPhone)]
#[case::hosts_too(json!({"location": "+12025550144", "organizer": {"phoneNumber": "+12025550144"}}), Reason::NoPhone)]
#[case::toll_free(json!({"smsReminderNumber": "+18005550199"}), Reason::PhoneNotUsable)]
#[case::national(json!({"smsReminderNumber": "(202) 555-0143"}), Reason::PhoneNotUsable)]
#[case::no_time(json!({"startTime": null, "smsReminderNumber": "+12025550143"}), Reason::NoStartTime)]
#[case::bad_time(json!({"startTime": "tomorrow", "smsReminderNumber": "+12025550143"}), Reason::Malformed)]
#[case::no_uid(json!({"uid": null, "smsReminderNumber": "+12025550143"}), Reason::Malformed)]
#[case::empty_uid(json!({"uid": "", "smsReminderNumber": "+12025550143"}), Reason::Malformed)]
#[case::numeric_uid(json!({"uid": 5, "smsReminderNumber": "+12025550143"}), Reason::Malformed)]
#[case::attendees(json!({"attendees": {}, "smsReminderNumber": "+12025550143"}), Reason::Malformed)]
#[case::attendee(json!({"attendees": [5], "smsReminderNumber": "+12025550143"}), Reason::Malformed)]
#[case::own_predecessor(json!({"rescheduleUid": "u1", "smsReminderNumber": "+12025550143"}), Reason::Malformed)]
fn refusals_have_their_reason(#[case] more: Value, #[case] reason: Reason) {
    let unusable = read(&booking(more), None).unwrap_err();
    assert_eq!(unusable.reason, reason);
    assert!(!unusable.violations.is_empty());
}

#[test]
fn a_reschedule_names_the_booking_that_it_replaces() {
    let body = |more: Value| {
        String::from_utf8(booking(more))
            .unwrap()
            .replace("BOOKING_CREATED", "BOOKING_RESCHEDULED")
            .into_bytes()
    };
    let unusable = read(&body(json!({"smsReminderNumber": "+12025550143"})), None).unwrap_err();
    assert_eq!(unusable.reason, Reason::Malformed);
    assert_eq!(unusable.violations[0].pointer, "/payload/rescheduleUid");
    let unusable = read(&body(json!({"rescheduleUid": "u0"})), None).unwrap_err();
    let links = Links { id: "u1".into(), predecessor: Some("u0".into()) };
    assert_eq!((unusable.reason, unusable.booking), (Reason::NoPhone, Some(links)));
    // A booking that the host had to approve arrives as created.
    let approved = booking(json!({"rescheduleUid": "u0", "smsReminderNumber": "+12025550143"}));
    assert_eq!(created(read(&approved, None)).predecessor.as_deref(), Some("u0"));
}

#[rstest]
#[case("BOOKING_REQUESTED")]
#[case("BOOKING_REJECTED")]
#[case("BOOKING_PAID")]
#[case("BOOKING_NO_SHOW_UPDATED")]
#[case("MEETING_STARTED")]
#[case("MEETING_ENDED")]
#[case("PING")]
#[case("booking_created")]
fn other_events_are_ignored(#[case] trigger: &str) {
    for body in [
        json!({"triggerEvent": trigger, "payload": {}}),
        json!({"triggerEvent": trigger}),
        json!({"triggerEvent": trigger, "payload": 5}),
    ] {
        assert_eq!(read(body.to_string().as_bytes(), None), Ok(BookingEvent::Ignored));
    }
}

#[test]
fn a_cancellation_needs_only_its_id() {
    let body = json!({"triggerEvent": "BOOKING_CANCELLED", "payload": {"uid": "u1", "attendees": 5}});
    assert!(matches!(read(body.to_string().as_bytes(), None), Ok(BookingEvent::Cancelled(_))));
}

#[rstest]
#[case("triggerEvent=BOOKING_CREATED&uid=u1")]
#[case(r#"{"uid":"u1","startTime":"2026-11-24T05:00:00Z"}"#)]
#[case(r#"{"triggerEvent":"BOOKING_CREATED","payload":{"uid":"a","uid":"b"}}"#)]
fn a_payload_template_of_the_hosts_own_is_malformed(#[case] body: &str) {
    assert_eq!(read(body.as_bytes(), None).unwrap_err().reason, Reason::Malformed);
    assert_eq!(dedupe_key(body.as_bytes()), None);
}

#[test]
fn replays_share_a_key_and_events_do_not() {
    let key = dedupe_key(&vector("booking_created"));
    assert_eq!(key.as_deref(), Some("bFJeNb2uX8ANpT3JL5EfXw BOOKING_CREATED 2026-11-20T09:00:00.000Z"));
    assert_eq!(key, dedupe_key(&vector("pretty_printed")));
    assert_ne!(key, dedupe_key(&vector("booking_cancelled")));
    assert_eq!(dedupe_key(&vector("ping")), None);
}
