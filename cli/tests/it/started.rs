//! Starting, refusing to start, ending.

use std::time::{Duration, Instant};

use crate::serve::{Serve, call, command};

#[test]
fn a_start_takes_less_than_five_seconds() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    for what in ["first start", "second start"] {
        let begun = Instant::now();
        let serve = Serve::start(&data);
        let (status, _) = call(serve.gateway, "GET", "/healthz", "", "").unwrap();
        let took = begun.elapsed();
        assert_eq!(status, 200);
        println!("{what}: answers after {} ms", took.as_millis());
        assert!(took < Duration::from_secs(5), "{what}: {took:?}");
        assert!(serve.terminate().success());
    }
}

#[test]
fn a_data_directory_belongs_to_one_process() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let first = Serve::start(&data);
    let second = command(&data).output().unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("another afterword is already using"), "{said}");
    assert_eq!(call(first.gateway, "GET", "/healthz", "", "").unwrap().0, 200);
}

#[test]
fn keys_are_shown_once() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let start = || Serve::run(&data, command(&data).env_remove("AFTERWORD_API_KEY"));
    let first = start();
    let (_, rest) = first.announced.split_once("AFTERWORD_API_KEY=").unwrap();
    let key = rest.lines().next().unwrap().to_owned();
    assert!(key.len() >= 32, "{key}");
    first.kill();
    let second = start();
    assert!(!second.announced.contains(&key));
    let headers = format!("x-api-key: {key}\r\n");
    let (status, _) = call(second.gateway, "GET", "/conversations/sms-0", &headers, "").unwrap();
    assert_eq!(status, 404, "the key still opens");
    let (status, _) = call(second.gateway, "GET", "/conversations/sms-0", "", "").unwrap();
    assert_eq!(status, 401);
    second.kill();
    let log = std::fs::read_to_string(home.path().join("serve.log")).unwrap();
    assert!(!log.contains(&key), "a log line shows a key");
}

/// Told to stop while texts are being sent, it sends what it has begun, and loses track of none.
#[test]
fn sigterm_lets_running_sends_finish() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let serve = Serve::start(&data);
    let events = 1..=40;
    for n in events.clone() {
        assert_eq!(serve.post(n).unwrap().0, 202);
    }
    std::thread::scope(|scope| {
        let advanced = scope.spawn(|| serve.advance(120));
        // Somewhere in the middle.
        while serve.outbox().len() < 3 {
            std::thread::yield_now();
        }
        assert!(std::process::Command::new("kill").args(["-TERM", &serve.pid()]).status().unwrap().success());
        assert_eq!(advanced.join().unwrap().expect("the move is answered").0, 200);
    });
    assert!(serve.terminate().success());
    let again = Serve::start(&data);
    assert_eq!(again.outbox().len(), 40, "it was answered when all had run");
    for n in events {
        assert_eq!(again.verdict(n), "Sent");
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_data_files() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let serve = Serve::start(&data);
    assert_eq!(serve.post(1).unwrap().0, 202);
    for entry in std::fs::read_dir(&data).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert!(name == "lock" || mode & 0o077 == 0, "{name}: {mode:o}");
    }
    serve.kill();
}
