//! The sender of a message: a phone number however the provider spells it, or an address that is not one.

use messaging::conversation::inbound_message::InboundMessage;
use messaging::text::template::MessageText;
use messaging::values::channel::Channel;
use messaging::values::phone::PhoneNumber;

/// The fewest digits of a number that a provider reports without its plus sign. Short codes have fewer.
const MIN_DIGITS: usize = 8;

/// A message whose sender is not yet known to be a phone.
pub(crate) struct Incoming {
    /// The address that the provider reports, without the name of its channel.
    pub(crate) sender: String,
    /// The provider's id of the message.
    pub(crate) id: String,
    /// The message of ours that it answers, where the provider names one.
    pub(crate) replied_to: Option<String>,
    /// The phone of the sender, where the address is one.
    pub(crate) phone: Option<PhoneNumber>,
    /// The words, for an operator to read where the sender is not known.
    pub(crate) words: MessageText,
    /// Everything but the sender.
    pub(crate) draft: Draft,
}

/// A message without its sender.
pub(crate) type Draft = Box<dyn FnOnce(PhoneNumber) -> InboundMessage + Send>;

impl Incoming {
    pub(crate) fn new(
        sender: &str,
        id: String,
        replied_to: Option<String>,
        words: MessageText,
        draft: impl FnOnce(PhoneNumber) -> InboundMessage + Send + 'static,
    ) -> Self {
        Self {
            sender: sender.to_owned(),
            id,
            replied_to,
            words,
            phone: phone(sender),
            draft: Box::new(draft),
        }
    }
}

/// Splits the address of a person or of ours: `whatsapp:+1...`, `rcs:+1...`, `rcs:agent_id` or `+1...`, in any case. RCS
/// is a text message: a Messaging Service upgrades texts to it by itself
/// (twilio.com/docs/rcs/send-an-rcs-message).
pub(crate) fn address(text: &str) -> (Channel, &str) {
    let text = text.trim();
    match text.split_once(':') {
        Some((channel, address)) if channel.eq_ignore_ascii_case("whatsapp") => (Channel::Whatsapp, address),
        Some((channel, address)) if channel.eq_ignore_ascii_case("rcs") => (Channel::Sms, address),
        _ => (Channel::Sms, text),
    }
}

/// Reads a phone number, also one that is reported without its plus sign. Short codes, alphanumeric senders and user ids
/// of WhatsApp (`US.1349...`) are none.
fn phone(address: &str) -> Option<PhoneNumber> {
    let address = address.trim();
    if address.starts_with('+') {
        return PhoneNumber::parse_e164(address).ok();
    }
    let is_bare = address.len() >= MIN_DIGITS && address.bytes().all(|byte| byte.is_ascii_digit());
    if !is_bare {
        return None;
    }
    let phone = PhoneNumber::parse_e164(&format!("+{address}")).ok()?;
    (phone.is_valid() || phone.is_fictitious()).then_some(phone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_one() {
        for (text, channel, number) in [
            ("+12025550143", Channel::Sms, Some("+12025550143")),
            ("12025550143", Channel::Sms, Some("+12025550143")),
            ("rcs:+12025550143", Channel::Sms, Some("+12025550143")),
            ("RCS:+12025550143", Channel::Sms, Some("+12025550143")),
            ("whatsapp:+12025550143", Channel::Whatsapp, Some("+12025550143")),
            ("WhatsApp:+5215512345678", Channel::Whatsapp, Some("+525512345678")),
            ("whatsapp:+551187654321", Channel::Whatsapp, Some("+5511987654321")),
            ("whatsapp:US.13491208655302741918", Channel::Whatsapp, None),
            ("rcs:agent_1234_agent", Channel::Sms, None),
            ("22395", Channel::Sms, None),
            ("CLINIC", Channel::Sms, None),
            ("", Channel::Sms, None),
        ] {
            let (found, address) = address(text);
            assert_eq!(found, channel, "{text}");
            assert_eq!(phone(address).as_ref().map(PhoneNumber::as_e164), number, "{text}");
        }
    }
}
