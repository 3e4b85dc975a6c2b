//! What goes wrong in a seeded schedule.

use fastrand::Rng;
use messaging::testing::memory::{FAULTS, Fault, FaultGenerator, PROVIDER_FAULTS};

/// How many calls of an operation go wrong in a row, and how.
struct Outage {
    operation: &'static str,
    calls: u32,
    /// Each is one of these.
    faults: &'static [Fault],
}

/// The provider answers nobody: texts leave or not, and nobody can tell.
const MUTE: [Fault; 4] = [Fault::LostAnswer, Fault::Conflict, Fault::CrashBefore, Fault::CrashAfter];

/// Single calls go wrong, and now and then one operation stays away for a while.
pub(crate) fn random_faults(seed: u64, rate: u8) -> FaultGenerator {
    let mut rng = Rng::with_seed(seed);
    let mut left: u32 = 24;
    let mut outage: Option<Outage> =
        (rng.u8(..8) == 0).then_some(Outage { operation: "send", calls: 6, faults: &MUTE });
    Box::new(move |operation| {
        let faults: &[Fault] = if operation == "send" { &PROVIDER_FAULTS } else { &FAULTS };
        if let Some(Outage { calls, faults, .. }) =
            outage.as_mut().filter(|outage| outage.operation == operation && outage.calls > 0)
        {
            *calls -= 1;
            return Some(faults[rng.usize(..faults.len())]);
        }
        if left == 0 || rng.u8(..) >= rate {
            return None;
        }
        left -= 1;
        if rng.u8(..24) == 0 {
            outage = Some(Outage { operation, calls: rng.u32(2..30), faults: &[Fault::Before] });
        }
        Some(faults[rng.usize(..faults.len())])
    })
}
