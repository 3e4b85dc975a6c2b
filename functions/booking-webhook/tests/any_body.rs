//! No body makes a reader panic, and none of what they return shows personal data.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly, too")]

use booking_webhook::booking::BookingEvent;
use booking_webhook::{calcom, calendly, wording};
use messaging::text::template::render;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn read_all(body: &[u8]) {
    let us = "US".parse().ok();
    for read in [calendly::read, calcom::read] {
        for region in [None, us] {
            match read(body, region) {
                Ok(BookingEvent::Created(created)) => {
                    let text = render(
                        "{{ name }} {{ event_name }} {{ appointment }}",
                        &wording::variables(&created),
                    );
                    assert!(text.is_ok());
                }
                Ok(_) => {}
                Err(unusable) => assert!(!unusable.violations.is_empty()),
            }
        }
    }
    let _ = calcom::dedupe_key(body);
}

/// JSON that knows the names and values that matter.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "invitee.created",
        "invitee.canceled",
        "BOOKING_CREATED",
        "BOOKING_RESCHEDULED",
        "BOOKING_CANCELLED",
        "+12025550143",
        "(202) 555-0143",
        "America/New_York",
        "2026-11-24T05:00:00Z",
        "outbound_call",
        "phone",
        "u1",
        "",
        "\u{0}",
        "👩‍👧",
        "262143-12-31T23:59:59Z",
        "9999-12-31T23:59:60Z",
        "0000-01-01T00:00:00+23:59",
    ]);
    let leaf = prop_oneof![
        4 => word.prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let name = prop::sample::select(vec![
        "event",
        "triggerEvent",
        "createdAt",
        "payload",
        "uri",
        "uid",
        "old_invitee",
        "rescheduleUid",
        "rescheduled",
        "name",
        "first_name",
        "timezone",
        "text_reminder_number",
        "scheduled_event",
        "start_time",
        "startTime",
        "location",
        "type",
        "questions_and_answers",
        "question",
        "answer",
        "position",
        "attendees",
        "timeZone",
        "language",
        "locale",
        "phoneNumber",
        "smsReminderNumber",
        "responses",
        "value",
        "optionValue",
    ]);
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8).prop_map(|members| {
                Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>())
            }),
        ]
    })
}

/// A usable body of either source in which one place holds anything.
fn nearly_right() -> impl Strategy<Value = Value> {
    let places = vec![
        "/payload",
        "/payload/uri",
        "/payload/uid",
        "/payload/old_invitee",
        "/payload/rescheduleUid",
        "/payload/name",
        "/payload/timezone",
        "/payload/text_reminder_number",
        "/payload/smsReminderNumber",
        "/payload/scheduled_event",
        "/payload/scheduled_event/start_time",
        "/payload/scheduled_event/location",
        "/payload/startTime",
        "/payload/questions_and_answers",
        "/payload/attendees",
        "/payload/responses",
        "/payload/location",
    ];
    (prop::sample::select(places), any_json()).prop_map(|(place, value)| {
        let mut body = json!({"event": "invitee.created", "triggerEvent": "BOOKING_CREATED", "payload": {
            "uri": "u1", "uid": "u1", "name": "Alex Sample", "timezone": "America/New_York",
            "startTime": "2026-11-24T05:00:00Z",
            "scheduled_event": {"start_time": "2026-11-24T05:00:00Z", "name": "Call"},
            "questions_and_answers": [{"question": "Phone", "answer": "202 555 0143"}],
            "attendees": [{"name": "Alex Sample", "phoneNumber": "+12025550143"}],
        }});
        let (parent, name) = place.rsplit_once('/').unwrap_or_default();
        body.pointer_mut(parent).unwrap()[name] = value;
        body
    })
}

proptest! {
    #[test]
    fn bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_all(&bytes);
    }

    #[test]
    fn json_does_not_panic(body in any_json()) {
        read_all(body.to_string().as_bytes());
    }

    #[test]
    fn one_odd_field_does_not_panic(body in nearly_right()) {
        read_all(body.to_string().as_bytes());
    }

    #[test]
    fn any_words_in_any_answer_do_not_panic(question in "\\PC{0,30}", answer in "[0-9+() ./,a-z-]{0,40}|\\PC*") {
        let body = json!({"event": "invitee.created", "payload": {
            "uri": "u1", "scheduled_event": {"start_time": "2026-11-24T05:00:00Z"},
            "name": answer.clone(), "questions_and_answers": [{"question": question, "answer": answer}],
        }});
        read_all(body.to_string().as_bytes());
    }
}

#[test]
fn signed_bodies_are_read_if_they_are_bookings_and_rejected_otherwise() {
    let all: Value = serde_json::from_str(include_str!("vectors/calendly_signatures.json")).unwrap();
    for vector in all["vectors"].as_array().unwrap() {
        let (name, body) = (vector["name"].as_str().unwrap(), vector["body"].as_str().unwrap());
        read_all(body.as_bytes());
        let event = calendly::read(body.as_bytes(), None);
        assert_eq!(event.is_ok(), name.starts_with("payload_"), "{name}: {event:?}");
    }
}

#[test]
fn debug_output_contains_no_personal_data() {
    let secrets =
        ["Zebedee", "Quux", "2025550143", "202 555", "0143", "zebedee@example.com", "Secret Clinic"];
    let calendly = |phone: &str, start: &str| {
        json!({"event": "invitee.created", "payload": {
            "uri": "https://api.calendly.com/scheduled_events/E1/invitees/I1",
            "name": "Zebedee Quux", "email": "zebedee@example.com", "text_reminder_number": phone,
            "timezone": "America/New_York",
            "scheduled_event": {"start_time": start, "name": "Secret Clinic"},
            "questions_and_answers": [{"question": "Zebedee Quux phone", "answer": "202 555 014"}],
        }})
    };
    let calcom = |phone: &str, start: &str| {
        json!({"triggerEvent": "BOOKING_CREATED", "createdAt": "2026-11-20T09:00:00Z", "payload": {
            "uid": "u1", "startTime": start, "title": "Secret Clinic with Zebedee Quux", "smsReminderNumber": phone,
            "attendees": [{"name": "Zebedee Quux", "email": "zebedee@example.com"}],
        }})
    };
    let right = "2026-11-24T05:00:00Z";
    let mut shown = String::new();
    for (phone, start) in [
        ("+12025550143", right),
        ("+1 202 555 014", right),
        ("+12025550143", "Zebedee Quux"),
        ("Zebedee 2025550143 Quux 2025550143", right),
    ] {
        for event in [
            calendly::read(calendly(phone, start).to_string().as_bytes(), None),
            calcom::read(calcom(phone, start).to_string().as_bytes(), None),
        ] {
            shown += &format!("{event:?} {event:#?}");
            match event {
                Ok(BookingEvent::Created(created)) => shown += &format!("{:?}", wording::variables(&created)),
                Ok(other) => panic!("{other:?}"),
                Err(unusable) => shown += &format!("{unusable} {:?}", unusable.reason),
            }
        }
    }
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}
