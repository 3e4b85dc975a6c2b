//! The schemes by which booking systems sign.

use messaging::values::secret::SecretText;

use super::{SignatureError, plain_hmac, timestamped};

/// A booking system's way to sign a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Calendly's: a timestamp and the HMAC over timestamp and body ([`timestamped`]).
    Timestamped,
    /// Cal.com's: the HMAC over the body ([`plain_hmac`]).
    PlainHmac,
}

impl Scheme {
    /// Returns the header that carries the signature.
    #[must_use]
    pub const fn header(self) -> &'static str {
        match self {
            Self::Timestamped => timestamped::CALENDLY_HEADER,
            Self::PlainHmac => plain_hmac::CALCOM_HEADER,
        }
    }

    /// Checks the value of the signature header at the instant `now_unix`.
    ///
    /// # Errors
    /// When no key made the signature over these bytes.
    pub fn verify(
        self,
        header: Option<&[u8]>,
        body: &[u8],
        keys: &[SecretText],
        now_unix: i64,
    ) -> Result<(), SignatureError> {
        match self {
            Self::Timestamped => timestamped::verify(header, body, keys, now_unix),
            Self::PlainHmac => plain_hmac::verify(header, body, keys),
        }
    }

    /// Returns the value of the signature header for a body that is signed at the instant `at_unix`.
    #[must_use]
    pub fn sign(self, body: &[u8], key: &SecretText, at_unix: i64) -> String {
        match self {
            Self::Timestamped => timestamped::sign(body, key, at_unix),
            Self::PlainHmac => plain_hmac::sign(body, key),
        }
    }
}
