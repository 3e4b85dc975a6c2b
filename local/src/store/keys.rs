//! The keys of the local deployment: from the environment, else made on first start and kept.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use uuid::Uuid;

/// What the environment gives. Lists are comma-separated, newest first.
#[derive(Clone, Default)]
pub struct EnvKeys {
    /// `AFTERWORD_API_KEY`
    pub api_key: Option<String>,
    /// `AFTERWORD_CALENDLY_SIGNING_KEY`
    pub calendly_signing_key: Option<String>,
    /// `TWILIO_ACCOUNT_SID`
    pub twilio_account_sid: Option<String>,
    /// `TWILIO_AUTH_TOKEN`
    pub twilio_auth_token: Option<String>,
    /// `TWILIO_FROM`
    pub twilio_from: Option<String>,
    /// `AFTERWORD_PUBLIC_URL`
    pub public_url: Option<String>,
    /// `TWILIO_BASE_URL`: another address than Twilio's own, for `--live`.
    pub twilio_base_url: Option<String>,
    /// `AFTERWORD_<SOURCE>_SIGNING_KEY` of further sources, by the source's name.
    pub signing_keys: BTreeMap<String, String>,
}

/// The keys in use. No `Debug`: they are secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// What callers put into `x-api-key`.
    pub api_key: Vec<String>,
    /// What Calendly signs with.
    pub calendly_signing_key: Vec<String>,
    /// The account of the simulated Twilio.
    pub twilio_account_sid: String,
    /// Its tokens; the first one signs.
    pub twilio_auth_token: Vec<String>,
    /// The number that sends.
    pub twilio_from: String,
    /// What further sources sign with, by the source's name.
    pub signing_keys: BTreeMap<String, Vec<String>>,
    /// Under which Twilio reaches the gateway; without a slash at the end.
    pub public_url: String,
}

/// The keys, and which of them did not exist before (name and value, to be shown once).
pub struct Loaded {
    /// The keys in use.
    pub keys: Keys,
    /// What was generated now.
    pub generated: Vec<(&'static str, String)>,
}

impl EnvKeys {
    /// Everything in it that cannot be meant, by the variable's name; never a value.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        let is_empty_list = |value: &Option<String>| {
            value.as_deref().is_some_and(|value| !value.trim().is_empty() && list(value).is_empty())
        };
        let is_word = |value: &str| value.bytes().all(|b| b.is_ascii_alphanumeric());
        let sid = self.twilio_account_sid.as_deref().unwrap_or_default().trim();
        let from = self.twilio_from.as_deref().unwrap_or_default().trim();
        let url = self.public_url.as_deref().unwrap_or_default().trim();
        let found = [
            (is_empty_list(&self.api_key), "AFTERWORD_API_KEY names no key"),
            (is_empty_list(&self.calendly_signing_key), "AFTERWORD_CALENDLY_SIGNING_KEY names no key"),
            (is_empty_list(&self.twilio_auth_token), "TWILIO_AUTH_TOKEN names no token"),
            (!is_word(sid), "TWILIO_ACCOUNT_SID has other characters than letters and digits"),
            (is_number_without_plus(from), "TWILIO_FROM is a number without its + and country code"),
            (!url.is_empty() && !is_web_address(url), "AFTERWORD_PUBLIC_URL is no http or https address"),
        ];
        found.into_iter().filter(|(applies, _)| *applies).map(|(_, what)| what.to_owned()).collect()
    }
}

/// Short codes have at most eight digits.
fn is_number_without_plus(from: &str) -> bool {
    from.len() > 8 && from.bytes().all(|b| b.is_ascii_digit())
}

fn is_web_address(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

/// Twilio's magic number for a sender that works.
const DEFAULT_FROM: &str = "+15005550006";

impl Keys {
    /// What the environment gives; what it does not, from `file`; what is not there either is
    /// generated and written to it. Without a file (in memory) generated keys live as long as the
    /// process. What the environment gives is never written.
    ///
    /// # Errors
    /// When the file cannot be read, understood or written.
    pub fn load(given: EnvKeys, file: Option<&Path>, gateway_port: u16) -> io::Result<Loaded> {
        let mut kept = file.map_or_else(|| Ok(BTreeMap::new()), read)?;
        let mut generated = Vec::new();
        let mut one = |given: Option<String>, name: &'static str, make: fn() -> String| {
            let given = given.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
            given.unwrap_or_else(|| {
                let entry = kept.entry(name.to_owned()).or_insert_with(|| {
                    let made = make();
                    generated.push((name, made.clone()));
                    made
                });
                entry.clone()
            })
        };
        let api_key = list(&one(given.api_key, "AFTERWORD_API_KEY", secret));
        let signing_key = list(&one(given.calendly_signing_key, "AFTERWORD_CALENDLY_SIGNING_KEY", secret));
        let account_sid = one(given.twilio_account_sid, "TWILIO_ACCOUNT_SID", || format!("AC{}", random()));
        let auth_token = list(&one(given.twilio_auth_token, "TWILIO_AUTH_TOKEN", random));
        if let Some(file) = file.filter(|_| !generated.is_empty()) {
            write(file, &kept)?;
        }
        let keys = Self {
            api_key,
            calendly_signing_key: signing_key,
            twilio_account_sid: account_sid,
            twilio_auth_token: auth_token,
            signing_keys: given
                .signing_keys
                .iter()
                .map(|(source, keys)| (source.clone(), list(keys)))
                .collect(),
            twilio_from: given
                .twilio_from
                .filter(|from| !from.is_empty())
                .unwrap_or_else(|| DEFAULT_FROM.to_owned()),
            public_url: given
                .public_url
                .map(|url| url.trim_end_matches('/').to_owned())
                .filter(|url| !url.is_empty())
                .unwrap_or_else(|| format!("http://127.0.0.1:{gateway_port}")),
        };
        Ok(Loaded { keys, generated })
    }

    /// The secret `afterword`, as it stands in Secrets Manager.
    #[must_use]
    pub fn secret_document(&self) -> Value {
        let mut document = json!({
            "api_key": self.api_key,
            "calendly_signing_key": self.calendly_signing_key,
            "twilio_account_sid": self.twilio_account_sid,
            "twilio_auth_token": self.twilio_auth_token,
        });
        for (source, keys) in &self.signing_keys {
            document[format!("{source}_signing_key")] = json!(keys);
        }
        document
    }

    /// The newest key that a source signs with.
    #[must_use]
    pub fn signing_key(&self, source: &str) -> Option<&str> {
        let keys = if source == "calendly" {
            Some(&self.calendly_signing_key)
        } else {
            self.signing_keys.get(source)
        };
        keys.and_then(|keys| keys.first()).map(String::as_str)
    }

    /// The host of the public URL.
    #[must_use]
    pub fn public_host(&self) -> Option<String> {
        self.public_url.parse::<http::Uri>().ok()?.host().map(str::to_owned)
    }
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect()
}

/// 122 bits from the operating system, as 32 hex digits.
fn random() -> String {
    Uuid::new_v4().simple().to_string()
}

fn secret() -> String {
    random() + &random()
}

fn read(file: &Path) -> io::Result<BTreeMap<String, String>> {
    match fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "keys.json is not an object of strings")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

/// Whole or not at all, and nobody else's to read.
fn write(file: &Path, keys: &BTreeMap<String, String>) -> io::Result<()> {
    let draft = file.with_extension("json.new");
    if draft.exists() {
        fs::remove_file(&draft)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut output = options.open(&draft)?;
    output.write_all(serde_json::to_string_pretty(keys)?.as_bytes())?;
    output.sync_all()?;
    fs::rename(&draft, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_named() {
        let some = |value: &str| Some(value.to_owned());
        let given = EnvKeys {
            api_key: some(" , "),
            calendly_signing_key: some(","),
            twilio_auth_token: some(","),
            twilio_account_sid: some("a/b"),
            twilio_from: some("5005550006"),
            public_url: some("not a url"),
            ..EnvKeys::default()
        };
        assert_eq!(given.violations().len(), 6);
        let given = EnvKeys {
            api_key: some("one, two"),
            twilio_account_sid: some("ACcccccccccccccccccccccccccccccccc"),
            twilio_from: some("+15005550006"),
            public_url: some("https://hooks.example.com/"),
            ..EnvKeys::default()
        };
        assert!(given.violations().is_empty());
        for from in ["24273", "ACME", "MG00000000000000000000000000000000"] {
            assert!(
                EnvKeys { twilio_from: some(from), ..EnvKeys::default() }.violations().is_empty(),
                "{from}"
            );
        }
        assert!(EnvKeys::default().violations().is_empty());
    }
}
