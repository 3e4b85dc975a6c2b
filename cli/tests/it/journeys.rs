//! `afterword journeys`: what is in force, what changes, and what does not.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::serve::{Serve, afterword};

const SHIPPED: &str = include_str!("../../../journeys.toml");

fn journeys(serve: &Serve, home: &Path, arguments: &[&str]) -> Output {
    let ports = [
        ("--port", serve.gateway.to_string()),
        ("--aws-port", serve.aws.to_string()),
        ("--admin-port", serve.admin.to_string()),
    ];
    let mut command = afterword(home);
    command.arg("journeys").args(arguments);
    for (flag, port) in ports {
        command.args([flag, &port]);
    }
    command.output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn post(serve: &Serve, n: u32) {
    assert_eq!(serve.post(n).unwrap().0, 202);
}

fn words(serve: &Serve) -> Vec<String> {
    serve.outbox().iter().map(|text| text["body"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn waiting_texts_keep_their_words_and_later_texts_get_the_new_ones() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let serve = Serve::start(&home.join("data"));
    let write = |name: &str, toml: &str| std::fs::write(home.join(name), toml).unwrap();
    write("same.toml", SHIPPED);
    write("next.toml", &SHIPPED.replace("is approved.", "has been approved!"));
    write(
        "broken.toml",
        &SHIPPED.replace("{{ amount }} is approved.", "{{ sum }} is approved. See bit.ly/a"),
    );

    post(&serve, 1);
    let same = journeys(&serve, home, &["diff", "same.toml"]);
    assert!(same.status.success() && told(&same).contains("is already in force"), "{}", told(&same));
    let difference = journeys(&serve, home, &["diff", "next.toml"]);
    let shown = told(&difference);
    assert!(shown.contains("\n-en = \"Your advance of {{ amount }} is approved."), "{shown}");
    assert!(shown.contains("\n+en = \"Your advance of {{ amount }} has been approved!"), "{shown}");
    assert!(!shown.contains("booking"), "only what is around a change: {shown}");

    let broken = journeys(&serve, home, &["push", "broken.toml"]);
    let shown = told(&broken);
    assert!(!broken.status.success() && shown.contains("nothing was changed"), "{shown}");
    for mistake in ["uses the variable sum", "declares the variable amount, which no text uses", "bit.ly"] {
        assert!(shown.contains(mistake), "{mistake}: {shown}");
    }

    serve.advanced(10);
    let pushed = journeys(&serve, home, &["push", "next.toml"]);
    assert!(pushed.status.success(), "{}", told(&pushed));
    post(&serve, 2);
    serve.advanced(120);
    let said = words(&serve);
    assert!(said[0].contains("is approved.") && said[1].contains("has been approved!"), "{said:?}");

    let back = journeys(&serve, home, &["rollback"]);
    assert!(back.status.success(), "{}", told(&back));
    post(&serve, 3);
    serve.advanced(120);
    assert!(words(&serve)[2].contains("is approved."));
    let history = told(&journeys(&serve, home, &["history"]));
    let lines: Vec<_> = history.lines().collect();
    assert_eq!(lines.len(), 3, "{history}");
    assert!(lines[0].ends_with("rollback  in force") && lines[1].ends_with("push"), "{history}");
    let unknown = journeys(&serve, home, &["rollback", "0123456789abcdef"]);
    assert!(
        !unknown.status.success() && told(&unknown).contains("there is no version"),
        "{}",
        told(&unknown)
    );
}

#[test]
fn a_file_is_checked_without_a_running_machine() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    std::fs::write(home.join("journeys.toml"), SHIPPED).unwrap();
    let shipped = afterword(home).args(["check", "journeys"]).output().unwrap();
    assert!(shipped.status.success(), "{}", told(&shipped));
    assert!(told(&shipped).contains("0 error(s), 0 warning(s)"), "{}", told(&shipped));
    let advert = SHIPPED.replace(" Reply STOP to opt out.", "");
    std::fs::write(home.join("journeys.toml"), advert).unwrap();
    for command in [["check", "journeys"], ["journeys", "lint"]] {
        let output = afterword(home).args(command).arg("--json").output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &answer["errors"]), (Some(1), &json!(1)));
        assert_eq!(answer["findings"][0]["place"], "texts.promotion.en");
        assert!(answer["texts"].as_array().unwrap().len() > 10);
    }
}
