//! Checks that the secret is filled in, and not with the keys of a development machine.

use serde_json::{Map, Value};

use super::Finding;
use crate::connect::newest;

/// The least length of a key. A shorter one can be guessed.
const SHORTEST_KEY: usize = 20;

/// Keys that are public: they are printed in this repository's tests or in documentation.
const KNOWN: [&str; 4] = ["a-key-of-the-tests", "a-signing-key-of-the-tests", "changeme", "secret"];

pub(super) fn check(document: &Map<String, Value>) -> Vec<Finding> {
    vec![
        entry(document, "api_key", strong),
        entry(document, "twilio_account_sid", |sid| {
            is_hex_id(sid, "AC", "is not an account SID (AC and 32 hex digits)")
        }),
        entry(document, "twilio_auth_token", |token| {
            is_hex_id(token, "", "is not an auth token (32 hex digits)")
        }),
        match newest(document, "calendly_signing_key") {
            None => Finding::unknown(
                "calendly_signing_key",
                "not set: run afterword connect calendly if you use Calendly",
            ),
            Some(_) => entry(document, "calendly_signing_key", strong),
        },
    ]
}

fn entry(
    document: &Map<String, Value>,
    name: &'static str,
    check: impl Fn(&str) -> Result<(), &'static str>,
) -> Finding {
    match newest(document, name) {
        None => Finding::fail(name, "empty: fill it in (docs/setup-guide.md)"),
        Some(value) => match check(value.expose_secret()) {
            Ok(()) => Finding::pass(name, "filled in"),
            Err(wrong) => Finding::fail(name, wrong),
        },
    }
}

fn strong(key: &str) -> Result<(), &'static str> {
    if KNOWN.contains(&key) {
        Err("is a public key of the documentation: create a new one (docs/setup-guide.md)")
    } else if key.len() < SHORTEST_KEY {
        Err("has fewer than 20 characters: create a new one (docs/setup-guide.md)")
    } else {
        Ok(())
    }
}

fn is_hex_id(text: &str, prefix: &str, wrong: &'static str) -> Result<(), &'static str> {
    let digits = text.strip_prefix(prefix).unwrap_or_default();
    let right =
        digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if right { Ok(()) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::Health;

    fn healths(document: &Value) -> Vec<Health> {
        check(document.as_object().unwrap()).iter().map(|finding| finding.health).collect()
    }

    #[test]
    fn a_freshly_deployed_secret_is_not_filled_in() {
        let document =
            json!({ "api_key": "x".repeat(40), "twilio_account_sid": "", "twilio_auth_token": "" });
        assert!(healths(&document) == [Health::Pass, Health::Fail, Health::Fail, Health::Unknown]);
    }

    #[test]
    fn the_newest_key_is_checked_and_public_or_short_keys_fail() {
        let filled = json!({
            "api_key": ["y".repeat(20), "short"],
            "twilio_account_sid": format!("AC{}", "0".repeat(32)),
            "twilio_auth_token": "0123456789abcdef0123456789abcdef",
            "calendly_signing_key": ["a-signing-key-of-the-tests"],
        });
        assert!(healths(&filled) == [Health::Pass, Health::Pass, Health::Pass, Health::Fail]);
        let short = json!({ "api_key": "short", "twilio_account_sid": "AC1", "twilio_auth_token": "Z" });
        assert!(healths(&short)[..3] == [Health::Fail; 3]);
    }

    #[test]
    fn no_finding_shows_a_key() {
        let document = json!({ "api_key": "short-but-secret", "twilio_auth_token": "also-secret" });
        assert!(
            check(document.as_object().unwrap()).iter().all(|finding| !finding.detail.contains("secret"))
        );
    }
}
