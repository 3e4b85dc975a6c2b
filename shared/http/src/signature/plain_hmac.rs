//! Cal.com's `X-Cal-Signature-256`: bare lowercase hex HMAC-SHA256 of the raw body.
//!
//! There is no timestamp, so a replay verifies; the caller de-duplicates (cal.com/docs,
//! "Webhooks", "Verifying the authenticity of the received payload").

use subtle::Choice;

use super::{SignatureError, mac};
use messaging::values::secret::SecretText;

/// Cal.com's header.
pub const CALCOM_HEADER: &str = "x-cal-signature-256";
/// The value that Cal.com sends instead of a signature when the webhook has no secret.
const NO_SECRET: &[u8] = b"no-secret-provided";

/// Checks a request.
///
/// # Errors
/// [`SignatureError`]; a webhook without a secret is `Missing`, whatever the keys are.
pub fn verify(header: Option<&[u8]>, body: &[u8], keys: &[SecretText]) -> Result<(), SignatureError> {
    let signature = header.ok_or(SignatureError::Missing)?.trim_ascii();
    if signature.is_empty() || signature == NO_SECRET {
        return Err(SignatureError::Missing);
    }
    if signature.len() != 64 || !signature.iter().all(u8::is_ascii_hexdigit) {
        return Err(SignatureError::Malformed);
    }
    let mut matched = Choice::from(0);
    for key in keys {
        matched |= mac::equal(&sign(body, key), signature);
    }
    if bool::from(matched) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// The header that [`verify`] accepts, for the simulator and the command line.
#[must_use]
pub fn sign(body: &[u8], key: &SecretText) -> String {
    hex::encode(mac::hmac_sha256(key, &[body]))
}
