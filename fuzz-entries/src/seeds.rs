//! The seeds of each entry: the repository's own payloads and vectors.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Returns the seeds of an entry.
///
/// # Panics
/// If there is no such entry, or a file of the repository cannot be read.
#[must_use]
pub fn seeds(entry: &str) -> Vec<Vec<u8>> {
    match entry {
        "sms_body" => files("test-payloads/ingest", "sms"),
        "messages_body" | "declared_source_body" => {
            let mut seeds = messages();
            seeds.extend(files("test-payloads/ingest", "messages-advance"));
            seeds
        }
        "bulk_body" => files("test-payloads/ingest", "messages-bulk"),
        "trigger_body" => files("test-payloads/ingest", "trigger"),
        "calendly_body" => {
            let mut seeds = files("test-payloads/booking-webhook", "calendly");
            seeds
                .extend(members("functions/booking-webhook/tests/vectors/calendly_payloads.json", "payload"));
            seeds
        }
        "calcom_body" => files("test-payloads/booking-webhook", "calcom"),
        "inbound_form" => {
            let mut seeds = members("shared/http/tests/vectors/twilio_signatures.json", "body");
            seeds.extend(replies());
            seeds
        }
        "two_way_event" => {
            let mut seeds = files("test-payloads/inbound", "two-way");
            seeds.extend(members("test-payloads/inbound/two-way-reply.json", "Message"));
            seeds
        }
        "status_callback" => status_callbacks(),
        "delivery_event" => {
            let mut seeds = files("test-payloads/delivery-status", "");
            for file in ["delivered", "by-eventbridge"] {
                let path = format!("test-payloads/delivery-status/end-user-messaging-{file}.json");
                seeds.extend(members(&path, "Message").into_iter().chain(members(&path, "detail")));
            }
            seeds
        }
        "consent_body" => files("test-payloads/ingest", "consent"),
        "otp_body" => {
            let mut seeds = files("test-payloads/otp", "");
            let guess = r#"{"phone":"+12025550143","purpose":"login","code":"123456"}"#;
            let choosy = r#"{"phone":"+12025550143","purpose":"login","length":10,"validity_minutes":60}"#;
            seeds.extend([guess, choosy].map(|body| body.as_bytes().to_vec()));
            seeds
        }
        "signature_headers" => {
            let headers = |file: &str| members(file, "header").into_iter().chain(members(file, "signature"));
            let mut seeds: Vec<_> = headers("shared/http/tests/vectors/calendly_signatures.json")
                .chain(headers("shared/http/tests/vectors/calcom_signatures.json"))
                .chain(headers("shared/http/tests/vectors/twilio_signatures.json"))
                .collect();
            seeds.push(b"t=1800000000,v1=00\n{}".to_vec());
            seeds
        }
        "gateway_event" => members("local/tests/vectors/apigw_events.json", "event_v2_service_rules"),
        "journeys_toml" => vec![read("journeys.toml")],
        "asl_definition" => {
            vec![read("statemachine/message.asl.json"), read("local/src/states/tests/message.asl.json")]
        }
        "execution_input" => {
            let mut seeds = files("statemachine/tests/inputs", "");
            let id = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f";
            seeds.push(
                format!(r#"{{"conversation_id":"{id}","step":"text","due":"2027-01-15T08:02:00Z"}}"#).into(),
            );
            seeds
        }
        other => panic!("no entry {other}"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the JSON files of a folder whose names begin with a prefix, in the order of their names.
fn files(folder: &str, prefix: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Returns every member with this name in a file of vectors.
fn members(file: &str, name: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    collect(&serde_json::from_slice(&read(file)).unwrap(), name, &mut found);
    found
}

fn collect(value: &Value, name: &str, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if key == name => found.push(text.clone().into_bytes()),
                    Value::Object(_) if key == name => found.push(member.to_string().into_bytes()),
                    _ => collect(member, name, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        _ => {}
    }
}

fn messages() -> Vec<Vec<u8>> {
    [
        r#"{"event_id":"order-17","journey":"advance_approved","to":"+12025550143","variables":{"amount":"$185.00"}}"#,
        r#"{"event_id":"a","journey":"advance_in_transit","to":"07700 900123","region":"GB","variables":{},"locale":"en-GB"}"#,
        r#"{"event_id":"b","journey":"advance_in_transit","to":"+12025550143","variables":{},"send_at":"2027-02-01T00:00:00Z","not_after":"2027-02-02T00:00:00+01:00"}"#,
    ]
    .map(|body| body.as_bytes().to_vec())
    .to_vec()
}

/// Messages of customers, as Twilio posts them.
fn replies() -> Vec<Vec<u8>> {
    let texts = members("shared/messaging/tests/vectors/reply_corpus.json", "text");
    let form = |text: &Vec<u8>| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([
            ("MessageSid", "SM00000000000000000000000000000001"),
            ("From", "+12025550143"),
            ("To", "+15005550006"),
            ("NumMedia", "0"),
            ("Body", &String::from_utf8_lossy(text)),
        ]);
        form.finish().into_bytes()
    };
    texts.iter().step_by(7).map(form).collect()
}

/// The delivery status of a text, as Twilio posts it.
fn status_callbacks() -> Vec<Vec<u8>> {
    let form = |(status, code): (&str, &str)| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([
            ("MessageSid", "SM00000000000000000000000000000001"),
            ("MessageStatus", status),
            ("ErrorCode", code),
            ("From", "+15005550006"),
            ("To", "+12025550143"),
        ]);
        form.finish().into_bytes()
    };
    let reports = [("sent", ""), ("delivered", ""), ("undelivered", "30003"), ("failed", "21610"), ("x", "")];
    reports.map(form).to_vec()
}
