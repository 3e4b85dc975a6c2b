//! The URL that Twilio signed, in each of its spellings.

use std::borrow::Cow;

/// The parts of the URL that Twilio was told to call.
#[derive(Debug, Clone, Copy)]
pub struct TwilioUrl<'a> {
    /// Pinned public base: scheme, host, perhaps user, port and base path (`https://sms.example`).
    pub base: &'a str,
    /// The raw path as received, with its leading slash.
    pub path: &'a str,
    /// The raw query as received, without the question mark; empty for none.
    pub raw_query: &'a str,
    /// The fragment that the URL was configured with (`rc=5&rp=all`), without `#`; empty for none.
    /// It never reaches a server, so it comes from configuration.
    pub fragment: &'a str,
}

impl TwilioUrl<'_> {
    /// The URL as configured, without the fragment.
    #[must_use]
    pub fn full(&self) -> String {
        self.with_base(self.base)
    }

    /// A value of the raw query; hex needs no decoding, so none is done.
    pub(super) fn query_value(&self, name: &str) -> Option<&str> {
        self.raw_query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// With and without a port, each with and without the fragment: four at most.
    pub(super) fn spellings(&self) -> Vec<String> {
        let mut spellings: Vec<String> =
            [without_port(self.base), with_port(self.base)].map(|b| self.with_base(&b)).to_vec();
        spellings.dedup();
        if !self.fragment.is_empty() {
            let with_fragment: Vec<String> =
                spellings.iter().map(|url| format!("{url}#{}", self.fragment)).collect();
            spellings.extend(with_fragment);
        }
        spellings
    }

    fn with_base(&self, base: &str) -> String {
        let mut url = format!("{}{}", base.trim_end_matches('/'), self.path);
        if !self.raw_query.is_empty() {
            url.push('?');
            url.push_str(self.raw_query);
        }
        url
    }
}

fn without_port(base: &str) -> Cow<'_, str> {
    match host_and_port(base) {
        Some((before, Some(port))) => {
            Cow::Owned(format!("{}{}", &base[..before], &base[before + 1 + port.len()..]))
        }
        _ => Cow::Borrowed(base),
    }
}

fn with_port(base: &str) -> Cow<'_, str> {
    match host_and_port(base) {
        Some((end, None)) => {
            let port = if base.starts_with("https:") { 443 } else { 80 };
            Cow::Owned(format!("{}:{port}{}", &base[..end], &base[end..]))
        }
        _ => Cow::Borrowed(base),
    }
}

/// Returns the end of the host in `base`, and the port after it. The colon of a `user:password@` and
/// those inside an IPv6 address are not the port's.
fn host_and_port(base: &str) -> Option<(usize, Option<&str>)> {
    let authority_start = base.find("://")? + 3;
    let authority_length = base[authority_start..].find('/');
    let authority_end = authority_length.map_or(base.len(), |length| authority_start + length);
    let authority = &base[authority_start..authority_end];
    let host_start = authority.rfind('@').map_or(0, |at| at + 1);
    let port_search = authority[host_start..].rfind(']').map_or(host_start, |at| host_start + at);
    match authority[port_search..].find(':') {
        Some(colon) => {
            let colon = port_search + colon;
            Some((authority_start + colon, Some(&authority[colon + 1..])))
        }
        None => Some((authority_end, None)),
    }
}
