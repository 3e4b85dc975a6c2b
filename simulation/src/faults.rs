//! The faults of a seeded schedule.

use fastrand::Rng;
use messaging::testing::memory::{FAULTS, Fault, FaultGenerator, PROVIDER_FAULTS};

/// A row of calls of one operation that all fail.
struct Outage {
    operation: &'static str,
    /// The number of calls that still fail.
    calls: u32,
    /// The faults from which each call gets one.
    faults: &'static [Fault],
}

/// The provider answers no call: texts leave or not, and the caller cannot tell which.
const NO_RESPONSE: [Fault; 4] = [Fault::LostAnswer, Fault::Conflict, Fault::CrashBefore, Fault::CrashAfter];

/// Returns a generator that makes `rate` of 256 calls fail, 24 at most, and that sometimes starts an outage of one
/// operation.
pub(crate) fn random_faults(seed: u64, rate: u8) -> FaultGenerator {
    let mut rng = Rng::with_seed(seed);
    let mut left: u32 = 24;
    let mut outage = None;
    if rng.u8(..8) == 0 {
        outage = Some(Outage { operation: "send", calls: 6, faults: &NO_RESPONSE });
    }
    Box::new(move |operation| {
        if let Some(outage) = &mut outage
            && outage.operation == operation
            && outage.calls > 0
        {
            outage.calls -= 1;
            return Some(outage.faults[rng.usize(..outage.faults.len())]);
        }
        if left == 0 || rng.u8(..) >= rate {
            return None;
        }
        left -= 1;
        if rng.u8(..24) == 0 {
            outage = Some(Outage { operation, calls: rng.u32(2..30), faults: &[Fault::Before] });
        }
        let faults: &[Fault] = if operation == "send" { &PROVIDER_FAULTS } else { &FAULTS };
        Some(faults[rng.usize(..faults.len())])
    })
}
