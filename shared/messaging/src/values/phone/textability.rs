//! Which kinds of numbers can receive a text.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber as Parsed, PhoneNumberType};
use serde::Serialize;

/// The kind of line, in libphonenumber's own names (`tests/vectors/phone_numbers.json`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NumberKind {
    /// A landline.
    FixedLine,
    /// A mobile phone.
    Mobile,
    /// Either, where the plan does not tell them apart, as in `+1`.
    FixedLineOrMobile,
    /// Free for the caller.
    TollFree,
    /// Dear for the caller.
    PremiumRate,
    /// Paid by both sides.
    SharedCost,
    /// A number on the internet.
    Voip,
    /// A number that follows a person; Twilio's magic test numbers are of this kind.
    PersonalNumber,
    /// A pager.
    Pager,
    /// A company's one number for all its sites.
    Uan,
    /// A mailbox.
    Voicemail,
    /// Not in any range in use, such as the numbers reserved for fiction.
    Unknown,
}

/// Whether a text can be sent to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Textability {
    /// A text can arrive, or nothing known speaks against it.
    Textable,
    /// Valid numbers of this kind take no texts: sending would cost money and reach nobody.
    NotTextable(NumberKind),
}

impl Textability {
    /// True for [`Textability::Textable`].
    #[must_use]
    pub fn is_textable(self) -> bool {
        self == Self::Textable
    }
}

impl NumberKind {
    /// The kind of a parsed number.
    pub(super) fn of(parsed: &Parsed) -> Self {
        match PHONE_NUMBER_UTIL.get_number_type(parsed) {
            PhoneNumberType::FixedLine => Self::FixedLine,
            PhoneNumberType::Mobile => Self::Mobile,
            PhoneNumberType::FixedLineOrMobile => Self::FixedLineOrMobile,
            PhoneNumberType::TollFree => Self::TollFree,
            PhoneNumberType::PremiumRate => Self::PremiumRate,
            PhoneNumberType::SharedCost => Self::SharedCost,
            PhoneNumberType::VoIP => Self::Voip,
            PhoneNumberType::PersonalNumber => Self::PersonalNumber,
            PhoneNumberType::Pager => Self::Pager,
            PhoneNumberType::UAN => Self::Uan,
            PhoneNumberType::VoiceMail => Self::Voicemail,
            PhoneNumberType::Unknown => Self::Unknown,
        }
    }

    /// Toll-free, shared-cost and premium numbers are valid and take no texts; an unknown kind is
    /// let through, since fiction and new ranges look like that.
    #[must_use]
    pub fn textability(self) -> Textability {
        match self {
            Self::Mobile | Self::FixedLineOrMobile | Self::Voip | Self::PersonalNumber | Self::Unknown => {
                Textability::Textable
            }
            Self::FixedLine
            | Self::TollFree
            | Self::PremiumRate
            | Self::SharedCost
            | Self::Pager
            | Self::Uan
            | Self::Voicemail => Textability::NotTextable(self),
        }
    }
}
