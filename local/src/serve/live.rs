//! `--live`: texts leave by real providers, to real phones.

use super::options::Options;
use crate::runtime::clock::Mode;

/// Where Twilio's API is.
pub(crate) const TWILIO_URL: &str = "https://api.twilio.com";

/// What stands in the way of a text, or of what comes back. None of it keeps the machine from starting:
/// whoever looks at it before the account is there should see the console all the same.
pub(crate) fn warnings(options: &Options) -> Vec<&'static str> {
    let env_keys = &options.env_keys;
    let is_missing = |value: &Option<String>| value.as_ref().is_none_or(|value| value.trim().is_empty());
    let found = [
        (
            is_missing(&env_keys.twilio_account_sid) || is_missing(&env_keys.twilio_auth_token),
            "TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not set: Twilio will refuse every text",
        ),
        (is_missing(&env_keys.twilio_from), "TWILIO_FROM is not set: no number of yours sends"),
        (
            !env_keys.public_url.as_deref().is_some_and(|url| url.starts_with("https://")),
            "AFTERWORD_PUBLIC_URL is not set to an https address: neither replies nor receipts arrive, and STOP is not heard",
        ),
        (options.data_dir.is_none(), "--in-memory: what waits is lost when the process ends"),
        (
            options.clock == Mode::Virtual,
            "--clock virtual stands still and cannot be moved here: nothing falls due",
        ),
    ];
    found.into_iter().filter(|(applies, _)| *applies).map(|(_, warning)| warning).collect()
}
