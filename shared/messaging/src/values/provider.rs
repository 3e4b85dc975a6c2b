//! Who carries texts, and in which order they are asked.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::values::channel::Channel;

/// A company's way of sending texts. The names are persisted, and written in `journeys.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Twilio's Messages API: SMS and WhatsApp.
    Twilio,
    /// AWS End User Messaging SMS (`pinpoint-sms-voice-v2`).
    EndUserMessaging,
    /// Amazon SNS, published to a phone number.
    Sns,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Twilio, Self::EndUserMessaging, Self::Sns];

    /// Its name in `journeys.toml`, in the table and in outputs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::EndUserMessaging => "end_user_messaging",
            Self::Sns => "sns",
        }
    }

    /// The provider of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == name)
    }

    /// Whether it carries this channel.
    #[must_use]
    pub const fn carries(self, channel: Channel) -> bool {
        matches!((self, channel), (_, Channel::Sms) | (Self::Twilio, Channel::Whatsapp))
    }

    /// Who may have issued a message id that this provider names: inbound messages come from AWS under
    /// one name, whichever of its two services has sent the text that they answer.
    #[must_use]
    pub const fn issuers(self) -> &'static [Self] {
        match self {
            Self::Twilio => &[Self::Twilio],
            Self::EndUserMessaging | Self::Sns => &[Self::EndUserMessaging, Self::Sns],
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for provider in Provider::ALL {
            assert_eq!(Provider::of_name(provider.as_str()), Some(provider));
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.as_str());
        }
        assert_eq!(Provider::of_name("pigeon"), None);
    }
}
