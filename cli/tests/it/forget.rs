//! `afterword forget` against a running `serve`.

use crate::serve::{PHONE, Serve, conversation_id};

#[test]
fn a_person_is_erased_from_a_running_machine() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let serve = Serve::start(&data);
    serve.post(1).unwrap();
    serve.advanced(120);
    serve.post(2).unwrap();
    let forget = |phone: &str| serve.afterword(&data, &["forget", phone]);
    let (done, said) = forget(PHONE);
    assert!(done, "{said}");
    assert!(said.contains("erased from 2 conversation(s)") && said.contains("1 text(s)"), "{said}");
    assert!(!said.contains(PHONE), "{said}");
    serve.advanced(120);
    assert_eq!((serve.verdict(1), serve.verdict(2)), ("Sent".into(), "SkippedCancelled".into()));
    assert_eq!(serve.outbox().len(), 1);
    assert_eq!((serve.outbox()[0]["to"].as_str(), serve.texts(1)), (Some(""), 1));
    let (status, repeat) = serve.post(2).unwrap();
    assert_eq!((status, repeat["status"].as_str()), (200, Some("duplicate")));
    assert!(!forget("2025550143").0);
    drop(serve);

    // Neither do the files remember, nor does the next start bring anything back.
    for entry in std::fs::read_dir(&data).unwrap().map(Result::unwrap) {
        let bytes = std::fs::read(entry.path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("2025550143"), "{}", entry.path().display());
    }
    let serve = Serve::start(&data);
    serve.advanced(3600);
    assert_eq!(serve.verdict(2), "SkippedCancelled", "{}", conversation_id(2));
    assert_eq!(serve.outbox().len(), 1);
}
