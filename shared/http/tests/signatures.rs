//! Webhook signatures against the vectors, their bounds, and hostile headers.
#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly, too")]

use http_edge::signature::twilio::{self, Algorithm, SignedBody, TwilioUrl};
use http_edge::signature::{SignatureError, plain_hmac, timestamped};
use messaging::values::secret::SecretText;
use proptest::prelude::*;
use serde_json::Value;

fn key(text: &str) -> SecretText {
    SecretText::new(text).unwrap()
}

fn vectors(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len() as u64, file["count"].as_u64().unwrap());
    vectors.clone()
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap()
}

mod calendly {
    use super::*;

    #[test]
    fn every_vector_is_decided_as_stripe_decides_it() {
        for vector in vectors(include_str!("vectors/calendly_signatures.json")) {
            let keys = [key(text(&vector, "signing_key"))];
            let body = text(&vector, "body").as_bytes();
            let now = vector["now"].as_i64().unwrap();
            let result = timestamped::verify(Some(text(&vector, "header").as_bytes()), body, &keys, now);
            assert_eq!(result.is_ok(), vector["stripe_verify"] == true, "{vector}");
            if result.is_ok() && vector["name"] != "extra_scheme" {
                let at = text(&vector, "header")[2..12].parse().unwrap();
                assert_eq!(timestamped::sign(body, &keys[0], at), text(&vector, "header"));
            }
        }
    }

    #[test]
    fn a_timestamp_may_be_180_seconds_away_either_way_and_no_more() {
        let (keys, at) = ([key("k")], 1_763_640_000);
        let header = timestamped::sign(b"{}", &keys[0], at);
        let verify = |now| timestamped::verify(Some(header.as_bytes()), b"{}", &keys, now);
        for now in [at - 180, at, at + 180] {
            assert_eq!(verify(now), Ok(()));
        }
        for now in [at - 181, at + 181, i64::MIN, i64::MAX] {
            assert_eq!(verify(now), Err(SignatureError::Stale));
        }
    }

    #[test]
    fn the_header_is_read_tolerantly_but_not_loosely() {
        let keys = [key("new"), key("old")];
        let verify = |header: &str| timestamped::verify(Some(header.as_bytes()), b"x", &keys, 100);
        let tag = timestamped::sign(b"x", &key("old"), 100).split_once("v1=").unwrap().1.to_owned();
        for header in [
            format!("t=100,v1={tag}"),
            format!(" v1 = {tag} , t = 100 "),
            format!("v0=abc,v1=00,v1={tag},t=100,v2,=,"),
            format!("t=100,v1={tag},t=9"),
        ] {
            assert_eq!(verify(&header), Ok(()), "{header}");
        }
        for header in [
            format!("v1={tag}"),
            "t=100".to_owned(),
            format!("t=,v1={tag}"),
            format!("t=+100,v1={tag}"),
            format!("t=-100,v1={tag}"),
            format!("t=1e2,v1={tag}"),
            format!("t=99999999999999999999,v1={tag}"),
            format!("t=100,v0={tag}"),
            format!("t=100{}", ",v1=0".repeat(17)),
            format!("t=100,v1={tag}{}", " ".repeat(4096)),
            String::new(),
        ] {
            assert_eq!(verify(&header), Err(SignatureError::Malformed), "{header}");
        }
        for header in [format!("t=101,v1={tag}"), format!("t=0100,v1={tag}"), "t=100,v1=".to_owned()] {
            assert_eq!(verify(&header), Err(SignatureError::Mismatch), "{header}");
        }
        assert_eq!(timestamped::verify(None, b"x", &keys, 100), Err(SignatureError::Missing));
        let header = format!("t=100,v1={tag}");
        let without_keys = timestamped::verify(Some(header.as_bytes()), b"x", &[], 100);
        assert_eq!(without_keys, Err(SignatureError::Mismatch));
    }
}

mod calcom {
    use super::*;

    #[test]
    fn every_vector_is_decided() {
        for vector in vectors(include_str!("vectors/calcom_signatures.json")) {
            let keys = [key(vector["secret"].as_str().unwrap_or("some secret"))];
            let body = text(&vector, "body").as_bytes();
            let signature = text(&vector, "signature");
            let result = plain_hmac::verify(Some(signature.as_bytes()), body, &keys);
            assert_eq!(result.is_ok(), vector["valid"] == true, "{vector}");
            if result.is_ok() {
                assert_eq!(plain_hmac::sign(body, &keys[0]), signature);
            }
        }
    }

    #[test]
    fn a_webhook_without_a_secret_never_passes() {
        let verify = |header| plain_hmac::verify(header, b"{}", &[key("no-secret-provided")]);
        assert_eq!(verify(Some(b"no-secret-provided".as_slice())), Err(SignatureError::Missing));
        assert_eq!(verify(Some(b"".as_slice())), Err(SignatureError::Missing));
        assert_eq!(verify(None), Err(SignatureError::Missing));
        assert_eq!(verify(Some(b"sha256=00".as_slice())), Err(SignatureError::Malformed));
    }
}

mod twilio_scheme {
    use super::*;

    /// Splits a whole URL into what a request and the configuration would give.
    fn url(whole: &str) -> TwilioUrl<'_> {
        let host = whole.find("://").unwrap() + 3;
        let (base, rest) = whole.split_at(host + whole[host..].find('/').unwrap());
        let (path, raw_query) = rest.split_once('?').unwrap_or((rest, ""));
        TwilioUrl { base, path, raw_query, fragment: "" }
    }

    fn form(body: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(body.as_bytes()).into_owned().collect()
    }

    #[test]
    fn every_vector_is_decided_as_twilio_python_decides_it() {
        for vector in vectors(include_str!("vectors/twilio_signatures.json")) {
            let keys = [key(text(&vector, "auth_token"))];
            let url = url(text(&vector, "url_as_seen_by_server"));
            let fields = form(text(&vector, "body"));
            let body = if text(&vector, "content_type") == "application/json" {
                SignedBody::Raw(text(&vector, "body").as_bytes())
            } else {
                SignedBody::Form(&fields)
            };
            let algorithm = text(&vector, "algorithm");
            let settings = format!("key=webhooks_sharedkey_01,algorithm={algorithm}");
            let settings = (algorithm != "HMAC_SHA1").then_some(settings.as_bytes());
            let signature = text(&vector, "signature");
            let result = twilio::verify(Some(signature.as_bytes()), settings, &url, body, &keys);
            assert_eq!(result.is_ok(), vector["valid"] == true, "{vector}");
            if result.is_ok() {
                let used = if settings.is_some() { Algorithm::HmacSha256 } else { Algorithm::HmacSha1 };
                let signed = if matches!(body, SignedBody::Raw(_)) { &[] } else { fields.as_slice() };
                assert_eq!(twilio::sign(used, &url.full(), signed, &keys[0]), signature, "{vector}");
            }
        }
    }

    #[test]
    fn ports_and_fragments_are_spellings_of_one_url() {
        let token = key("t");
        let fields = form("Body=STOP&From=");
        let verify = |signed: &str, base: &str| {
            let url = TwilioUrl { base, path: "/in", raw_query: "a=1", fragment: "rc=5&rp=all" };
            let signature = twilio::sign(Algorithm::HmacSha1, signed, &fields, &token);
            let keys = [key("newer"), token.clone()];
            twilio::verify(Some(signature.as_bytes()), None, &url, SignedBody::Form(&fields), &keys)
        };
        for (signed, base) in [
            ("https://a.example/in?a=1", "https://a.example/"),
            ("https://a.example:443/in?a=1", "https://a.example"),
            ("http://a.example:80/in?a=1", "http://a.example"),
            ("https://a.example:8443/in?a=1", "https://a.example:8443"),
            ("https://a.example/in?a=1", "https://a.example:8443"),
            ("https://u:p@a.example:443/in?a=1", "https://u:p@a.example"),
            ("https://[::1]:443/in?a=1", "https://[::1]"),
            ("https://a.example:443/base/in?a=1", "https://a.example/base"),
            ("https://a.example/in?a=1#rc=5&rp=all", "https://a.example"),
            ("https://a.example:443/in?a=1#rc=5&rp=all", "https://a.example"),
        ] {
            assert_eq!(verify(signed, base), Ok(()), "{signed} {base}");
        }
        for (signed, base) in [
            ("http://a.example/in?a=1", "https://a.example"),
            ("https://a.example:80/in?a=1", "https://a.example"),
            ("https://a.example/in", "https://a.example"),
            ("https://a.example/in?a=1#rc=1", "https://a.example"),
            ("https://A.example/in?a=1", "https://a.example"),
        ] {
            assert_eq!(verify(signed, base), Err(SignatureError::Mismatch), "{signed} {base}");
        }
    }

    #[test]
    fn a_json_body_needs_its_own_hash_in_the_signed_url() {
        let token = key("t");
        let verify = |query: &str, body: &[u8]| {
            let url = TwilioUrl { base: "https://a.example", path: "/in", raw_query: query, fragment: "" };
            let signature = twilio::sign(Algorithm::HmacSha1, &url.full(), &[], &token);
            let keys = [token.clone()];
            twilio::verify(Some(signature.as_bytes()), None, &url, SignedBody::Raw(body), &keys)
        };
        let query = format!("x=1&bodySHA256={}", twilio::body_sha256(b"[1]"));
        assert_eq!(verify(&query, b"[1]"), Ok(()));
        assert_eq!(verify(&query, b"[2]"), Err(SignatureError::Mismatch));
        assert_eq!(verify("x=1", b"[1]"), Err(SignatureError::Malformed));
        assert_eq!(verify("bodySHA256", b"[1]"), Err(SignatureError::Malformed));
    }

    #[test]
    fn the_settings_header_names_the_algorithm() {
        let token = key("t");
        let url = url("https://a.example/in");
        let sha1 = twilio::sign(Algorithm::HmacSha1, &url.full(), &[], &token);
        let sha256 = twilio::sign(Algorithm::HmacSha256, &url.full(), &[], &token);
        let verify = |signature: &str, settings: Option<&str>| {
            let settings = settings.map(str::as_bytes);
            let keys = [token.clone()];
            twilio::verify(Some(signature.as_bytes()), settings, &url, SignedBody::Form(&[]), &keys)
        };
        for settings in [None, Some(""), Some("key=k"), Some("key=k,algorithm="), Some("algorithm=hmac_sha1")]
        {
            assert_eq!(verify(&sha1, settings), Ok(()), "{settings:?}");
            assert_eq!(verify(&sha256, settings), Err(SignatureError::Mismatch), "{settings:?}");
        }
        for settings in
            ["key=k,algorithm=HMAC_SHA256", " algorithm = hmac_sha256 , key=k", &twilio::settings_header("k")]
        {
            assert_eq!(verify(&sha256, Some(settings)), Ok(()), "{settings}");
            assert_eq!(verify(&sha1, Some(settings)), Err(SignatureError::Mismatch), "{settings}");
        }
        assert_eq!(verify(&sha1, Some("algorithm=none")), Err(SignatureError::Malformed));
        assert_eq!(verify("", None), Err(SignatureError::Malformed));
        let missing = twilio::verify(None, None, &url, SignedBody::Form(&[]), std::slice::from_ref(&token));
        assert_eq!(missing, Err(SignatureError::Missing));
    }
}

#[test]
fn secrets_are_never_empty_and_never_shown() {
    assert!(SecretText::new("").is_err());
    assert!(SecretText::new(" \n").is_err());
    assert!(serde_json::from_str::<SecretText>("\"\"").is_err());
    let secret: SecretText = serde_json::from_str("\"hunter2\"").unwrap();
    assert_eq!(secret.expose_secret(), "hunter2");
    assert_eq!(format!("{secret:?}"), "SecretText(…)");
}

#[test]
fn errors_tell_a_reason_for_the_log() {
    use SignatureError::{Malformed, Mismatch, Missing, Stale};
    let reasons = [Missing, Malformed, Stale, Mismatch].map(SignatureError::reason);
    assert_eq!(reasons, ["missing", "malformed", "stale", "mismatch"]);
}

proptest! {
    #[test]
    fn hostile_headers_never_panic_and_never_pass(
        header in proptest::collection::vec(any::<u8>(), 0..200),
        almost in "[ tv01=,a-f0-9\\-]{0,120}",
        base in "(https?://)?[a:@/\\[\\]é]{0,12}",
        query in "(bodySHA256)?[=&a]{0,9}",
        now in any::<i64>(),
    ) {
        let keys = [key("k")];
        for header in [header.as_slice(), almost.as_bytes()] {
            prop_assert!(timestamped::verify(Some(header), b"1", &keys, now).is_err());
            prop_assert!(plain_hmac::verify(Some(header), b"1", &keys).is_err());
            let url = TwilioUrl { base: &base, path: "/x", raw_query: &query, fragment: "é" };
            for body in [SignedBody::Form(&[]), SignedBody::Raw(header)] {
                prop_assert!(twilio::verify(Some(header), None, &url, body, &keys).is_err());
                prop_assert!(twilio::verify(Some(b"x"), Some(header), &url, body, &keys).is_err());
            }
        }
    }

    #[test]
    fn what_is_signed_verifies(body in any::<Vec<u8>>(), at in 0..i64::MAX, secret in "[^ \n]{1,70}") {
        let Ok(secret) = SecretText::new(secret) else { return Ok(()) };
        let header = timestamped::sign(&body, &secret, at);
        let keys = [secret];
        prop_assert_eq!(timestamped::verify(Some(header.as_bytes()), &body, &keys, at), Ok(()));
        let plain = plain_hmac::sign(&body, &keys[0]);
        prop_assert_eq!(plain_hmac::verify(Some(plain.as_bytes()), &body, &keys), Ok(()));
    }
}
