//! `kill -9` at any moment and a new start on the same data directory: every wait goes on, nothing is
//! lost, nothing is sent twice.

use std::time::Duration;

use crate::serve::{Serve, conversation_id};

#[test]
fn a_wait_survives_a_kill_and_its_text_arrives_once() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let first = Serve::start(&data);
    let (status, accepted) = first.post(1).unwrap();
    assert_eq!(status, 202);
    first.advanced(60);
    first.kill();

    let second = Serve::start(&data);
    let (status, again) = second.post(1).unwrap();
    assert_eq!((status, &again["due"]), (200, &accepted["due"]));
    second.advanced(59);
    assert_eq!(second.texts(1), 0);
    second.advanced(1);
    assert_eq!(second.texts(1), 1);
    second.kill();

    let third = Serve::start(&data);
    assert_eq!(third.texts(1), 1, "a delivered text stays delivered");
    assert_eq!(third.verdict(1), "Sent");
    third.advanced(24 * 3600);
    assert_eq!(third.texts(1), 1);
}

/// Killed at various moments while a text is being sent. Where exactly is chance, but what must hold
/// is the same everywhere.
#[test]
fn an_interrupted_send_is_never_repeated_blindly() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut ends = Vec::new();
    for (n, millis) in (1..).zip([0, 1, 2, 4, 6, 9, 13, 20]) {
        let serve = Serve::start(&data);
        assert_eq!(serve.post(n).unwrap().0, 202);
        std::thread::scope(|scope| {
            scope.spawn(|| serve.advance(120));
            std::thread::sleep(Duration::from_millis(millis));
            // The advance is on its way; the connection breaks under it.
            let pid = serve.pid();
            let killed = std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
            assert!(killed.success());
        });
        drop(serve);
        let serve = Serve::start(&data);
        serve.advanced(3 * 3600);
        let (verdict, texts) = (serve.verdict(n), serve.texts(n));
        match verdict.as_str() {
            Some("Sent") => assert_eq!(texts, 1, "killed after {millis} ms"),
            Some("HeldUnknownOutcome") => assert!(texts <= 1, "killed after {millis} ms"),
            _ => panic!("killed after {millis} ms: {verdict}"),
        }
        ends.push(format!("{millis} ms: {verdict}, {texts}"));
    }
    println!("{}", ends.join("\n"));
}

/// Killed while an event is being accepted: its repeat finishes what is missing.
#[test]
fn an_interrupted_acceptance_is_finished_by_the_repeated_event() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    for (n, millis) in (1..).zip([0, 1, 2, 3, 5, 8]) {
        let serve = Serve::start(&data);
        let answer = std::thread::scope(|scope| {
            let posting = scope.spawn(|| serve.post(n));
            std::thread::sleep(Duration::from_millis(millis));
            let pid = serve.pid();
            let killed = std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
            assert!(killed.success());
            posting.join().unwrap()
        });
        drop(serve);
        let serve = Serve::start(&data);
        if !matches!(answer, Some((202, _))) {
            let (status, body) = serve.post(n).unwrap();
            assert!([200, 202].contains(&status), "killed after {millis} ms: {body}");
        }
        serve.advanced(120);
        assert_eq!(serve.texts(n), 1, "{} killed after {millis} ms", conversation_id(n));
        assert_eq!(serve.verdict(n), "Sent");
    }
}
