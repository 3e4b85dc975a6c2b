//! `afterword check phone|text|reply --json --stdin`: one JSON object per line in, one out, in order.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Returns the answers of the command to these lines, and whether it succeeded.
fn answers(subject: &str, lines: &[u8]) -> (bool, Vec<Value>) {
    let mut child = started(subject);
    child.stdin.take().unwrap().write_all(lines).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn started(subject: &str) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_afterword"))
        .args(["check", subject, "--json", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn lines(inputs: &[Value]) -> Vec<u8> {
    inputs.iter().flat_map(|input| format!("{input}\n").into_bytes()).collect()
}

#[test]
fn phone_numbers_are_read_by_their_region() {
    let inputs = [
        json!({ "input": "+1 (202) 555-0143" }),
        json!({ "input": "202-555-0143", "region": "US" }),
        json!({ "input": "202-555-0143", "region": null }),
        json!({ "input": "202-555-0143", "region": "ZZ" }),
        json!({ "input": "", "region": "US" }),
    ];
    let (done, said) = answers("phone", &lines(&inputs));
    assert!(done);
    let number = json!({
        "valid": true, "possible": true, "e164": "+12025550143", "type": "FIXED_LINE_OR_MOBILE", "region": "US",
    });
    let none = json!({ "valid": false, "possible": false, "e164": null, "type": null, "region": null });
    assert_eq!(said, [number.clone(), number, none.clone(), none.clone(), none]);
}

#[test]
fn texts_are_counted_in_order() {
    let inputs: Vec<_> = (1..=200).map(|n| json!({ "text": "x".repeat(n) })).collect();
    let (done, said) = answers("text", &lines(&inputs));
    assert!(done);
    for (n, answer) in (1..=200).zip(&said) {
        assert_eq!(answer["encoding"], "GSM-7");
        assert_eq!((&answer["units"], &answer["segments"]), (&json!(n), &json!(if n > 160 { 2 } else { 1 })));
    }
    assert_eq!(said.len(), 200);
    let (_, said) = answers("text", &lines(&[json!({ "text": "Good \u{1F44B}" }), json!({ "text": "" })]));
    assert_eq!((&said[0]["encoding"], &said[0]["units"]), (&json!("UCS-2"), &json!(7)));
    assert_eq!((said.len(), &said[1]["units"]), (2, &json!(0)));
}

#[test]
fn replies_are_answered_with_their_meaning() {
    let opt_out = |scope| json!({ "meaning": "opt_out", "scope": scope });
    let meant = [
        ("STOP", opt_out("all")),
        ("No more promotions", opt_out("promotional")),
        ("start", json!({ "meaning": "opt_in" })),
        ("HELP", json!({ "meaning": "help" })),
        ("yes", json!({ "meaning": "confirm_or_opt_in" })),
        ("Don't stop by, we moved", json!({ "meaning": "reply" })),
        ("STOP 12345", json!({ "meaning": "reply", "attention": true })),
    ];
    let inputs: Vec<_> = meant.iter().map(|(text, _)| json!({ "text": text })).collect();
    let (done, said) = answers("reply", &lines(&inputs));
    assert!(done);
    assert_eq!(said, meant.map(|(_, answer)| answer));
}

/// A line that cannot be read has its answer in its place, and takes no other line's.
#[test]
fn a_bad_line_is_answered_with_an_error_in_its_place() {
    let input = b"{\"text\":\"STOP\"}\nnot json\n\n[]\n{\"text\":7}\n{\"other\":\"x\"}\n\xff\xfe\n{\"text\":\"STOP\"}\r\n{\"text\":\"HELP\"}";
    for subject in ["phone", "text", "reply"] {
        let (done, said) = answers(subject, input);
        assert!(!done, "{subject}: not every line could be read");
        assert_eq!(said.len(), 9, "{subject}");
        for (at, answer) in said.iter().enumerate() {
            let good = matches!(at, 0 | 7 | 8) && subject != "phone";
            assert_eq!(answer["error"].is_string(), !good, "{subject}, line {at}: {answer}");
        }
    }
    let (_, said) = answers("reply", input);
    assert_eq!((&said[0]["meaning"], &said[8]["meaning"]), (&json!("opt_out"), &json!("help")));
    let region = json!({ "input": "+12025550143", "region": 1 });
    assert_eq!(answers("phone", &lines(&[region])).1[0]["error"], "region must be a string");
}

#[test]
fn empty_input_has_empty_output() {
    assert_eq!(answers("text", b""), (true, vec![]));
}

/// Whoever asks may wait for each answer before asking again.
#[test]
fn each_line_is_answered_before_the_next_is_written() {
    let mut child = started("reply");
    let mut asking = child.stdin.take().unwrap();
    let mut answering = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        asking.write_all(b"{\"text\":\"STOP\"}\n").unwrap();
        asking.flush().unwrap();
        let mut answer = String::new();
        answering.read_line(&mut answer).unwrap();
        assert_eq!(answer, "{\"meaning\":\"opt_out\",\"scope\":\"all\"}\n");
    }
    drop(asking);
    assert!(child.wait().unwrap().success());
}
