//! Reports of providers about a text that has left, by a signed form and by events of AWS's; and
//! what AWS publishes of customers' replies.

use http_edge::lambda_event::Failed;
use http_edge::signature::twilio::{Algorithm, sign};
use messaging::testing::memory::World;
use messaging::values::secret::SecretText;
use serde_json::{Value, json};

use crate::call::{answer, event, event_with_query, read, run};
use crate::world::{API_KEY, SIGNING_KEY, handlers, world};

/// The event for which the text is sent.
const EVENT: &[u8] = include_bytes!("../../test-payloads/ingest/sms-advance-approved.json");
const ID: &str = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";
const QUERY: &str = "conversation=sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f&step=text&attempt=1";

/// Creates a world in which one text has been sent.
fn world_with_a_text() -> World {
    let world = world();
    let headers = [("content-type", "application/json"), ("x-api-key", API_KEY)];
    assert_eq!(answer(&world, event("POST /sms", &headers, EVENT).unwrap()).0, 202);
    world.pass(3600);
    let visit = json!({ "conversation_id": ID, "step": "text", "due": "2027-01-15T08:00:00Z" });
    let visited = run(handlers(&world).send.handle(&visit, "invocation")).unwrap();
    assert_eq!(serde_json::to_value(visited).unwrap()["verdict"], "Sent");
    world
}

/// Delivers a report twice: it sends no second text and starts at most one execution, and the repeat changes nothing.
fn twice(report: impl Fn(&World)) {
    let world = world_with_a_text();
    report(&world);
    let shape = |world: &World| {
        let state = world.state();
        (state.store.conversations.clone(), state.executions.clone(), state.store.inbound.clone())
    };
    let first = shape(&world);
    report(&world);
    assert!(first == shape(&world), "a repeat changed something");
    let state = world.state();
    assert!(state.inconsistencies.is_empty(), "{:?}", state.inconsistencies);
    assert_eq!(state.delivered, 1);
    assert!(state.executions.len() <= 2, "{:?}", state.executions);
}

/// `POST /twilio/status` with any bytes as a form, signed as Twilio signs the decoded fields.
pub(crate) fn status_callback(data: &[u8]) {
    let fields: Vec<(String, String)> = form_urlencoded::parse(data).into_owned().collect();
    let url = format!("https://example.com/twilio/status?{QUERY}");
    let signature = sign(Algorithm::HmacSha1, &url, &fields, &SecretText::new(SIGNING_KEY).unwrap());
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("x-twilio-signature", signature.as_str())];
    twice(|world| {
        let call = event_with_query("POST /twilio/status", QUERY, &headers, data).unwrap();
        let (status, said) = read(run(handlers(world).delivery_status.answer(call)));
        assert!(matches!(status, 200 | 204), "{status} {said}");
    });
}

/// Passes any bytes as a message on the topic of delivery events, and as an event of AWS to the function itself.
pub(crate) fn delivery_event(data: &[u8]) {
    for event in as_events(data) {
        twice(|world| understood(run(handlers(world).delivery_status.handle(event.clone()))));
    }
}

/// Passes any bytes as a message on the topic of replies. A reply is stored once, and only STOP is answered by a text.
pub(crate) fn two_way_event(data: &[u8]) {
    for event in as_events(data) {
        twice(|world| understood(run(handlers(world).inbound.handle(event.clone()))));
    }
}

/// Returns the bytes as a published message, and as the whole event. `gateway_event` covers calls of the HTTP API.
fn as_events(data: &[u8]) -> Vec<Value> {
    let message = String::from_utf8_lossy(data);
    let mut events =
        vec![json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "Message": message } }] })];
    let whole = serde_json::from_slice::<Value>(data).ok();
    events.extend(whole.filter(|event| event.get("requestContext").is_none()));
    events
}

fn understood(handled: Result<Value, Failed>) {
    assert!(matches!(handled, Ok(Value::Null) | Err(Failed::Malformed(_))), "{handled:?}");
}
