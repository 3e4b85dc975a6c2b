//! `afterword quarantine`: what a booking system reported and could not be used, until an operator has
//! mended the cause.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::serve::{Serve, call};

const SHIPPED: &str = include_str!("../../../journeys.toml");
const BOOKED: &str = include_str!("../../../test-payloads/booking-webhook/calendly-invitee-created.json");

/// A machine, and a folder with files for it.
struct Machine {
    serve: Serve,
    home: tempfile::TempDir,
}

impl Machine {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let serve = Serve::start(&home.path().join("data"));
        Self { serve, home }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.home.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Runs a command against it: whether it succeeded, and what it said.
    fn afterword(&self, arguments: &[&str]) -> (bool, String) {
        self.serve.afterword(&self.home.path().join("data"), arguments)
    }

    fn sent(&self, file: &Path) -> String {
        let (done, said) = self.afterword(&["send-event", file.to_str().unwrap()]);
        assert!(done, "{said}");
        said
    }

    fn put_in_force(&self, journeys: &str) {
        let file = self.file("pushed.toml", journeys);
        let (done, said) = self.afterword(&["journeys", "push", file.to_str().unwrap()]);
        assert!(done, "{said}");
        // What the functions know of them is a minute old at most.
        self.serve.advanced(60);
    }

    /// The ids in quarantine, oldest first.
    fn listed(&self) -> Vec<String> {
        let (done, said) = self.afterword(&["quarantine", "list"]);
        assert!(done, "{said}");
        let mut lines: Vec<_> = said.lines().collect();
        let last = lines.pop().unwrap();
        assert_eq!(last, format!("{} event(s) in quarantine", lines.len()));
        lines.iter().map(|line| line.split_once(' ').unwrap().0.to_owned()).collect()
    }

    fn conversations(&self) -> Vec<Value> {
        self.serve.outbox().iter().map(|text| text["step"].clone()).collect()
    }
}

#[test]
fn an_event_is_replayed_once_after_its_journey_is_corrected() {
    let machine = Machine::start();
    let source = "[sources.calendly]            # POST /webhooks/calendly\n";
    assert!(SHIPPED.contains(source));
    machine.put_in_force(&SHIPPED.replace(source, &format!("{source}countries = [\"GB\"]\n")));
    let booked = machine.file("booked.json", BOOKED);
    assert!(machine.sent(&booked).contains("\"quarantined\""));
    let ids = machine.listed();
    let [id] = &ids[..] else { panic!("{ids:?}") };
    assert!(id.starts_with("calendly-"), "{id}");

    let (done, said) = machine.afterword(&["quarantine", "show", id]);
    assert!(done && said.contains("source    calendly") && said.contains("country_not_allowed"), "{said}");
    assert!(said.contains("+12025550143") && said.contains("\"invitee.created\""), "its body: {said}");

    let (done, said) = machine.afterword(&["quarantine", "replay", id]);
    assert!(!done && said.contains("it stays in quarantine"), "nothing is mended yet: {said}");
    assert_eq!((machine.listed(), machine.conversations()), (ids.clone(), vec![]));

    machine.put_in_force(SHIPPED);
    let (done, said) = machine.afterword(&["quarantine", "replay", id]);
    assert!(done && said.contains("\"accepted\"") && said.contains("taken out of quarantine"), "{said}");
    assert!(machine.listed().is_empty());
    machine.serve.advanced(1800);
    assert_eq!(machine.conversations(), ["confirmation", "follow_up"]);

    let (done, said) = machine.afterword(&["quarantine", "replay", id]);
    assert!(!done && said.contains(&format!("there is no {id} in quarantine")), "{said}");
    machine.serve.advanced(5 * 24 * 3600);
    assert_eq!(machine.conversations(), ["confirmation", "follow_up", "reminder"], "each once");
}

#[test]
fn a_malformed_event_is_discarded() {
    let machine = Machine::start();
    let mut malformed: Value = serde_json::from_str(BOOKED).unwrap();
    malformed["payload"]["uri"] = Value::Null;
    let malformed = machine.file("malformed.json", &malformed.to_string());
    assert!(machine.sent(&malformed).contains("\"quarantined\""));
    machine.serve.advanced(1);
    let ids = machine.listed();
    let [id] = &ids[..] else { panic!("{ids:?}") };
    let (done, said) = machine.afterword(&["quarantine", "show", id]);
    assert!(done && said.contains("reason    malformed") && said.contains("/payload/uri"), "{said}");

    let (done, said) = machine.afterword(&["quarantine", "replay", id]);
    assert!(!done && said.contains("it stays in quarantine"), "{said}");
    assert_eq!(machine.listed(), ids, "it is the same entry");

    let (done, said) = machine.afterword(&["quarantine", "discard", id]);
    assert!(done && said.contains(&format!("{id} is discarded")), "{said}");
    assert!(machine.listed().is_empty());
    for gone in ["show", "discard"] {
        let (done, said) = machine.afterword(&["quarantine", gone, id]);
        assert!(!done && said.contains("there is no"), "{said}");
    }
    machine.serve.advanced(3600);
    assert!(machine.conversations().is_empty());
}

/// A caller without a key of the booking system puts nothing into quarantine, so strangers cannot fill it.
#[test]
fn an_unauthentic_event_is_not_kept() {
    let machine = Machine::start();
    let headers = "content-type: application/json\r\ncalendly-webhook-signature: t=1,v1=00\r\n";
    let (status, _) = call(machine.serve.gateway, "POST", "/webhooks/calendly", headers, "{}").unwrap();
    assert_eq!((status, machine.listed().len()), (401, 0));
}
