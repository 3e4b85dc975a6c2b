//! Old items: every item that was ever written stays readable. `tests/items/<shape>/<item>.json` holds each
//! kind of item as it was written under that shape, in DynamoDB's own JSON. A change of the written items
//! is a new folder beside the old ones, never an edit of one: `AFTERWORD_WRITE_ITEMS=v2 cargo test -p
//! adapters` creates it.

mod rules;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use adapters::journeys::JourneyStore;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use messaging::conversation::Conversation;
use messaging::conversation::delivery::AttemptPrice;
use messaging::conversation::inbound_message::InboundMessage;
use messaging::conversation::step::{Claim, Decision, LostResponse, Progress, ProviderMessage, StepState};
use messaging::forget::forget;
use messaging::journeys::budgets::{Budget, Reservation};
use messaging::ports::{
    BookingEnd, ClaimRequest, Conversations, Inbox, JourneySource, ProviderReport, Quarantine,
    QuarantinedEvent,
};
use messaging::receive_message::receive;
use messaging::text::template::{MessageText, PersonName};
use messaging::text::whatsapp_template::{ContentSid, WhatsappTemplate};
use messaging::values::channel::Channel;
use messaging::values::dollars::Dollars;
use messaging::values::ids::{ConversationId, SourceName};
use messaging::values::verdict::{Because, Verdict};
use serde_json::{Map, Value, json};

use crate::rig::{HandClock, Rig, at, conversation, phone, step_name};

const ID: &str = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";
const NEWER: &str = "calendly-b8e2b0e013d921e8a740e74f1ff4d001";

const SMALL: &str = r#"[sources.sms]
currency = "USD"
locale = "en-US"
[journeys.hello]
[[journeys.hello.steps]]
name = "text"
delay = "0s"
category = "transactional"
text = "hello"
[texts.hello]
en = "Hello."
"#;

type Raw = std::collections::HashMap<String, AttributeValue>;
/// Items by the names of their files.
type Items = BTreeMap<String, Raw>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/items")
}

/// The shapes, oldest first.
fn shapes() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut shapes: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    shapes.sort_by_key(|shape| shape.trim_start_matches('v').parse::<u32>().unwrap());
    shapes
}

fn to_json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(truth) => json!({ "BOOL": truth }),
        AttributeValue::Null(_) => json!({ "NULL": true }),
        AttributeValue::B(bytes) => json!({ "B": BASE64_STANDARD.encode(bytes) }),
        AttributeValue::L(items) => json!({ "L": items.iter().map(to_json).collect::<Vec<_>>() }),
        AttributeValue::M(members) => json!({ "M": item_to_json(members) }),
        other => panic!("no item has {other:?}"),
    }
}

fn item_to_json(item: &Raw) -> Value {
    let sorted: BTreeMap<_, _> = item.iter().collect();
    sorted.into_iter().map(|(name, value)| (name.clone(), to_json(value))).collect::<Map<_, _>>().into()
}

fn from_json(value: &Value) -> AttributeValue {
    let (kind, inner) = value.as_object().unwrap().iter().next().unwrap();
    let text = || inner.as_str().unwrap().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "BOOL" => AttributeValue::Bool(inner.as_bool().unwrap()),
        "NULL" => AttributeValue::Null(true),
        "B" => AttributeValue::B(Blob::new(BASE64_STANDARD.decode(text()).unwrap())),
        "L" => AttributeValue::L(inner.as_array().unwrap().iter().map(from_json).collect()),
        "M" => AttributeValue::M(item_from_json(inner)),
        other => panic!("{other}"),
    }
}

fn item_from_json(value: &Value) -> Raw {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), from_json(value))).collect()
}

/// Reads the items that a shape's own folder holds.
fn own_fixtures(shape: &str) -> Items {
    let entries = std::fs::read_dir(folder().join(shape)).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, item_from_json(&serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()))
    };
    entries.map(read).collect()
}

/// Reads every kind of item under a shape: a folder holds only the items that differ from the older shapes.
fn fixtures(shape: &str) -> Items {
    let mut items = Items::new();
    for older in shapes() {
        items.extend(own_fixtures(&older));
        if older == shape {
            return items;
        }
    }
    panic!("there is no shape {shape}")
}

fn named() -> Conversation {
    let mut named = conversation(ID);
    let plan = named.plan.as_mut().unwrap();
    plan.name = Some(PersonName::new("Alex"));
    let sid = ContentSid::try_from(format!("HX{}", "0".repeat(32))).unwrap();
    plan.steps[0].content =
        Some(WhatsappTemplate { sid, variables: [("1".to_owned(), "Alex".to_owned())].into() });
    plan.steps[0].cost_micro_usd = Some(8_300);
    plan.steps[0].truncated = true;
    named
}

fn wrote(id: &str, words: &str) -> InboundMessage {
    InboundMessage {
        provider: messaging::values::provider::Provider::Twilio,
        id: id.to_owned(),
        from: phone(),
        to: "+12025550100".to_owned(),
        channel: Channel::Sms,
        body: MessageText::new(words),
        media: 0,
        replied_to: None,
        keyword: None,
        at: at(5),
    }
}

/// Adds a stored item under the name of its file.
async fn note(items: &mut Items, rig: &Rig, name: &str, pk: &str, sk: &str) {
    let item = rig.raw(pk, sk).await.unwrap_or_else(|| panic!("{name}: no {pk}"));
    items.insert(name.to_owned(), item);
}

/// Writes each kind of item in each of its states with the code of today.
async fn written_today() -> Items {
    let (rig, clock, mut items) = (Rig::start().await, HandClock::new(), Items::new());
    let (v, p) = (format!("V#{ID}"), "P#+12025550143".to_owned());
    let first = named();
    let mut step = first.plan.as_ref().unwrap().steps[0].clone();
    rig.table.accept(&first, None).await.unwrap();
    note(&mut items, &rig, "conversation-planned", &v, "V").await;
    note(&mut items, &rig, "pointer", &p, &v).await;
    rig.table.mark_started(&first.id, at(1)).await.unwrap();

    let claim = Claim { id: "invocation-1".to_owned(), at: at(1) };
    let claimed = Progress { state: StepState::Claimed(claim.clone()), attempt: 1, ..Progress::default() };
    let contact = phone();
    let request =
        ClaimRequest { conversation: &first.id, contact: &contact, step: &step, next: &claimed, now: at(1) };
    rig.table.claim(&request).await.unwrap();
    note(&mut items, &rig, "conversation-claimed", &v, "V").await;
    note(&mut items, &rig, "contact", &p, "C").await;

    step.progress = claimed;
    let lost = StepState::Unknown(LostResponse { claim, since: at(2) });
    let unknown = Progress { state: lost, attempt: 1, ..Progress::default() };
    rig.table.advance(&first, &step, &unknown, &ProviderReport::default(), at(2)).await.unwrap();
    note(&mut items, &rig, "conversation-unknown", &v, "V").await;

    step.progress = unknown;
    let decision =
        Decision { verdict: Verdict::Sent, because: Because::fact("provider", "twilio"), at: at(3) };
    let sent = Progress { state: StepState::Decided(decision), attempt: 1, ..Progress::default() };
    let from = Some("+12025550100".to_owned());
    let message = ProviderMessage { provider: "twilio".to_owned(), id: "SM1".to_owned(), from };
    let report = ProviderReport { message: Some(message), opted_out: false };
    rig.table.advance(&first, &step, &sent, &report, at(3)).await.unwrap();
    note(&mut items, &rig, "conversation-sent", &v, "V").await;
    note(&mut items, &rig, "message", "M#twilio#SM1", "M").await;

    receive(&rig.table, &wrote("SM2", "Can I bring my dog?"), &clock).await.unwrap();
    rig.table.cancel(&first.id, at(6)).await.unwrap();
    note(&mut items, &rig, "conversation-replied-cancelled", &v, "V").await;
    note(&mut items, &rig, "inbound", "I#twilio#SM2", "I").await;
    note(&mut items, &rig, "received", "R#+12025550143", "I#twilio#SM2").await;
    receive(&rig.table, &wrote("SM3", "STOP"), &clock).await.unwrap();
    note(&mut items, &rig, "contact-opted-out", &p, "C").await;

    let tombstone = ConversationId::new(NEWER).unwrap();
    let by = Some(ConversationId::new("calendly-00000000000000000000000000000002").unwrap());
    rig.table.end_booking(&tombstone, &BookingEnd::Rescheduled { by }, at(7)).await.unwrap();
    note(&mut items, &rig, "tombstone", &format!("V#{NEWER}"), "V").await;
    let quarantined = QuarantinedEvent {
        id: "calendly-0".to_owned(),
        source: SourceName::fixed("calendly"),
        reason: "malformed".to_owned(),
        details: vec!["/payload: must be an object".to_owned()],
        received_at: at(8),
        body: b"{\"phone\":\"+12025550143\"".to_vec(),
    };
    rig.table.keep(&quarantined).await.unwrap();
    note(&mut items, &rig, "quarantine", "Q#calendly-0", "Q").await;
    let journeys = JourneyStore::new(rig.table.clone(), TimeDelta::zero(), clock.clone());
    let version = journeys.push_journeys(SMALL).await.unwrap();
    note(&mut items, &rig, "journeys-current", "J#current", "J").await;
    note(&mut items, &rig, "journeys", &format!("J#{version}"), "J").await;
    priced(&mut items, &rig).await;
    let with_rules = Rig::start().await;
    rules::write(&mut items, &with_rules).await;

    forget(&rig.table, &phone(), &clock).await.unwrap();
    note(&mut items, &rig, "conversation-erased", &v, "V").await;
    note(&mut items, &rig, "inbound-erased", "I#twilio#SM2", "I").await;
    note(&mut items, &rig, "quarantine-erased", "Q#calendly-0", "Q").await;
    let suppression = rig.everything_raw().await.into_iter().find(|item| sort_key(item) == "O").unwrap();
    items.insert("suppression".to_owned(), suppression);
    items
}

/// Writes a text with its reservation, and the price that its provider has reported.
async fn priced(items: &mut Items, rig: &Rig) {
    let id = "sms-00000000-3b64-4f0a-9d2e-000000000001";
    let budgets = vec![Budget::Recipient("2027-01".to_owned()), Budget::Month("2027-01".to_owned())];
    let reservation = Reservation { at: at(0), micro_usd: 8_300, budgets };
    let mut text = conversation(id);
    let step = &mut text.plan.as_mut().unwrap().steps[0];
    let decision = Decision { verdict: Verdict::Sent, because: Because::fact("provider", "sns"), at: at(3) };
    let state = StepState::Decided(decision);
    step.progress = Progress { state, attempt: 1, reserved: Some(reservation), ..Progress::default() };
    step.prices = vec![AttemptPrice { attempt: 1, micro_usd: 8_830 }];
    rig.table.accept(&text, None).await.unwrap();
    note(items, rig, "conversation-priced", &format!("V#{id}"), "V").await;
}

fn sort_key(item: &Raw) -> &str {
    item["sk"].as_s().unwrap()
}

#[tokio::test]
async fn items_are_written_as_the_newest_shape_holds_them() {
    let written = written_today().await;
    if let Ok(shape) = std::env::var("AFTERWORD_WRITE_ITEMS") {
        assert!(!folder().join(&shape).exists(), "{shape} exists: old items are never edited");
        let known = fixtures(&shapes().pop().unwrap());
        std::fs::create_dir_all(folder().join(&shape)).unwrap();
        for (name, item) in written.iter().filter(|(name, item)| known.get(*name) != Some(item)) {
            let json = serde_json::to_string_pretty(&item_to_json(item)).unwrap() + "\n";
            std::fs::write(folder().join(&shape).join(format!("{name}.json")), json).unwrap();
        }
    }
    let newest = shapes().pop().unwrap();
    let fixtures = fixtures(&newest);
    assert_eq!(
        written.keys().collect::<Vec<_>>(),
        fixtures.keys().collect::<Vec<_>>(),
        "kinds of items: add a folder after {newest}"
    );
    for (name, item) in written {
        assert_eq!(
            item_to_json(&item),
            item_to_json(&fixtures[&name]),
            "{name} is written differently from {newest}: add a folder and edit none"
        );
    }
}

/// Reads each item alone in a table with the code of today. Conversations are also continued.
#[tokio::test]
async fn every_item_that_was_ever_written_is_still_read() {
    let mut read = 0;
    for shape in shapes() {
        for (name, item) in own_fixtures(&shape) {
            let what = format!("{shape}/{name}");
            let rig = Rig::start().await;
            rig.put_raw(item.clone()).await;
            let pk = item["pk"].as_s().unwrap().clone();
            let table = &rig.table;
            if rules::is_read(&rig, &what).await {
                read += 1;
                continue;
            }
            match sort_key(&item) {
                "V" => conversation_continues(&rig, &what, pk.strip_prefix("V#").unwrap()).await,
                "C" => {
                    let contact = table.contact(&phone()).await.unwrap();
                    assert_eq!(contact.opted_out_at.is_some(), name.ends_with("opted-out"), "{what}");
                    refuses_who_opted_out(&rig, &what, name.ends_with("opted-out")).await;
                }
                "O" => refuses_who_opted_out(&rig, &what, true).await,
                "M" => {
                    let id = table
                        .conversation_of(messaging::values::provider::Provider::Twilio, "SM1")
                        .await
                        .unwrap()
                        .unwrap();
                    assert_eq!(id.as_str(), ID, "{what}");
                }
                "I" => {
                    let again = receive(table, &wrote("SM2", "other"), &HandClock::new()).await.unwrap();
                    assert!(again.duplicate, "{what}");
                }
                "Q" => {
                    let event = table.quarantined_event("calendly-0").await.unwrap();
                    assert_eq!(event.is_none(), name.ends_with("erased"), "{what}");
                }
                "J" if name == "journeys-current" => {
                    let journeys = fixtures(&shape).remove("journeys").unwrap();
                    rig.put_raw(journeys).await;
                    let store = JourneyStore::new(table.clone(), TimeDelta::zero(), HandClock::new());
                    assert!(!store.current().await.unwrap().journeys.sources.is_empty(), "{what}");
                }
                "J" => {}
                pointer if pk.starts_with("P#") || pk.starts_with("R#") => {
                    let planned = fixtures(&shape).remove("conversation-planned").unwrap();
                    rig.put_raw(planned).await;
                    let forgotten = forget(table, &phone(), &HandClock::new()).await.unwrap();
                    let found = (forgotten.conversations, forgotten.inbound);
                    assert_eq!(found, if pk.starts_with("P#") { (1, 0) } else { (0, 1) }, "{what} {pointer}");
                }
                other => panic!("{what}: no code reads {other}"),
            }
            read += 1;
        }
    }
    println!("{} shape(s), {read} items", shapes().len());
    assert!(read >= 28, "{read}");
}

async fn conversation_continues(rig: &Rig, what: &str, id: &str) {
    let id = ConversationId::new(id).unwrap();
    let stored = rig.table.load(&id, at(0)).await.unwrap().unwrap_or_else(|| panic!("{what}: absent"));
    assert_eq!(stored.is_erased(), what.ends_with("erased"), "{what}");
    let Some(plan) = &stored.plan else {
        assert!(what.ends_with("tombstone") && stored.is_superseded(), "{what}");
        return;
    };
    if !stored.is_erased() {
        assert_eq!(
            (plan.contact.as_ref(), plan.steps[0].text.expose()),
            (Some(&phone()), "Hi + 50% & ünï 🙂")
        );
    }
    let mut step = plan.steps[0].clone();
    if what.ends_with("priced") {
        assert_eq!(step.price_of(1), Some(Dollars::from_micro(8_830)), "{what}");
        assert_eq!(step.progress.reserved.as_ref().map(|reserved| reserved.micro_usd), Some(8_300), "{what}");
    }
    if step.progress.state == StepState::Planned {
        let claim = Claim { id: "today".to_owned(), at: at(10) };
        let claimed = Progress { state: StepState::Claimed(claim), attempt: 1, ..Progress::default() };
        let contact = phone();
        let request =
            ClaimRequest { conversation: &id, contact: &contact, step: &step, next: &claimed, now: at(10) };
        let written = rig.table.claim(&request).await.unwrap();
        assert_eq!(written, messaging::ports::WriteOutcome::Done, "{what}");
        step.progress = claimed;
    }
    if step.progress.verdict().is_none() {
        let decision = Decision { verdict: Verdict::Sent, because: Because::default(), at: at(11) };
        let sent = Progress { state: StepState::Decided(decision), attempt: 1, ..Progress::default() };
        rig.table.advance(&stored, &step, &sent, &ProviderReport::default(), at(11)).await.unwrap();
    }
    let ended = rig.table.load(&id, at(0)).await.unwrap().unwrap();
    assert_eq!(ended.step(&step_name("text")).unwrap().progress.verdict(), Some(Verdict::Sent), "{what}");
}

async fn refuses_who_opted_out(rig: &Rig, what: &str, opted_out: bool) {
    let next = conversation("sms-00000000-3b64-4f0a-9d2e-0a1b2c3d4e5f");
    rig.table.accept(&next, None).await.unwrap();
    let step = &next.plan.as_ref().unwrap().steps[0];
    let claim = Claim { id: "today".to_owned(), at: at(10) };
    let claimed = Progress { state: StepState::Claimed(claim), attempt: 1, ..Progress::default() };
    let contact = phone();
    let request =
        ClaimRequest { conversation: &next.id, contact: &contact, step, next: &claimed, now: at(10) };
    let written = rig.table.claim(&request).await.unwrap();
    assert_eq!(written == messaging::ports::WriteOutcome::Overtaken, opted_out, "{what}");
    assert_eq!(rig.table.contact(&phone()).await.unwrap().opted_out_at.is_some(), opted_out, "{what}");
}
