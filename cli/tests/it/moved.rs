//! Waiting texts are moved to another data directory and restored from a backup.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::serve::{PHONE, Serve, call};

fn aws(serve: &Serve, target: &str, body: &Value) -> Value {
    let json = if target.starts_with("DynamoDB") { "1.0" } else { "1.1" };
    let headers = format!(
        "x-amz-target: {target}\r\ncontent-type: application/x-amz-json-{json}\r\nx-amz-date: 20261120T123009Z\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=local/20261120/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=00\r\n"
    );
    let (status, answer) = call(serve.aws, "POST", "/", &headers, &body.to_string()).unwrap();
    assert_eq!(status, 200, "{target}: {answer}");
    answer
}

fn switch(serve: &Serve, value: &str) {
    let parameter = json!({ "Name": "/afterword/sending", "Value": value, "Overwrite": true });
    aws(serve, "AmazonSSM.PutParameter", &parameter);
}

fn reply(serve: &Serve, phone: &str, body: &str) {
    let path = format!("/_local/phones/{phone}/reply");
    let (status, answer) =
        call(serve.admin, "POST", &path, "", &json!({ "body": body }).to_string()).unwrap();
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn waiting_texts_move_to_another_installation_and_are_sent_once() {
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [old_data, new_data] = homes.each_ref().map(|home| home.path().join("data"));
    let file = homes[0].path().join("waiting.jsonl");
    let file = file.to_str().unwrap();
    let old = Serve::start(&old_data);
    old.post(1).unwrap();
    old.advanced(120);
    reply(&old, "+447700900123", "STOP");
    old.post(2).unwrap();
    assert_eq!((old.verdict(1), old.verdict(2)), ("Sent".into(), Value::Null));

    let (done, said) = old.afterword(&old_data, &["export", file]);
    assert!(!done && said.contains("not paused") && !Path::new(file).exists(), "{said}");
    switch(&old, "paused");
    let (done, said) = old.afterword(&old_data, &["export", file]);
    assert!(done && said.contains(", 1 waiting text(s)"), "{said}");
    assert!(!said.contains(PHONE), "{said}");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    let (done, said) = old.afterword(&old_data, &["export", file]);
    assert!(!done && said.contains("cannot write"), "never over an older one: {said}");

    let new = Serve::start(&new_data);
    // A part of the file is refused whole.
    let whole = std::fs::read_to_string(file).unwrap();
    let part = homes[1].path().join("part.jsonl");
    std::fs::write(&part, whole.trim_end().rsplit_once('\n').unwrap().0).unwrap();
    let (done, said) = new.afterword(&new_data, &["import", part.to_str().unwrap()]);
    assert!(!done && said.contains("incomplete"), "{said}");
    assert_eq!(new.verdict(1), Value::Null);

    for again in [false, true, true] {
        let (done, said) = new.afterword(&new_data, &["import", file]);
        assert!(done && said.contains("1 text(s) wait"), "{said}");
        assert_eq!(said.starts_with("0 item(s) stored"), again, "{said}");
    }
    let (_, opted_out) = new.afterword(&new_data, &["opt-outs", "list"]);
    assert!(opted_out.contains("+447700900123"), "{opted_out}");

    old.advanced(3600);
    new.advanced(3600);
    let (done, said) = new.afterword(&new_data, &["import", file]);
    assert!(done && said.contains("0 text(s) wait"), "{said}");
    new.advanced(3600);
    assert_eq!((new.verdict(1), new.verdict(2)), ("Sent".into(), "Sent".into()));
    let texts = |serve: &Serve| (serve.texts(1), serve.texts(2));
    assert_eq!((texts(&old), texts(&new)), ((1, 0), (0, 1)), "each left once, one here and one there");
    // An event that was delivered there is known here.
    let (status, repeat) = new.post(1).unwrap();
    assert_eq!((status, repeat["status"].as_str()), (200, Some("duplicate")));
}

#[test]
fn an_imported_opt_out_applies_to_an_existing_contact() {
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [old_data, new_data] = homes.each_ref().map(|home| home.path().join("data"));
    let file = homes[0].path().join("waiting.jsonl");
    let file = file.to_str().unwrap();
    let (old, new) = (Serve::start(&old_data), Serve::start(&new_data));
    new.post(1).unwrap();
    new.advanced(120);
    reply(&old, PHONE, "STOP");
    switch(&old, "paused");
    assert!(old.afterword(&old_data, &["export", file]).0);
    let (done, said) = new.afterword(&new_data, &["import", file]);
    assert!(done && said.contains("1 opt-out(s) and 0 consent(s) merged"), "{said}");
    new.post(2).unwrap();
    new.advanced(120);
    assert_eq!(new.verdict(2), "SkippedOptedOut");
}

/// Expected prices are settled from Twilio's own list, once.
#[test]
fn charged_prices_replace_expected_prices_once() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let limited = format!("[limits]\nday = 1\n{}", include_str!("../../../journeys.toml"));
    std::fs::write(home.path().join("journeys.toml"), limited).unwrap();
    let serve = Serve::start(&data);
    for n in [1, 2] {
        serve.post(n).unwrap();
    }
    serve.advanced(120);
    assert_eq!((serve.texts(1), serve.texts(2), spent(&serve)), (1, 1, vec!["16600".to_owned()]));
    for told in ["2 price(s) settled, 0 known before", "0 price(s) settled, 2 known before"] {
        let (done, said) = serve.afterword(&data, &["prices"]);
        assert!(done && said.starts_with(told), "{said}");
        assert_eq!(spent(&serve), ["21800"]);
    }
    let (done, said) = at_stack_of_twilio(&serve, &["prices", "--days", "1"]);
    assert!(done && said.starts_with("0 price(s) settled, 2 known before"), "{said}");
}

fn at_stack_of_twilio(serve: &Serve, arguments: &[&str]) -> (bool, String) {
    at_stack_with(serve, arguments, &[("TWILIO_BASE_URL", format!("http://127.0.0.1:{}", serve.aws))])
}

/// A command that is told a stack, against the AWS endpoint of a `serve`: by the same client, and found the
/// same way, as on AWS.
fn at_stack(serve: &Serve, arguments: &[&str]) -> (bool, String) {
    at_stack_with(serve, arguments, &[])
}

fn at_stack_with(serve: &Serve, arguments: &[&str], more: &[(&str, String)]) -> (bool, String) {
    let installation = json!({
        "table": "afterword",
        "secret": "afterword",
        "state_machine": "arn:aws:states:us-east-1:000000000000:stateMachine:afterword",
        "sending": "/afterword/sending",
        "twilio_from": "+15005550006",
        "public_url": "https://afterword.example",
    });
    let parameter = json!({ "Name": "/moved/installation", "Value": installation.to_string(), "Type": "String", "Overwrite": true });
    aws(serve, "AmazonSSM.PutParameter", &parameter);
    let output = Command::new(env!("CARGO_BIN_EXE_afterword"))
        .args(arguments)
        .args(["--stack", "moved"])
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", serve.aws))
        .envs([("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_REGION", "us-east-1")])
        .envs(more.iter().map(|(name, value)| (*name, value.as_str())))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.success(), said)
}

/// Returns the day's spending counter of all texts, in millionths of a US dollar.
fn spent(serve: &Serve) -> Vec<String> {
    let scan = json!({
        "TableName": "afterword",
        "FilterExpression": "begins_with(pk, :month)",
        "ExpressionAttributeValues": { ":month": { "S": "L#" } },
    });
    let items = aws(serve, "DynamoDB_20120810.Scan", &scan)["Items"].clone();
    let items = items.as_array().unwrap().iter();
    items.map(|item| item["month"]["N"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn consents_and_spending_counters_move_over_the_aws_client() {
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [old_data, new_data] = homes.each_ref().map(|home| home.path().join("data"));
    let file = homes[0].path().join("waiting.jsonl");
    let file = file.to_str().unwrap();
    let limited =
        format!("[limits]\nday = 1\n[pacing]\ntwilio = 5\n{}", include_str!("../../../journeys.toml"));
    std::fs::write(homes[0].path().join("journeys.toml"), limited).unwrap();
    let (old, new) = (Serve::start(&old_data), Serve::start(&new_data));
    let consent = |serve: &Serve, act: &str, phone: &str, scope: &str| {
        let mut arguments = vec!["consent", act, phone];
        if act != "show" {
            arguments.extend(["--scope", scope, "--source", "telephone"]);
        }
        if act == "give" {
            arguments.extend(["--text-version", "1"]);
        }
        let (done, said) = at_stack(serve, &arguments);
        assert!(done, "{said}");
        said
    };
    old.post(1).unwrap();
    old.advanced(120);
    let (here, both) = ("+12025550150", "+12025550151");
    consent(&old, "give", here, "offers");
    consent(&new, "give", both, "offers");
    consent(&new, "give", both, "promotional");
    // Later than what is known there: it must not be lost.
    consent(&old, "withdraw", both, "offers");

    switch(&old, "paused");
    let (done, said) = at_stack(&old, &["export", file]);
    assert!(done, "{said}");
    assert_eq!(spent(&new), [""; 0]);
    for consents in [1, 0] {
        let (done, said) = at_stack(&new, &["import", file]);
        assert!(done && said.contains(&format!(" and {consents} consent(s) merged")), "{said}");
    }
    let shown = consent(&new, "show", here, "");
    assert!(shown.contains("offers") && shown.contains("agreed") && shown.contains("telephone"), "{shown}");
    let shown = consent(&new, "show", both, "");
    let stands = |word: &str, scope: &str| {
        shown.lines().any(|line| line.starts_with(word) && line.contains(scope) && line.contains("since"))
    };
    assert!(stands("withdrawn", "offers") && !stands("agreed", "offers"), "{shown}");
    assert!(stands("agreed", "promotional"), "said there and nowhere taken back: {shown}");
    assert_eq!((spent(&old), spent(&new)), (vec!["8300".to_owned()], vec!["8300".to_owned()]));
}

/// As docs/one-machine.md says: each file by `VACUUM INTO`, the table first, while it runs.
fn back_up(data: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for name in ["dynamodb.sqlite", "local.sqlite"] {
        let database = rusqlite::Connection::open(data.join(name)).unwrap();
        database.execute("VACUUM INTO ?1", [to.join(name).to_str().unwrap()]).unwrap();
    }
    std::fs::copy(data.join("keys.json"), to.join("keys.json")).unwrap();
}

#[test]
fn a_backup_of_a_running_machine_is_restored_with_every_wait() {
    let home = tempfile::tempdir().unwrap();
    let (data, backup) = (home.path().join("data"), home.path().join("backup"));
    let serve = Serve::start(&data);
    serve.post(1).unwrap();
    serve.advanced(120);
    serve.post(2).unwrap();
    back_up(&data, &backup);
    serve.post(3).unwrap();
    drop(serve);

    let restored = Serve::start(&backup);
    assert_eq!((restored.verdict(1), restored.verdict(2)), ("Sent".into(), Value::Null));
    restored.advanced(120);
    assert_eq!((restored.verdict(1), restored.verdict(2)), ("Sent".into(), "Sent".into()));
    assert_eq!((restored.texts(1), restored.texts(2)), (1, 1));
    let (status, repeat) = restored.post(2).unwrap();
    assert_eq!((status, repeat["status"].as_str()), (200, Some("duplicate")));
    // An event that arrived after the backup is delivered again by its source, and is new.
    assert_eq!(restored.post(3).unwrap().0, 202);
    assert!(restored.terminate().success());

    // An old backup is restored with sending paused.
    let database = rusqlite::Connection::open(backup.join("local.sqlite")).unwrap();
    let update = "UPDATE parameters SET value = 'paused' WHERE name = '/afterword/sending'";
    assert_eq!(database.execute(update, []).unwrap(), 1);
    drop(database);
    let paused = Serve::start(&backup);
    paused.advanced(3600);
    assert_eq!((paused.verdict(3), paused.texts(3)), (Value::Null, 0));
}
