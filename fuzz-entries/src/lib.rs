//! The entries for data from outside, one function each. Each takes any bytes, feeds them to the shipped
//! code over a world in memory, and panics if an invariant is violated. The fuzzer (`make fuzz`) and the
//! property tests in this crate look for such panics.
//!
//! For every input: the code does not panic; a caller's mistake is a 4xx and never a 5xx; a repeated call
//! changes nothing; no text is sent more than once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a violated invariant is a panic, which the fuzzer and the tests look for"
)]

mod call;
mod configuration;
mod contacts;
mod execution;
mod reports;
mod seeds;
mod sources;
mod world;

pub use seeds::seeds;

/// An entry point for outside input.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The name of the entry, of its fuzz target and of its corpus folder.
    pub name: &'static str,
    /// Passes any bytes to the entry point. Panics if an invariant is violated.
    pub run: fn(&[u8]),
}

/// All entries.
pub const ENTRIES: [Entry; 18] = [
    Entry { name: "sms_body", run: sources::sms_body },
    Entry { name: "messages_body", run: sources::messages_body },
    Entry { name: "bulk_body", run: sources::bulk_body },
    Entry { name: "trigger_body", run: sources::trigger_body },
    Entry { name: "declared_source_body", run: sources::declared_source_body },
    Entry { name: "calendly_body", run: sources::calendly_body },
    Entry { name: "calcom_body", run: sources::calcom_body },
    Entry { name: "inbound_form", run: sources::inbound_form },
    Entry { name: "two_way_event", run: reports::two_way_event },
    Entry { name: "status_callback", run: reports::status_callback },
    Entry { name: "delivery_event", run: reports::delivery_event },
    Entry { name: "consent_body", run: contacts::consent_body },
    Entry { name: "otp_body", run: contacts::otp_body },
    Entry { name: "signature_headers", run: sources::signature_headers },
    Entry { name: "gateway_event", run: call::gateway_event },
    Entry { name: "journeys_toml", run: configuration::journeys_toml },
    Entry { name: "asl_definition", run: configuration::asl_definition },
    Entry { name: "execution_input", run: execution::execution_input },
];

/// Runs the entry of a fuzz target.
///
/// # Panics
/// If there is no such entry, or an invariant is violated.
pub fn run(name: &str, data: &[u8]) {
    let entry = ENTRIES.iter().find(|entry| entry.name == name);
    (entry.unwrap_or_else(|| panic!("no entry {name}")).run)(data);
}
