//! The faults of port calls, and the source that decides which call gets one.

use std::collections::BTreeMap;

/// A way in which a call of a port fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The call has no effect and returns an error. At the provider: it is down, and the text is certainly not sent.
    Before,
    /// The call takes effect and its answer is lost. At the provider: the text leaves and the caller times out.
    LostAnswer,
    /// The invocation dies before the call takes effect.
    CrashBefore,
    /// The call takes effect, then the invocation dies.
    CrashAfter,
    /// The call is rejected because of too many requests.
    Throttled,
    /// The call conflicts with another transaction at every retry. At the provider: the call times out and
    /// the text never leaves, which the caller cannot tell from [`Fault::LostAnswer`].
    Conflict,
    /// The provider rejects the text for good. At other ports the same as [`Fault::Before`].
    Refused,
    /// The provider reports that the customer has opted out. At other ports the same as [`Fault::Before`].
    OptedOut,
}

/// The faults that every port can have.
pub const FAULTS: [Fault; 6] = [
    Fault::Before,
    Fault::LostAnswer,
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Throttled,
    Fault::Conflict,
];

/// The faults that a provider can have.
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

/// Decides which calls of ports fail, and records them.
#[derive(Default)]
pub struct FaultSource {
    /// The faults of single calls, by the index of the call among all calls.
    pub script: BTreeMap<usize, Fault>,
    /// Decides about the calls that the script does not name.
    pub generator: Option<FaultGenerator>,
    /// The faults that have occurred, by the index of the call.
    pub injected: BTreeMap<usize, Fault>,
}

/// Returns the fault of the next call of an operation, or `None`. It is called once per call.
pub type FaultGenerator = Box<dyn FnMut(&'static str) -> Option<Fault> + Send>;

impl FaultSource {
    /// Returns the fault of the call with this index, and records it.
    pub(super) fn next(&mut self, index: usize, operation: &'static str) -> Option<Fault> {
        let mut fault = self.script.get(&index).copied();
        if fault.is_none()
            && let Some(generator) = &mut self.generator
        {
            fault = generator(operation);
        }
        if let Some(fault) = fault {
            self.injected.insert(index, fault);
        }
        fault
    }
}
