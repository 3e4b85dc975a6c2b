//! Everything that a document points to exists.

use std::path::{Path, PathBuf};

use messaging::values::ids::{ConversationId, SourceName};

use crate::files::{files, read, root};

/// Lists the documents for people.
fn documents() -> Vec<PathBuf> {
    let mut documents = files("docs", "md");
    documents.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(PathBuf::from));
    documents
}

/// Returns the targets of links, `[...](...)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

#[test]
fn every_link_into_the_repository_leads_to_a_file() {
    let mut checked = 0;
    for document in documents() {
        let text = read(&document);
        let folder = document.parent().unwrap_or(Path::new(""));
        for link in links(&text).filter(|link| !link.contains("://")) {
            let file = link.split('#').next().unwrap();
            assert!(root().join(folder).join(file).exists(), "{}: {link}", document.display());
            checked += 1;
        }
    }
    assert!(checked > 30, "{checked}");
}

/// The functions that the README names without a line number, such as `Ingest::handle`, exist.
#[test]
fn the_names_in_the_readme_are_in_the_code() {
    for (name, file) in
        [("fn handle", "functions/ingest/src/lib.rs"), ("fn api_key", "shared/http/src/auth.rs")]
    {
        assert!(read(file).contains(name), "{file}: {name}");
    }
}

#[test]
fn the_readme_names_every_function_and_every_command() {
    let readme = read("README.md");
    for entry in std::fs::read_dir(root().join("functions")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if !entry.path().join("src/main.rs").exists() {
            continue;
        }
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
    let commands = read("cli/src/lib.rs");
    let (_, rest) = commands.split_once("\nenum Command {\n").unwrap();
    let (variants, _) = rest.split_once("\n}\n").unwrap();
    let commands: Vec<_> = variants.lines().filter_map(|line| line.trim().split_once('(')).collect();
    let mut checked = 0;
    for (command, _) in commands.iter().filter(|(name, _)| name.chars().all(char::is_alphabetic)) {
        assert!(readme.contains(&format!("`{}`", kebab(command))), "{command}");
        checked += 1;
    }
    assert_eq!(checked, 18);
}

/// Converts `SendEvent` to the form that is typed, `send-event`.
fn kebab(name: &str) -> String {
    let mut typed = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !typed.is_empty() {
            typed.push('-');
        }
        typed.extend(letter.to_lowercase());
    }
    typed
}

#[test]
fn the_booking_that_the_readme_posts_opens_the_conversation_that_it_shows() {
    let file = "test-payloads/booking-webhook/calendly-invitee-created.json";
    let payload: serde_json::Value = serde_json::from_str(&read(file)).unwrap();
    let uri = payload["payload"]["uri"].as_str().unwrap();
    let id = ConversationId::from_event_id(&SourceName::fixed("calendly"), uri);
    let readme = read("README.md");
    assert!(readme.contains(&format!("send-event {file}\n")));
    assert!(readme.contains(&format!("show {id}\n")));
    let phone = payload["payload"]["text_reminder_number"].as_str().unwrap();
    assert!(readme.contains(&format!("/_local/phones/{phone}/reply ")));
}

#[test]
fn the_payload_that_the_readme_posts_opens_the_conversation_that_it_shows() {
    let payload: serde_json::Value =
        serde_json::from_str(&read("test-payloads/ingest/sms-advance-approved.json")).unwrap();
    let id = format!("sms-{}", payload["event_id"].as_str().unwrap());
    assert!(read("README.md").contains(&format!("show {id}\n")));
    assert!(read("README.md").contains(&format!(":execution:afterword:{id}.text\n")));
}

#[test]
fn every_decision_is_listed() {
    let list = read("docs/adr/README.md");
    for file in files("docs/adr", "md") {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(name == "README.md" || list.contains(&format!("({name})")), "{name}");
        let text = read(&file);
        for heading in ["\n## Context\n", "\n## Decision\n", "\n## Consequences\n"] {
            assert!(name == "README.md" || text.contains(heading), "{name}: {heading}");
        }
    }
}
