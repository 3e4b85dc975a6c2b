//! HMAC over a message in pieces, and comparison in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use messaging::values::secret::SecretText;

/// HMAC-SHA256 of the pieces put together.
pub(super) fn hmac_sha256(key: &SecretText, pieces: &[&[u8]]) -> Vec<u8> {
    authenticate::<Hmac<Sha256>>(key, pieces)
}

/// HMAC-SHA1, only for Twilio, which still signs with it. HMAC does not need collision resistance.
pub(super) fn hmac_sha1(key: &SecretText, pieces: &[&[u8]]) -> Vec<u8> {
    authenticate::<Hmac<Sha1>>(key, pieces)
}

/// Lowercase hex SHA-256.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Compares without telling by its time where the two differ. The length is no secret.
pub(super) fn equal(ours: &str, theirs: &[u8]) -> Choice {
    ours.as_bytes().ct_eq(theirs)
}

fn authenticate<M: Mac + KeyInit>(key: &SecretText, pieces: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of every length, so there is no failure to report; a tag of nothing
    // matches no signature.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key.expose_secret().as_bytes()) else {
        return Vec::new();
    };
    for piece in pieces {
        mac.update(piece);
    }
    mac.finalize().into_bytes().to_vec()
}
