//! Decisions of an operator, by the command line on a running machine.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::serve::{PHONE, Serve, call, conversation_id};

fn fault(serve: &Serve, effect: &str) {
    let body = json!({ "operation": "twilio:CreateMessage", "effect": effect, "count": 1 }).to_string();
    assert_eq!(call(serve.admin, "POST", "/_local/faults", "", &body).unwrap().0, 204);
}

#[test]
fn an_operator_settles_a_held_text_in_either_way() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let serve = Serve::start(&data);
    for (n, found) in [(1, "sent"), (2, "not-sent")] {
        assert_eq!(serve.post(n).unwrap().0, 202);
        serve.advanced(119);
        fault(&serve, "timeout_after_accept");
        serve.advanced(1 + 73 * 60);
        assert_eq!(serve.verdict(n), "HeldUnknownOutcome");
        let (done, said) = serve.afterword(&data, &["resolve", &conversation_id(n), "text", found]);
        assert!(done, "{said}");
        serve.advanced(1);
        assert_eq!(serve.verdict(n), "Sent");
        assert_eq!(serve.texts(n), if found == "sent" { 1 } else { 2 }, "{found}");
        let (done, said) = serve.afterword(&data, &["resolve", &conversation_id(n), "text", "not-sent"]);
        assert!(!done && said.contains("has ended as Sent"), "{said}");
    }
    let (done, said) = serve.afterword(&data, &["resolve", "sms-nothing", "text", "sent"]);
    assert!(!done && said.contains("no such conversation"), "{said}");
}

/// A customer's question can be read, and steers no terminal.
#[test]
fn show_prints_the_words_of_a_customer_without_control_characters() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let serve = Serve::start(&data);
    serve.post(1).unwrap();
    serve.advanced(120);
    let reply = json!({ "body": "Can I bring\nmy \u{1b}[31mdog?" }).to_string();
    let path = format!("/_local/phones/{PHONE}/reply");
    assert_eq!(call(serve.admin, "POST", &path, "", &reply).unwrap().0, 200);
    let (done, said) = serve.afterword(&data, &["show", &conversation_id(1)]);
    assert!(done, "{said}");
    let (_, inbound) = said.split_once("inbound ").unwrap();
    let words: Vec<_> = inbound.lines().skip(1).take(2).map(str::trim).collect();
    assert_eq!(words, ["Can I bring", "my \u{fffd}[31mdog?"], "{said}");

    // At the same instant: each is told once.
    let reply = json!({ "body": "And my cat?" }).to_string();
    assert_eq!(call(serve.admin, "POST", &path, "", &reply).unwrap().0, 200);
    let (_, said) = serve.afterword(&data, &["show", &conversation_id(1)]);
    assert_eq!((said.matches("inbound ").count(), said.matches("And my cat?").count()), (2, 1), "{said}");
}

/// An execution that has failed has decided nothing; the story says so, and what to do.
#[test]
fn show_reports_a_step_without_a_verdict() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let serve = Serve::start(&data);
    serve.post(1).unwrap();
    let told = |expected: &str| {
        let (done, said) = serve.afterword(&data, &["show", &conversation_id(1)]);
        assert!(done && said.contains(expected), "{said}");
    };
    told("waits until it is due");
    let fault =
        json!({ "operation": "dynamodb:TransactWriteItems", "effect": "fail_before", "count": 10_000 });
    assert_eq!(call(serve.admin, "POST", "/_local/faults", "", &fault.to_string()).unwrap().0, 204);
    serve.advanced(130);
    told("is put off or tried again");
    serve.advanced(25 * 3600);
    told("not decided");
    assert_eq!(call(serve.admin, "DELETE", "/_local/faults", "", "").unwrap().0, 204);
}

/// Every payload of the repository goes where its source sends it; EventBridge's alone has nowhere to go.
#[test]
fn every_payload_of_the_repository_can_be_sent() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let signing = ["AFTERWORD_CALENDLY_SIGNING_KEY", "AFTERWORD_CALCOM_SIGNING_KEY"];
    let serve = {
        let mut command = crate::serve::command(&data);
        command.envs(signing.map(|name| (name, crate::serve::KEY)));
        Serve::run(&data, command.args(["--clock", "virtual"]))
    };
    let payloads = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-payloads");
    let mut sent = 0;
    for folder in std::fs::read_dir(payloads).unwrap().map(|folder| folder.unwrap().path()) {
        for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            let mut command = Command::new(env!("CARGO_BIN_EXE_afterword"));
            let output = command
                .envs(signing.map(|name| (name, crate::serve::KEY)))
                .env("AFTERWORD_API_KEY", crate::serve::KEY)
                .arg("send-event")
                .arg(&file)
                .args(["--port", &serve.gateway.to_string(), "--aws-port", &serve.aws.to_string()])
                .args(["--admin-port", &serve.admin.to_string(), "--data-dir", data.to_str().unwrap()])
                .output()
                .unwrap();
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            let is_eventbridge = file.to_string_lossy().contains("eventbridge");
            assert_eq!(output.status.success(), !is_eventbridge, "{}: {said}", file.display());
            sent += usize::from(!is_eventbridge);
        }
    }
    assert!(sent >= 12, "{sent}");
    let unusable = home.path().join("unusable.json");
    std::fs::write(&unusable, r#"{"event_id":"x","event":"y","user":{}}"#).unwrap();
    let (done, said) = serve.afterword(&data, &["send-event", unusable.to_str().unwrap()]);
    assert!(!done && !said.contains("to see what happens"), "{said}");
}

#[test]
fn retry_repeats_rejected_texts_only() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let journeys = home.path().join("journeys.toml");
    // A sender that Twilio does not know: its magic number for that.
    let mut command = crate::serve::command(&data);
    let serve = Serve::run(&data, command.env("TWILIO_FROM", "+15005550007"));
    assert_eq!(serve.post(1).unwrap().0, 202);
    serve.advanced(120);
    assert_eq!(serve.verdict(1), "RejectedByProvider");
    drop(serve);
    assert!(!journeys.exists());

    let serve = Serve::start(&data);
    assert_eq!(serve.post(2).unwrap().0, 202);
    serve.advanced(120);
    let retry = ["retry", "--verdict", "RejectedByProvider", "--since", "2020-01-01T00:00:00Z"];
    let (done, said) = serve.afterword(&data, &[&retry[..], &["--dry-run"]].concat());
    assert!(done && said.contains(&format!("{}.text would run again", conversation_id(1))), "{said}");
    assert!(said.contains("1 step(s) RejectedByProvider since 2020-01-01T00:00:00Z"), "{said}");
    assert_eq!(serve.verdict(1), "RejectedByProvider");
    let (done, said) = serve.afterword(&data, &retry);
    assert!(done && said.contains(&format!("execution {}.text.r1", conversation_id(1))), "{said}");
    serve.advanced(1);
    assert_eq!((serve.verdict(1), serve.texts(1), serve.texts(2)), (json!("Sent"), 1, 1));
    let (done, said) =
        serve.afterword(&data, &["retry", "--verdict", "Sent", "--since", "2020-01-01T00:00:00Z"]);
    assert!(!done && said.contains("may have left"), "{said}");
}

#[test]
fn the_sms_attributes_are_set_and_shown() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let serve = Serve::start(&data);
    let (done, said) = serve.afterword(&data, &["sms-attributes", "get"]);
    assert!(done && said.lines().count() == 6 && said.contains("(not set)"), "{said}");
    for (name, value) in [("DefaultSMSType", "Transactional"), ("MonthlySpendLimit", "100")] {
        let (done, said) = serve.afterword(&data, &["sms-attributes", "set", name, value]);
        assert!(done && said.contains(value), "{said}");
    }
    let (_, said) = serve.afterword(&data, &["sms-attributes", "get"]);
    assert!(said.contains("Transactional") && said.contains("100"), "{said}");
    let (done, said) = serve.afterword(&data, &["sms-attributes", "set", "DefaultSMSType", "Loud"]);
    assert!(!done && said.contains("InvalidParameter"), "{said}");
}
