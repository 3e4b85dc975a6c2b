//! `[providers]`: who carries the texts of each channel, in the order in which they are asked.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::finding::Finding;
use crate::values::channel::Channel;
use crate::values::provider::Provider;

/// The order for each channel. The next one is asked only after the one before has certainly not
/// sent the text, or has refused it for a reason of its own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderOrder {
    /// For text messages.
    #[serde(default = "twilio")]
    pub sms: Vec<Provider>,
    /// For WhatsApp.
    #[serde(default = "twilio")]
    pub whatsapp: Vec<Provider>,
}

fn twilio() -> Vec<Provider> {
    vec![Provider::Twilio]
}

impl Default for ProviderOrder {
    fn default() -> Self {
        Self { sms: twilio(), whatsapp: twilio() }
    }
}

impl ProviderOrder {
    /// The order for a channel.
    #[must_use]
    pub fn of(&self, channel: Channel) -> &[Provider] {
        match channel {
            Channel::Sms => &self.sms,
            Channel::Whatsapp => &self.whatsapp,
        }
    }

    pub(super) fn lint(&self, findings: &mut Vec<Finding>) {
        lint_order("providers.sms", Channel::Sms, &self.sms, findings);
        lint_order("providers.whatsapp", Channel::Whatsapp, &self.whatsapp, findings);
    }
}

/// What is wrong with an order.
pub(super) fn lint_order(location: &str, channel: Channel, order: &[Provider], findings: &mut Vec<Finding>) {
    if order.is_empty() {
        findings.push(Finding::error(location, "names no provider"));
    }
    let mut named = BTreeSet::new();
    for provider in order {
        if !provider.carries(channel) {
            findings.push(Finding::error(location, format!("{provider} does not carry this channel")));
        }
        if !named.insert(provider) {
            findings.push(Finding::error(location, format!("names {provider} twice")));
        }
    }
}
