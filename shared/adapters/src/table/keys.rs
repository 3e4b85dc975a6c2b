//! The keys of every kind of item: a partition key `pk` and a sort key `sk`.

use chrono::{DateTime, SecondsFormat, Utc};
use messaging::conversation::consent::{Act, ConsentChange};
use messaging::conversation::receipt::Receipt;
use messaging::journeys::budgets::Budget;
use messaging::journeys::code_limits::{CodeLimit, PHONE_SCOPES};
use messaging::journeys::rate_limits::Rate;
use messaging::ports::InboundId;
use messaging::values::ids::ConversationId;
use messaging::values::one_time_code::CodeSlot;
use messaging::values::phone::PhoneNumber;
use messaging::values::phone::stored::from_stored;
use sha2::{Digest, Sha256};

use super::item::{Item, string};

/// The key of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// A key as a query or an export shows it.
    pub(super) fn stored(pk: &str, sk: &str) -> Self {
        Self::new(pk, sk)
    }

    /// `V#<id>` / `V`: a conversation, or a tombstone.
    pub(super) fn conversation(id: &ConversationId) -> Self {
        Self::new(conversation_prefixed(id), "V")
    }

    /// `P#<phone>` / `V#<id>`: leads from a phone to one of its conversations.
    pub(super) fn pointer(phone: &PhoneNumber, id: &ConversationId) -> Self {
        Self::new(Partition::phone(phone).0, conversation_prefixed(id))
    }

    /// `P#<phone>` / `C`: a contact.
    pub(super) fn contact(phone: &PhoneNumber) -> Self {
        Self::new(Partition::phone(phone).0, "C")
    }

    /// `P#<phone>` / `K`: the consent that is in force.
    pub(super) fn consent(phone: &PhoneNumber) -> Self {
        Self::new(Partition::phone(phone).0, "K")
    }

    /// `P#<phone>` / `K#<instant>#<act>_<scope>`: one change of the consent. The same change at the same
    /// instant has the same key.
    pub(super) fn consent_change(phone: &PhoneNumber, change: &ConsentChange) -> Self {
        let at = change.agreement.at.to_rfc3339_opts(SecondsFormat::Nanos, true);
        let act = match change.act {
            Act::Given => "given",
            Act::Withdrawn => "withdrawn",
            Act::OptedOut => "opted_out",
            Act::OptedIn => "opted_in",
        };
        Self::new(Partition::phone(phone).0, format!("K#{at}#{act}_{}", change.scope))
    }

    /// `O#<digest of the phone>` / `O`: the opt-out of a person who was erased.
    pub(super) fn suppression(phone: &PhoneNumber) -> Self {
        let digest = Sha256::digest(format!("afterword opt-out {}", phone.as_e164()));
        Self::new(format!("O#{}", hex::encode(digest)), "O")
    }

    /// `L#<month>` / `L` for the money that all texts have cost, `P#<phone>` / `L#<month>` for one number.
    pub(super) fn spent(budget: &Budget, phone: &PhoneNumber) -> Self {
        match budget {
            Budget::Month(month) => Self::new(format!("L#{month}"), "L"),
            Budget::Recipient(month) => Self::new(Partition::phone(phone).0, format!("L#{month}")),
        }
    }

    /// `S#<provider or number>` / `S`: the rate limiter of a sender.
    pub(super) fn rate_limiter(rate: &Rate) -> Self {
        Self::new(format!("S#{}", rate.limiter()), "S")
    }

    /// `M#<provider>#<message id>` / `M`: leads from a provider's message to the attempt that sent it.
    pub(super) fn message(provider: &str, id: &str) -> Self {
        Self::new(message_prefixed(provider, id), "M")
    }

    /// `M#<provider>#<message id>` / `R#<the provider's word>`: a receipt that belongs to no text of ours.
    pub(super) fn stray_receipt(receipt: &Receipt) -> Self {
        let pk = message_prefixed(receipt.provider.as_str(), &receipt.message_id);
        Self::new(pk, format!("R#{}", receipt.said))
    }

    /// `I#<provider>#<message id>` / `I`: a message that a customer wrote.
    pub(super) fn inbound(message: &InboundId) -> Self {
        Self::new(inbound_prefixed(message), "I")
    }

    /// `R#<phone>` / `I#<provider>#<message id>`: leads from a phone to a message that it sent.
    pub(super) fn received(phone: &PhoneNumber, message: &InboundId) -> Self {
        Self::new(Partition::received(phone).0, inbound_prefixed(message))
    }

    /// `Q#<id>` / `Q`: an event in quarantine.
    pub(super) fn quarantined(id: &str) -> Self {
        Self::new(format!("Q#{id}"), "Q")
    }

    /// `OTP#<phone>` / `<digest of the purpose>`: a one-time code.
    pub(super) fn code(slot: &CodeSlot) -> Self {
        Self::new(Partition::codes(slot.phone()).0, slot.purpose_key())
    }

    /// `OTP#<scope>#<number, prefix or country>` / `<start of the window>`: a counter of one-time codes.
    pub(super) fn code_limit(limit: &CodeLimit) -> Self {
        let Partition(pk) = Partition::code_limits(limit.scope, &limit.of);
        Self::new(pk, limit.from.timestamp().to_string())
    }

    /// `J#<version>` / `J`: the journeys of one version.
    pub(crate) fn journeys(version: &str) -> Self {
        Self::new(format!("J#{version}"), "J")
    }

    /// `J#current` / `J`: the version in force.
    pub(crate) fn current_journeys() -> Self {
        Self::new("J#current", "J")
    }

    /// `J#history` / `<instant>#<version>`: one change of the version in force.
    pub(crate) fn journeys_change(at: DateTime<Utc>, version: &str) -> Self {
        let at = at.to_rfc3339_opts(SecondsFormat::Micros, true);
        Self::new(Partition::journeys_history().0, format!("{at}#{version}"))
    }
}

/// A partition key: everything under it is read by one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition(pub(super) String);

impl Partition {
    /// The contact, its conversations, its consent and its spending counters.
    pub(super) fn phone(phone: &PhoneNumber) -> Self {
        Self(format!("P#{}", phone.as_e164()))
    }

    /// The messages from a phone. Separate from [`Partition::phone`], so that attributing a reply does not
    /// read them.
    pub(super) fn received(phone: &PhoneNumber) -> Self {
        Self(format!("R#{}", phone.as_e164()))
    }

    fn codes(phone: &PhoneNumber) -> Self {
        Self(format!("OTP#{}", phone.as_e164()))
    }

    fn code_limits(scope: &str, of: &str) -> Self {
        Self(format!("OTP#{scope}#{of}"))
    }

    /// The one-time codes of a phone, and the counters of that phone alone.
    pub(super) fn all_codes(phone: &PhoneNumber) -> impl Iterator<Item = Self> {
        let counters = PHONE_SCOPES.map(|scope| Self::code_limits(scope, phone.as_e164()));
        std::iter::once(Self::codes(phone)).chain(counters)
    }

    /// The changes of the version in force.
    pub(crate) fn journeys_history() -> Self {
        Self("J#history".to_owned())
    }
}

fn conversation_prefixed(id: &ConversationId) -> String {
    format!("V#{id}")
}

fn message_prefixed(provider: &str, id: &str) -> String {
    format!("M#{provider}#{id}")
}

fn inbound_prefixed(message: &InboundId) -> String {
    format!("I#{}#{}", message.provider, message.id)
}

/// Reads the conversation out of `V#<id>`: the partition key of a conversation, the sort key of a pointer.
pub(super) fn conversation_in(key: &str) -> Option<ConversationId> {
    ConversationId::new(key.strip_prefix("V#")?).ok()
}

/// Reads the message out of `I#<provider>#<message id>`.
pub(super) fn inbound_in(key: &str) -> Option<InboundId> {
    let (provider, id) = key.strip_prefix("I#")?.split_once('#')?;
    Some(InboundId { provider: provider.to_owned(), id: id.to_owned() })
}

/// Reads the phone out of `P#<phone>`.
pub(super) fn phone_in(key: &str) -> Option<PhoneNumber> {
    from_stored(key.strip_prefix("P#")?).ok()
}

/// Reads the id of the event out of `Q#<id>`.
pub(super) fn quarantined_in(key: &str) -> Option<&str> {
    key.strip_prefix("Q#")
}

/// Returns whether a sort key in a phone's partition is of the consent or of its history.
pub(super) fn is_consent(sk: &str) -> bool {
    sk == "K" || is_consent_change(sk)
}

/// Returns whether a sort key in a phone's partition is of one change of the consent.
pub(super) fn is_consent_change(sk: &str) -> bool {
    sk.starts_with("K#")
}

/// Returns whether a sort key in a phone's partition is of a spending counter.
pub(super) fn is_spent(sk: &str) -> bool {
    sk.starts_with("L#")
}

/// Returns the sort key of a stored item.
pub(super) fn sort_key(item: &Item) -> Option<&str> {
    string(item, "sk")
}
