//! What goes wrong, and when.

use std::collections::BTreeMap;

/// How a port's call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Nothing happens and an error comes back. At the provider: it is down, certainly not sent.
    Before,
    /// It happens and its answer is lost. At the provider: the text leaves, the caller times out.
    LostAnswer,
    /// The invocation dies before anything happens.
    CrashBefore,
    /// It happens, then the invocation dies.
    CrashAfter,
    /// It is turned away: too many requests.
    Throttled,
    /// Another transaction is in the way, again and again. At the provider: the call times out and
    /// the text never leaves, which nobody can tell from [`Fault::LostAnswer`].
    Conflict,
    /// The provider refuses the text for good. Elsewhere as [`Fault::Before`].
    Refused,
    /// The provider says that the customer has opted out. Elsewhere as [`Fault::Before`].
    OptedOut,
}

/// What can go wrong anywhere.
pub const FAULTS: [Fault; 6] = [
    Fault::Before,
    Fault::LostAnswer,
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Throttled,
    Fault::Conflict,
];

/// What can go wrong at a provider.
pub const PROVIDER_FAULTS: [Fault; 8] = [
    Fault::Before,
    Fault::LostAnswer,
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Throttled,
    Fault::Conflict,
    Fault::Refused,
    Fault::OptedOut,
];

impl Fault {
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::LostAnswer => "timeout",
            Self::Throttled => "throttled",
            Self::Conflict => "conflict",
            _ => "fault",
        }
    }

    pub(super) const fn takes_effect(self) -> bool {
        matches!(self, Self::LostAnswer | Self::CrashAfter)
    }

    pub(super) const fn kills(self) -> bool {
        matches!(self, Self::CrashBefore | Self::CrashAfter)
    }
}

/// Decides what becomes of each call.
#[derive(Default)]
pub struct FaultSource {
    /// By the call's place among all calls.
    pub script: BTreeMap<usize, Fault>,
    /// For calls that the script does not name: asked once per call, with its place and operation.
    pub generator: Option<FaultGenerator>,
    /// What has gone wrong so far, by place.
    pub injected: BTreeMap<usize, Fault>,
}

/// Says what goes wrong with a call of that operation.
pub type FaultGenerator = Box<dyn FnMut(&'static str) -> Option<Fault> + Send>;

impl FaultSource {
    pub(super) fn at(&mut self, place: usize, operation: &'static str) -> Option<Fault> {
        let forecast = || self.generator.as_mut().and_then(|forecast| forecast(operation));
        let fault = self.script.get(&place).copied().or_else(forecast);
        if let Some(fault) = fault {
            self.injected.insert(place, fault);
        }
        fault
    }
}

/// A rule that can be broken on purpose: each must be noticed by whoever checks the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// A claim is stored whatever the conversation and the contact say.
    NoClaimCondition,
    /// A conversation is stored though there is one, and an execution starts though it ran.
    NoDuplicateCheck,
    /// A reply stops nothing.
    NoReplyCheck,
    /// An opt-out stops nothing.
    NoOptOutCheck,
    /// The end of a booking that has not arrived is forgotten.
    NoTombstone,
    /// A lost answer is taken for a text that was not sent.
    NoEvidenceWait,
    /// The provider's client repeats what timed out.
    ClientRetries,
    /// Advertising needs no agreement.
    NoConsentCheck,
    /// Advertising leaves at any hour.
    NoQuietHours,
    /// Money is counted and limits nothing.
    NoMoneyLimit,
    /// A place in a schedule is given to everybody.
    NoPacing,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::NoClaimCondition,
        Self::NoDuplicateCheck,
        Self::NoReplyCheck,
        Self::NoOptOutCheck,
        Self::NoTombstone,
        Self::NoEvidenceWait,
        Self::ClientRetries,
        Self::NoConsentCheck,
        Self::NoQuietHours,
        Self::NoMoneyLimit,
        Self::NoPacing,
    ];
}
