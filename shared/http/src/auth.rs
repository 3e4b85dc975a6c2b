//! Authentication of callers by API key.

use messaging::ports::KeyRing;
use messaging::values::ids::SourceName;
use messaging::values::secret::SecretText;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use telemetry::Decision;

use crate::problem::Problem;
use crate::request::Request;
use crate::signature::SignatureError;

/// The scope of a valid key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A key of the whole installation: every source's conversations.
    Any,
    /// A source's own key: that source's conversations.
    Source(SourceName),
}

impl Caller {
    /// Whether a conversation of that source is this caller's to see.
    #[must_use]
    pub fn owns(&self, source: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Source(name) => name.as_str() == source,
        }
    }
}

/// The sources that call with an `x-api-key`.
pub const KEYED_SOURCES: [&str; 3] = ["sms", "trigger", "messages"];

/// Checks `x-api-key` against the secret's entries: `api_key` opens every route, `api_key_<source>`
/// that source's. Keys that do not fit are looked for once more in the secret (a new key may have
/// been added), at most every 30 s.
///
/// # Errors
/// 401 for a missing or wrong key, 503 when the keys cannot be had.
pub async fn api_key(request: &Request, keys: &impl KeyRing, sources: &[&str]) -> Result<Caller, Problem> {
    let Some(given) = request.headers.get("x-api-key").map(http::HeaderValue::as_bytes) else {
        return Err(Problem::Unauthorized);
    };
    for again in [false, true] {
        if again && !keys.refresh().await.map_err(|_| Problem::DependencyUnavailable)? {
            break;
        }
        let mut entries = vec![("api_key".to_owned(), Caller::Any)];
        for source in sources {
            if let Ok(name) = SourceName::new(*source) {
                entries.push((format!("api_key_{source}"), Caller::Source(name)));
            }
        }
        let mut found = None;
        for (entry, caller) in entries {
            let known = keys.keys(&entry).await.map_err(|_| Problem::DependencyUnavailable)?;
            // No early return: how long this takes does not tell which key came close.
            if bool::from(is_among(given, &known)) && found.is_none() {
                found = Some(caller);
            }
        }
        if let Some(caller) = found {
            return Ok(caller);
        }
    }
    Err(Problem::Unauthorized)
}

/// Checks a signature by every known key of an entry; once more with freshly fetched ones when none
/// fits. A call without a signature fetches nothing.
///
/// # Errors
/// 401 when no key made the signature, 503 when the keys cannot be had.
pub async fn signature(
    request: &Request,
    keys: &impl KeyRing,
    entry: &str,
    verify: impl Fn(&[SecretText]) -> Result<(), SignatureError>,
) -> Result<(), Problem> {
    let unavailable = |_| Problem::DependencyUnavailable;
    let mut verified = verify(&keys.keys(entry).await.map_err(unavailable)?);
    if verified == Err(SignatureError::Mismatch) && keys.refresh().await.map_err(unavailable)? {
        verified = verify(&keys.keys(entry).await.map_err(unavailable)?);
    }
    verified.map_err(|error| {
        let decision = telemetry::count(Decision::Unauthenticated);
        tracing::warn!(
            request_id = request.id,
            route = request.route,
            reason = error.reason(),
            decision,
            "Rejected a call whose signature is not valid"
        );
        Problem::Unauthorized
    })
}

/// Whether the given key is one of the known ones. Compares digests, so that lengths take the same
/// time too.
fn is_among(given: &[u8], known: &[SecretText]) -> Choice {
    let given = Sha256::digest(given);
    known.iter().fold(Choice::from(0), |any, key| {
        any | Sha256::digest(key.expose_secret().as_bytes()).as_slice().ct_eq(given.as_slice())
    })
}
