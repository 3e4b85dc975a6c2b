//! Bodies and headers of all sources.

use http_edge::signature::twilio::{Algorithm, sign};
use http_edge::signature::{plain_hmac, timestamped};
use messaging::values::secret::SecretText;

use crate::call::{Answer, answer, assert_quiet, event};
use crate::world::{API_KEY, SIGNING_KEY, now, world};

const JSON: (&str, &str) = ("content-type", "application/json");

fn key() -> SecretText {
    SecretText::new(SIGNING_KEY).unwrap()
}

/// Calls twice: the second call changes nothing, regardless of the result of the first.
fn twice(route: &str, headers: &[(&str, &str)], body: &[u8]) -> (Answer, Answer) {
    let world = world();
    let call = || event(route, headers, body).map(|event| answer(&world, event));
    let first = call().unwrap();
    let shape = |world: &messaging::testing::memory::World| {
        let state = world.state();
        (state.store.conversations.clone(), state.executions.clone(), state.store.quarantine.len())
    };
    let stored = shape(&world);
    let second = call().unwrap();
    let again = shape(&world);
    assert!(stored.0 == again.0 && stored.1 == again.1, "a repeat changed something");
    assert!(again.2 <= stored.2 + usize::from(stored.2 == 0), "a repeat was moved to quarantine again");
    for conversation in stored.0.values() {
        let steps = conversation.plan.iter().flat_map(|plan| &plan.steps);
        assert!(
            steps.into_iter().all(|step| step.content.is_some() || !step.text.expose().trim().is_empty())
        );
    }
    assert_quiet(&world);
    (first, second)
}

/// Passes the body of one of our own services: it is accepted and then a duplicate, or it is rejected twice.
fn own_service(route: &str, headers: &[(&str, &str)], body: &[u8]) {
    let ((first, said), (second, repeated)) = twice(route, headers, body);
    match first {
        202 => {
            assert_eq!((second, repeated["status"].as_str()), (200, Some("duplicate")), "{repeated}");
            assert_eq!(said["due"], repeated["due"]);
        }
        400 | 413 => assert_eq!((second, &repeated), (first, &said)),
        other => panic!("{other} {said}"),
    }
}

/// `POST /sms`.
pub(crate) fn sms_body(data: &[u8]) {
    own_service("POST /sms", &[JSON, ("x-api-key", API_KEY)], data);
}

/// `POST /messages`.
pub(crate) fn messages_body(data: &[u8]) {
    own_service("POST /messages", &[JSON, ("x-api-key", API_KEY)], data);
}

/// `POST /messages/bulk`: an accepted message is a duplicate in the repeat, and a rejected one is rejected again.
pub(crate) fn bulk_body(data: &[u8]) {
    let headers = [JSON, ("x-api-key", API_KEY)];
    let ((first, said), (second, repeated)) = twice("POST /messages/bulk", &headers, data);
    assert_eq!(first, second);
    let statuses = |answer: &serde_json::Value| -> Vec<String> {
        let results = answer["results"].as_array().into_iter().flatten();
        results.map(|result| result["status"].to_string().replace("accepted", "duplicate")).collect()
    };
    assert_eq!(statuses(&said), statuses(&repeated));
    assert!(statuses(&repeated).iter().all(|status| !status.contains("accepted")), "{repeated}");
}

/// `POST /trigger`.
pub(crate) fn trigger_body(data: &[u8]) {
    own_service("POST /trigger", &[JSON, ("x-api-key", API_KEY)], data);
}

/// `POST /webhooks/{source}` of a declared source.
pub(crate) fn declared_source_body(data: &[u8]) {
    let signature = timestamped::sign(data, &key(), now().timestamp());
    own_service("POST /webhooks/{source}", &[JSON, ("x-afterword-signature", &signature)], data);
}

/// Any body of a booking system is answered with 200.
fn booking(route: &str, header: (&str, &str), data: &[u8]) {
    let ((first, said), (second, repeated)) = twice(route, &[JSON, header], data);
    assert_eq!((first, second), (200, 200), "{said} {repeated}");
}

/// `POST /webhooks/calendly`.
pub(crate) fn calendly_body(data: &[u8]) {
    let signature = timestamped::sign(data, &key(), now().timestamp());
    booking("POST /webhooks/calendly", (timestamped::CALENDLY_HEADER, &signature), data);
}

/// `POST /webhooks/calcom`.
pub(crate) fn calcom_body(data: &[u8]) {
    let signature = plain_hmac::sign(data, &key());
    booking("POST /webhooks/calcom", (plain_hmac::CALCOM_HEADER, &signature), data);
}

/// `POST /twilio/inbound` with any bytes as a form, signed as Twilio signs the decoded fields.
pub(crate) fn inbound_form(data: &[u8]) {
    const ROUTE: &str = "POST /twilio/inbound";
    let fields: Vec<(String, String)> = form_urlencoded::parse(data).into_owned().collect();
    let signature = sign(Algorithm::HmacSha1, "https://example.com/twilio/inbound", &fields, &key());
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("x-twilio-signature", signature.as_str())];
    let world = world();
    let call = |world| answer(world, event(ROUTE, &headers, data).unwrap()).0;
    assert_eq!(call(&world), 200);
    let stored = world.state().store.inbound.clone();
    assert!(stored.len() <= 1);
    assert_eq!(call(&world), 200);
    assert_eq!(world.state().store.inbound, stored);
    assert_quiet(&world);
}

/// Passes a header (the first line) that is not a signature of the body (the rest): every signed route answers 401 and
/// stores nothing.
pub(crate) fn signature_headers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (header, body) = text.split_once('\n').unwrap_or((&text, ""));
    for (route, name) in [
        ("POST /webhooks/calendly", timestamped::CALENDLY_HEADER),
        ("POST /webhooks/calcom", plain_hmac::CALCOM_HEADER),
        ("POST /webhooks/{source}", "x-afterword-signature"),
        ("POST /twilio/inbound", "x-twilio-signature"),
        ("POST /sms", "x-api-key"),
    ] {
        if header == API_KEY {
            return;
        }
        let world = world();
        let Some(event) = event(route, &[JSON, (name, header)], body.as_bytes()) else { return };
        let (status, said) = answer(&world, event);
        assert_eq!(status, 401, "{route}: {said}");
        let state = world.state();
        assert!(state.store.conversations.is_empty() && state.store.quarantine.is_empty());
        assert!(state.store.inbound.is_empty() && state.executions.is_empty());
    }
}
