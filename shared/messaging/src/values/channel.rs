//! The category of a text, which decides policy, and the channel by which it travels.

use serde::{Deserialize, Serialize};

/// What kind of text it is. Decides policy: consent, quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// About something the customer did or ordered.
    Transactional,
    /// Part of a dialogue.
    Conversational,
    /// Advertising: needs consent, keeps quiet hours.
    Promotional,
    /// A one-time code.
    Otp,
}

/// How a text travels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Text message.
    #[default]
    Sms,
    /// WhatsApp.
    Whatsapp,
}
