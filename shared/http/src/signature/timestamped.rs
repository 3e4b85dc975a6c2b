//! `t=<unix seconds>,v1=<hex HMAC-SHA256(key, t "." body)>`: Calendly's scheme, and ours.
//!
//! Calendly's (developer.calendly.com, "Webhook signatures") is Stripe's (docs.stripe.com/webhooks,
//! "Verify webhook signatures manually"). Its own sample re-serialises the JSON and sets no
//! bound on timestamps ahead; both are mistakes, so this takes raw bytes and bounds both sides.

use subtle::Choice;

use super::{SignatureError, mac};
use messaging::values::secret::SecretText;

/// Calendly's header.
pub const CALENDLY_HEADER: &str = "calendly-webhook-signature";
/// The header of our own sources and receipts.
pub const AFTERWORD_HEADER: &str = "x-afterword-signature";
/// The largest difference of a timestamp from the current time, in either direction, inclusive.
pub const TOLERANCE_SECONDS: u64 = 180;

/// More is no honest header; the cap bounds the work per request.
const MAX_HEADER_BYTES: usize = 4096;
/// Calendly and Stripe send two at most, while a key is rotated.
const MAX_SIGNATURES: usize = 16;

/// Checks a request.
///
/// The order of the fields, spaces, unknown schemes and several `v1` are tolerated, as by
/// Stripe's libraries; hex is lowercase, as theirs is.
///
/// # Errors
/// [`SignatureError`]. `Stale` is only said of a signature that is otherwise right.
pub fn verify(
    header: Option<&[u8]>,
    body: &[u8],
    keys: &[SecretText],
    now_unix: i64,
) -> Result<(), SignatureError> {
    let header = Header::parse(header.ok_or(SignatureError::Missing)?)?;
    let mut matched = Choice::from(0);
    for key in keys {
        let expected = hex_tag(key, header.timestamp_text, body);
        for signature in &header.signatures {
            matched |= mac::equal(&expected, signature.as_bytes());
        }
    }
    if !bool::from(matched) {
        return Err(SignatureError::Mismatch);
    }
    if header.timestamp.abs_diff(now_unix) > TOLERANCE_SECONDS {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

/// The header that [`verify`] accepts, for the simulator and the command line.
#[must_use]
pub fn sign(body: &[u8], key: &SecretText, at_unix: i64) -> String {
    let timestamp = at_unix.to_string();
    let tag = hex_tag(key, &timestamp, body);
    format!("t={timestamp},v1={tag}")
}

fn hex_tag(key: &SecretText, timestamp: &str, body: &[u8]) -> String {
    hex::encode(mac::hmac_sha256(key, &[timestamp.as_bytes(), b".", body]))
}

struct Header<'a> {
    /// As written, since that is what was signed.
    timestamp_text: &'a str,
    timestamp: i64,
    signatures: Vec<&'a str>,
}

impl<'a> Header<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, SignatureError> {
        if bytes.len() > MAX_HEADER_BYTES {
            return Err(SignatureError::Malformed);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| SignatureError::Malformed)?;
        let mut timestamp_text = None;
        let mut signatures = Vec::new();
        for field in text.split(',') {
            match field.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                Some(("t", value)) if timestamp_text.is_none() => timestamp_text = Some(value),
                // Only v1 counts: an older scheme must not be a way round it.
                Some(("v1", value)) => signatures.push(value),
                _ => {}
            }
        }
        let timestamp_text = timestamp_text.ok_or(SignatureError::Malformed)?;
        if !timestamp_text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SignatureError::Malformed);
        }
        let timestamp = timestamp_text.parse().map_err(|_| SignatureError::Malformed)?;
        if signatures.is_empty() || signatures.len() > MAX_SIGNATURES {
            return Err(SignatureError::Malformed);
        }
        Ok(Self { timestamp_text, timestamp, signatures })
    }
}
