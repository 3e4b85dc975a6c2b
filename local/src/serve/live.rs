//! Live mode: texts are sent by real providers to real phones.

use super::options::Options;
use crate::runtime::clock::Mode;

/// The base URL of Twilio's API.
pub(crate) const TWILIO_URL: &str = "https://api.twilio.com";

/// Returns a warning for each setting that keeps texts from being sent or replies from arriving. None of
/// them keeps the machine from starting, so that the console can be tried without an account.
pub(crate) fn warnings(options: &Options) -> Vec<&'static str> {
    let env_keys = &options.env_keys;
    let is_missing = |value: &Option<String>| value.as_ref().is_none_or(|value| value.trim().is_empty());
    let found = [
        (
            is_missing(&env_keys.twilio_account_sid) || is_missing(&env_keys.twilio_auth_token),
            "TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not set: Twilio will reject every text",
        ),
        (is_missing(&env_keys.twilio_from), "TWILIO_FROM is not set: texts have no number to be sent from"),
        (
            !env_keys.public_url.as_deref().is_some_and(|url| url.starts_with("https://")),
            "AFTERWORD_PUBLIC_URL is not set to an https address: replies, STOP and receipts do not arrive",
        ),
        (options.data_dir.is_none(), "--in-memory: waiting texts are lost when the process ends"),
        (
            options.clock == Mode::Virtual,
            "--clock virtual: the clock cannot be advanced with --live, so no text becomes due",
        ),
    ];
    found.into_iter().filter(|(applies, _)| *applies).map(|(_, warning)| warning).collect()
}
