//! Calendly's bodies: the vectors, our own payloads, every place of a number, every refusal.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail loudly, too")]

use booking_webhook::booking::{BookingEvent, Created, Links, Reason, Unusable};
use booking_webhook::calendly::read;
use messaging::values::phone::Region;
use rstest::rstest;
use serde_json::{Value, json};

const URI: &str = "https://api.calendly.com/scheduled_events/E1/invitees/I1";
const OTHER_URI: &str = "https://api.calendly.com/scheduled_events/E2/invitees/I2";

fn vector(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("vectors/calendly_payloads.json")).unwrap();
    all["payloads"][name].clone()
}

fn payload(name: &str) -> Vec<u8> {
    std::fs::read(format!("../../test-payloads/booking-webhook/{name}.json")).unwrap()
}

fn region(code: &str) -> Option<Region> {
    code.parse().ok()
}

fn read_value(body: &Value) -> Result<BookingEvent, Unusable> {
    read(body.to_string().as_bytes(), None)
}

fn created(event: Result<BookingEvent, Unusable>) -> Created {
    match event {
        Ok(BookingEvent::Created(created)) => *created,
        other => panic!("{other:?}"),
    }
}

/// The smallest body that can be used.
fn booking() -> Value {
    json!({"event": "invitee.created", "payload": {
        "uri": URI,
        "text_reminder_number": "+12025550143",
        "scheduled_event": {"start_time": "2026-11-24T05:00:00.000000Z"},
    }})
}

/// The smallest body, with a value set at a pointer; null takes it away.
fn with(pointer: &str, value: Value) -> Value {
    let mut body = booking();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

fn refusal(body: &Value) -> (&'static str, Vec<(String, &'static str)>) {
    let unusable = read_value(body).unwrap_err();
    let places = unusable.violations.into_iter().map(|v| (v.pointer, v.code)).collect();
    (unusable.reason.code(), places)
}

#[test]
fn the_vectors_are_read() {
    let booking = created(read_value(&vector("invitee_created")));
    let uri = "https://api.calendly.com/scheduled_events/0b7b0a1c-1111-4222-8333-000000000001/invitees/5c0ffee0-aaaa-4bbb-8ccc-000000000001";
    let next = uri.replace("0001/", "0002/").replace("c-000000000001", "c-000000000002");
    assert_eq!(booking.id, uri);
    assert_eq!(booking.phone.as_e164(), "+919876543210");
    assert_eq!(booking.first_name.unwrap().expose(), "Aarav");
    assert_eq!(booking.name.unwrap().expose(), "Aarav Sharma");
    assert_eq!(booking.event_name.unwrap().expose(), "30 Minute Consultation");
    assert_eq!(booking.starts_at.to_rfc3339(), "2026-11-24T05:00:00+00:00");
    assert_eq!(booking.time_zone, Some(chrono_tz::Tz::Asia__Calcutta));
    assert_eq!((booking.predecessor, booking.already_rescheduled), (None, false));

    for name in ["invitee_canceled_by_invitee", "invitee_canceled_by_host"] {
        let Ok(BookingEvent::Cancelled(cancelled)) = read_value(&vector(name)) else { panic!("{name}") };
        assert_eq!((cancelled.id.as_str(), cancelled.rescheduled, cancelled.successor), (uri, false, None));
    }
    let Ok(BookingEvent::Cancelled(old)) = read_value(&vector("reschedule_half_canceled")) else { panic!() };
    let new = created(read_value(&vector("reschedule_half_created")));
    assert!(old.rescheduled);
    assert_eq!((old.successor.as_deref(), new.predecessor.as_deref()), (Some(&*new.id), Some(&*old.id)));
    assert_eq!((old.id.as_str(), new.id), (uri, next));

    let called = created(read_value(&vector("created_phone_in_outbound_call_location")));
    assert_eq!(called.phone.as_e164(), "+14158675309");
    let unusable = read_value(&vector("created_without_phone")).unwrap_err();
    assert_eq!(unusable.reason, Reason::NoPhone);
    assert_eq!(unusable.booking, Some(Links { id: uri.into(), predecessor: None }));
    assert_eq!(read_value(&vector("no_show_created")), Ok(BookingEvent::Ignored));
}

#[test]
fn our_payloads_are_a_consistent_pair() {
    let first = created(read(&payload("calendly-invitee-created"), None));
    let second = created(read(&payload("calendly-rescheduled-created"), None));
    let Ok(BookingEvent::Cancelled(off)) = read(&payload("calendly-invitee-canceled"), None) else {
        panic!()
    };
    let Ok(BookingEvent::Cancelled(moved)) = read(&payload("calendly-rescheduled-canceled"), None) else {
        panic!()
    };
    assert_eq!((&off.id, off.rescheduled, off.successor), (&first.id, false, None));
    assert_eq!((&moved.id, moved.rescheduled), (&first.id, true));
    assert_eq!(moved.successor.as_ref(), Some(&second.id));
    assert_eq!(second.predecessor.as_ref(), Some(&first.id));
    assert_ne!(first.content_hash, second.content_hash);
    assert_eq!(second.phone.as_e164(), "+12025550143");
    let unusable = read(&payload("calendly-no-phone"), region("US")).unwrap_err();
    assert_eq!(unusable.reason, Reason::NoPhone);
}

/// A form: (question, answer) in order.
fn form(answers: &[(&str, &str)]) -> Value {
    answers
        .iter()
        .enumerate()
        .map(|(position, (question, answer))| {
            json!({"question": question, "answer": answer, "position": position})
        })
        .collect()
}

#[rstest]
#[case::reminder("+12025550143", "outbound_call", "+12025550144", "+12025550145", "+12025550143")]
#[case::spaces(" +1 (202) 555-0143 ", "outbound_call", "", "", "+12025550143")]
#[case::call("", "outbound_call", "+1 202-555-0144", "+12025550145", "+12025550144")]
#[case::hosts_own_number_is_not_taken("", "inbound_call", "+12025550144", "+12025550145", "+12025550145")]
#[case::an_address_is_not_looked_at("", "physical", "12025550144", "+12025550145", "+12025550145")]
#[case::unreadable_reminder("none", "outbound_call", "+12025550144", "", "+12025550144")]
#[case::toll_free_reminder("+18005550199", "outbound_call", "+12025550144", "", "+12025550144")]
#[case::landline_call("", "outbound_call", "+912227782183", "+12025550145", "+12025550145")]
fn the_first_place_with_a_number_that_takes_texts_wins(
    #[case] reminder: &str,
    #[case] kind: &str,
    #[case] location: &str,
    #[case] answer: &str,
    #[case] expected: &str,
) {
    let mut body = with("/payload/text_reminder_number", json!(reminder));
    body["payload"]["scheduled_event"]["location"] = json!({"type": kind, "location": location});
    body["payload"]["questions_and_answers"] = form(&[("Phone", answer)]);
    assert_eq!(created(read_value(&body)).phone.as_e164(), expected);
}

#[rstest]
#[case::asked_for_first(&[("Anything else?", "+12025550144"), ("Phone number", "+12025550143")], "+12025550143")]
#[case::first_of_two(&[("Mobile", "202 555 0143"), ("Other phone", "202 555 0144")], "+12025550143")]
#[case::skips_landlines(&[("Phone", "+91 22 2778 2183"), ("Mobile", "+1 202 555 0144")], "+12025550144")]
#[case::volunteered(&[("Topic", "Knee pain since 2019"), ("Zip", "94105"), ("Notes", "+1 (202) 555-0143")], "+12025550143")]
#[case::not_the_fax(&[("Fax number", "+12025550144"), ("Cell", "+12025550143")], "+12025550143")]
fn answers_are_chosen_by_their_question_then_their_place(
    #[case] answers: &[(&str, &str)],
    #[case] expected: &str,
) {
    let mut body = with("/payload/text_reminder_number", Value::Null);
    body["payload"]["timezone"] = json!("US/Pacific");
    body["payload"]["questions_and_answers"] = form(answers);
    assert_eq!(created(read_value(&body)).phone.as_e164(), expected);
}

#[test]
fn answers_are_in_order_of_position_not_of_the_list() {
    let mut body = with("/payload/text_reminder_number", Value::Null);
    body["payload"]["questions_and_answers"] = json!([
        {"question": "Phone", "answer": "+12025550144", "position": 10},
        {"question": "Phone", "answer": "+12025550143", "position": 9},
        null, 5, {"question": "Phone"}, {"answer": ["+12025550145"], "question": 3},
    ]);
    assert_eq!(created(read_value(&body)).phone.as_e164(), "+12025550143");
}

#[rstest]
#[case::free_text("What would you like to discuss?", "Knee pain since 2019")]
#[case::two_years("Since when?", "2018-2019")]
#[case::year("Since when?", "2019")]
#[case::zip("Where do you live?", "94105")]
#[case::zip_and_four("Where do you live?", "94105-1234")]
#[case::date("Preferred date?", "2026-11-24")]
#[case::order("Order number", "2025550143")]
#[case::emergency("Emergency contact phone", "+12025550143")]
#[case::wordless("Phone number", "same as last time")]
#[case::blank("Phone number", " ")]
fn what_is_no_number_of_the_customer_is_no_phone(#[case] question: &str, #[case] answer: &str) {
    for zone in ["America/New_York", "Europe/Berlin", "Europe/Copenhagen", "Asia/Singapore", "Asia/Calcutta"]
    {
        let mut body = with("/payload/text_reminder_number", Value::Null);
        body["payload"]["timezone"] = json!(zone);
        body["payload"]["questions_and_answers"] = form(&[(question, answer)]);
        assert_eq!(refusal(&body), ("no_phone", vec![("/payload".into(), "no_phone")]), "{zone}");
    }
}

#[rstest]
#[case::by_zone("(202) 555-0143", json!("America/New_York"), None, Some("+12025550143"))]
#[case::by_legacy_zone("98765 43210", json!("Asia/Calcutta"), None, Some("+919876543210"))]
#[case::zone_before_configuration("07700 900123", json!("GB"), Some("US"), Some("+447700900123"))]
#[case::by_configuration("(202) 555-0143", json!("Etc/UTC"), Some("US"), Some("+12025550143"))]
#[case::unknown_zone("(202) 555-0143", json!("Mars/Olympus"), Some("US"), Some("+12025550143"))]
#[case::no_zone("(202) 555-0143", Value::Null, Some("US"), Some("+12025550143"))]
#[case::never_guessed("(202) 555-0143", json!("EST"), None, None)]
#[case::plus_needs_none("+1 (202) 555-0143", json!("EST"), None, Some("+12025550143"))]
fn national_numbers_are_read_by_the_zone_then_by_the_configuration(
    #[case] number: &str,
    #[case] zone: Value,
    #[case] default_region: Option<&str>,
    #[case] expected: Option<&str>,
) {
    let mut body = with("/payload/text_reminder_number", json!(number));
    body["payload"]["timezone"] = zone;
    let event = read(body.to_string().as_bytes(), default_region.and_then(region));
    match expected {
        Some(expected) => assert_eq!(created(event).phone.as_e164(), expected),
        None => {
            let unusable = event.unwrap_err();
            assert_eq!(unusable.reason, Reason::PhoneNotUsable);
            assert_eq!(unusable.violations[0].code, "region_required");
        }
    }
}

#[rstest]
#[case::fixed_line("+912227782183", "not_textable")]
#[case::toll_free("+18005550199", "not_textable")]
#[case::premium("+19002345678", "not_textable")]
#[case::too_short("+1202555", "not_possible")]
#[case::no_country("+9992025550143", "unknown_country_code")]
#[case::words("call me", "not_a_number")]
fn a_number_that_takes_no_texts_is_not_usable(#[case] number: &str, #[case] code: &'static str) {
    let body = with("/payload/text_reminder_number", json!(number));
    let expected = vec![("/payload/text_reminder_number".to_owned(), code)];
    assert_eq!(refusal(&body), ("phone_not_usable", expected));
}

#[rstest]
#[case("/payload", Value::Null, "/payload", "required")]
#[case("/payload", json!([]), "/payload", "type")]
#[case("/event", Value::Null, "/event", "required")]
#[case("/event", json!(1), "/event", "type")]
#[case("/payload/uri", Value::Null, "/payload/uri", "required")]
#[case("/payload/uri", json!(""), "/payload/uri", "format")]
#[case("/payload/uri", json!(" "), "/payload/uri", "format")]
#[case("/payload/uri", json!("https://a.example/\u{e9}"), "/payload/uri", "format")]
#[case("/payload/uri", json!("u".repeat(513)), "/payload/uri", "format")]
#[case("/payload/uri", json!({}), "/payload/uri", "type")]
#[case("/payload/old_invitee", json!(7), "/payload/old_invitee", "type")]
#[case("/payload/old_invitee", json!("a b"), "/payload/old_invitee", "format")]
#[case("/payload/old_invitee", json!(URI), "/payload/old_invitee", "self_reference")]
#[case("/payload/rescheduled", json!("true"), "/payload/rescheduled", "type")]
#[case("/payload/name", json!(["Al"]), "/payload/name", "type")]
#[case("/payload/first_name", json!(1), "/payload/first_name", "type")]
#[case("/payload/timezone", json!(-5), "/payload/timezone", "type")]
#[case("/payload/text_reminder_number", json!(12025550143_u64), "/payload/text_reminder_number", "type")]
#[case("/payload/scheduled_event", json!("x"), "/payload/scheduled_event", "type")]
#[case("/payload/scheduled_event/name", json!(1), "/payload/scheduled_event/name", "type")]
#[case("/payload/scheduled_event/start_time", json!(1), "/payload/scheduled_event/start_time", "type")]
#[case("/payload/scheduled_event/start_time", json!(""), "/payload/scheduled_event/start_time", "format")]
#[case("/payload/scheduled_event/start_time", json!("2026-02-30T05:00:00Z"), "/payload/scheduled_event/start_time", "format")]
#[case("/payload/scheduled_event/start_time", json!("2026-11-24T05:00:00"), "/payload/scheduled_event/start_time", "format")]
#[case("/payload/scheduled_event/start_time", json!("24/11/2026"), "/payload/scheduled_event/start_time", "format")]
fn a_wrong_shape_is_malformed(
    #[case] pointer: &str,
    #[case] value: Value,
    #[case] place: &str,
    #[case] code: &str,
) {
    let (reason, places) = refusal(&with(pointer, value));
    assert_eq!(reason, "malformed");
    assert!(places.iter().any(|(at, why)| at == place && *why == code), "{places:?}");
}

#[rstest]
#[case("/payload/scheduled_event", "/payload/scheduled_event")]
#[case("/payload/scheduled_event/start_time", "/payload/scheduled_event/start_time")]
fn without_a_time_there_is_no_booking(#[case] taken: &str, #[case] place: &str) {
    assert_eq!(refusal(&with(taken, Value::Null)), ("no_start_time", vec![(place.into(), "required")]));
}

#[test]
fn all_violations_are_reported_at_once() {
    let mut body = with("/payload/uri", Value::Null);
    body["payload"]["text_reminder_number"] = json!("call me");
    body["payload"]["scheduled_event"] = json!({"start_time": null, "name": 5});
    let expected = [
        ("/payload/scheduled_event/name", "type"),
        ("/payload/scheduled_event/start_time", "required"),
        ("/payload/text_reminder_number", "not_a_number"),
        ("/payload/uri", "required"),
    ];
    assert_eq!(refusal(&body), ("malformed", expected.map(|(place, code)| (place.into(), code)).to_vec()));
}

#[rstest]
#[case("")]
#[case("null")]
#[case("[]")]
#[case("\"invitee.created\"")]
#[case("{")]
#[case("{}")]
#[case("triggerEvent=BOOKING_CREATED")]
#[case(r#"{"event":"ping","event":"invitee.created","payload":{}}"#)]
fn a_body_without_an_event_is_malformed(#[case] body: &str) {
    let unusable = read(body.as_bytes(), None).unwrap_err();
    assert_eq!(unusable.reason, Reason::Malformed);
    assert!(!unusable.violations.is_empty());
    assert_eq!(unusable.booking, None);
}

#[test]
fn a_body_with_duplicate_keys_or_deep_nesting_is_malformed() {
    let twice = booking().to_string().replace(r#""uri":"#, r#""uri":"x","uri":"#);
    let deep = with(
        "/payload/tracking",
        serde_json::from_str(&format!("{}{}", "[".repeat(80), "]".repeat(80))).unwrap(),
    );
    for (body, code) in [(twice, "duplicate_key"), (deep.to_string(), "too_deep")] {
        let unusable = read(body.as_bytes(), None).unwrap_err();
        assert_eq!((unusable.reason, unusable.booking), (Reason::Malformed, None));
        assert_eq!(unusable.violations[0].code, code);
    }
}

#[test]
fn unused_fields_may_have_any_value() {
    let mut body = booking();
    body["payload"]["cancellation"] = json!([1, {"x": "\u{0}"}]);
    body["payload"]["tracking"] = json!(7);
    body["payload"]["text_reminder_number"] = json!("+12025550143");
    body["payload"]["questions_and_answers"] = json!("not reached");
    body["new"] = json!({"unknown": true});
    let text = body.to_string().replace(r#""unknown""#, r#""half":"\ud83d","huge":1e999,"unknown""#);
    created(read(text.as_bytes(), None));
}

#[rstest]
#[case(r#"{"event":"invitee_no_show.created","payload":5}"#)]
#[case(r#"{"event":"event_type.created"}"#)]
#[case(r#"{"event":"routing_form_submission.created","payload":{"uri":"a","uri":"b"}}"#)]
#[case(r#"{"event":"invitee.rescheduled","payload":{}}"#)]
#[case(r#"{"event":"","payload":{}}"#)]
fn other_events_are_ignored_whatever_their_content(#[case] body: &str) {
    assert_eq!(read(body.as_bytes(), None), Ok(BookingEvent::Ignored));
}

#[test]
fn a_cancellation_needs_only_its_id() {
    let odd = json!({"event": "invitee.canceled", "payload": {
        "uri": URI, "rescheduled": "yes", "new_invitee": 5, "scheduled_event": [], "timezone": 1,
    }});
    let Ok(BookingEvent::Cancelled(cancelled)) = read_value(&odd) else { panic!() };
    assert_eq!((cancelled.id.as_str(), cancelled.rescheduled, cancelled.successor), (URI, false, None));
    let unusable = read_value(&json!({"event": "invitee.canceled", "payload": {}})).unwrap_err();
    assert_eq!(unusable.reason, Reason::Malformed);
    assert_eq!(unusable.violations[0].pointer, "/payload/uri");
}

#[test]
fn an_unusable_reschedule_still_names_the_booking_that_it_replaces() {
    let mut body = with("/payload/old_invitee", json!(OTHER_URI));
    body["payload"]["text_reminder_number"] = Value::Null;
    let unusable = read_value(&body).unwrap_err();
    let links = Links { id: URI.into(), predecessor: Some(OTHER_URI.into()) };
    assert_eq!((unusable.reason, unusable.booking), (Reason::NoPhone, Some(links)));
}

#[test]
fn names_come_from_the_form_as_it_is() {
    let first = |body: &Value| created(read_value(body)).first_name.map(|name| name.expose().to_owned());
    assert_eq!(first(&with("/payload/name", json!("Alex Sample"))).as_deref(), Some("Alex"));
    assert_eq!(first(&with("/payload/first_name", json!("Mary Ann"))).as_deref(), Some("Mary Ann"));
    assert_eq!(first(&booking()), None);
    assert!(created(read_value(&with("/payload/rescheduled", json!(true)))).already_rescheduled);
    assert_eq!(created(read_value(&with("/payload/old_invitee", json!("")))).predecessor, None);
}

#[test]
fn the_content_hash_depends_on_the_content() {
    let mut spaced = serde_json::to_string_pretty(&booking()).unwrap();
    spaced.insert(0, ' ');
    let hash = |body: &[u8]| created(read(body, None)).content_hash;
    let plain = hash(booking().to_string().as_bytes());
    assert_eq!(plain, hash(spaced.as_bytes()));
    assert_ne!(plain, hash(with("/payload/name", json!("A")).to_string().as_bytes()));
}

#[test]
fn huge_bodies_are_read_in_reasonable_time() {
    let answers: Vec<_> =
        (0..20_000).map(|n| json!({"question": "Phone", "answer": "9".repeat(30), "position": n})).collect();
    let mut body = with("/payload/text_reminder_number", Value::Null);
    body["payload"]["questions_and_answers"] = json!(answers);
    let begun = std::time::Instant::now();
    assert_eq!(read_value(&body).unwrap_err().reason, Reason::PhoneNotUsable);
    assert!(begun.elapsed().as_secs() < 20);
}
