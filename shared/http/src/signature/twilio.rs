//! Twilio's `X-Twilio-Signature`: base64 HMAC over the URL and the sorted form fields.
//!
//! The URL is the one Twilio was given, so it is built from a pinned public base, never from the
//! `Host` header. A body of JSON is not signed itself: the URL carries its SHA-256, which is.
//! The rule is twilio.com/docs/usage/security ("Validating requests"), the reference twilio-python
//! 9.13.0.

mod url;

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use subtle::Choice;

use super::{SignatureError, mac};
use messaging::values::secret::SecretText;

pub use url::TwilioUrl;

/// The header of the signature.
pub const SIGNATURE_HEADER: &str = "x-twilio-signature";
/// The header that names the algorithm of a shared key; absent for the auth token.
pub const SETTINGS_HEADER: &str = "x-twilio-webhooks-signature-settings";
/// The query parameter that binds a body which is not a form.
pub const BODY_HASH_PARAMETER: &str = "bodySHA256";

/// More is no honest header.
const MAX_HEADER_BYTES: usize = 1024;

/// The hash below the HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// With the account's auth token: no settings header.
    HmacSha1,
    /// With a shared key (public beta since 2026-09).
    HmacSha256,
}

/// The signed body of a call.
#[derive(Debug, Clone, Copy)]
pub enum SignedBody<'a> {
    /// Decoded fields of a form, blank values and repetitions kept; none for a GET.
    Form(&'a [(String, String)]),
    /// The raw bytes of any other body.
    Raw(&'a [u8]),
}

/// Checks a request; `signature` and `settings` are the bytes of the two headers.
///
/// Twilio is not consistent about default ports, and whether it signs the `#rc=…` fragment of a
/// configured URL is not documented: each spelling of the URL is tried.
///
/// # Errors
/// [`SignatureError`]. A raw body without, or with another, `bodySHA256` never passes.
pub fn verify(
    signature: Option<&[u8]>,
    settings: Option<&[u8]>,
    url: &TwilioUrl<'_>,
    body: SignedBody<'_>,
    keys: &[SecretText],
) -> Result<(), SignatureError> {
    let signature = signature.ok_or(SignatureError::Missing)?;
    if signature.is_empty() || signature.len() > MAX_HEADER_BYTES {
        return Err(SignatureError::Malformed);
    }
    let algorithm = Algorithm::from_settings(settings)?;
    let fields = match body {
        SignedBody::Form(fields) => canonical_fields(fields),
        SignedBody::Raw(bytes) => {
            let claimed = url.query_value(BODY_HASH_PARAMETER).ok_or(SignatureError::Malformed)?;
            if !bool::from(mac::equal(&body_sha256(bytes), claimed.as_bytes())) {
                return Err(SignatureError::Mismatch);
            }
            String::new()
        }
    };
    let mut matched = Choice::from(0);
    for spelling in url.spellings() {
        for key in keys {
            matched |= mac::equal(&tag(algorithm, &spelling, &fields, key), signature);
        }
    }
    if bool::from(matched) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// The signature of a form posted to `url`, for the simulator.
#[must_use]
pub fn sign(algorithm: Algorithm, url: &str, fields: &[(String, String)], key: &SecretText) -> String {
    tag(algorithm, url, &canonical_fields(fields), key)
}

/// The value of `bodySHA256` for a body that is not a form; sign its URL with no fields.
#[must_use]
pub fn body_sha256(body: &[u8]) -> String {
    mac::sha256_hex(body)
}

/// The settings header that goes with a shared key's signature.
#[must_use]
pub fn settings_header(key_id: &str) -> String {
    format!("key={key_id},algorithm=HMAC_SHA256")
}

impl Algorithm {
    /// No header, or one that names no algorithm, means the auth token's HMAC-SHA1.
    fn from_settings(header: Option<&[u8]>) -> Result<Self, SignatureError> {
        let bytes = header.unwrap_or_default();
        if bytes.len() > MAX_HEADER_BYTES {
            return Err(SignatureError::Malformed);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| SignatureError::Malformed)?;
        let named = text
            .split(',')
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name.trim(), value.trim()))
            .find(|(name, value)| *name == "algorithm" && !value.is_empty());
        match named {
            None => Ok(Self::HmacSha1),
            Some((_, value)) if value.eq_ignore_ascii_case("HMAC_SHA1") => Ok(Self::HmacSha1),
            Some((_, value)) if value.eq_ignore_ascii_case("HMAC_SHA256") => Ok(Self::HmacSha256),
            Some(_) => Err(SignatureError::Malformed),
        }
    }
}

/// Each key before each of its values; keys and values by code point, repetitions once.
fn canonical_fields(fields: &[(String, String)]) -> String {
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in fields {
        sorted.entry(name).or_default().insert(value);
    }
    let mut text = String::new();
    for (name, values) in sorted {
        for value in values {
            text.push_str(name);
            text.push_str(value);
        }
    }
    text
}

fn tag(algorithm: Algorithm, url: &str, fields: &str, key: &SecretText) -> String {
    let pieces = [url.as_bytes(), fields.as_bytes()];
    BASE64.encode(match algorithm {
        Algorithm::HmacSha1 => mac::hmac_sha1(key, &pieces),
        Algorithm::HmacSha256 => mac::hmac_sha256(key, &pieces),
    })
}
