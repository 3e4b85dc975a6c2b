//! Runs every entry with its seeds, with edited seeds and with random bytes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly, too")]

use fuzz_entries::{ENTRIES, seeds};
use proptest::prelude::*;

/// Bytes with a special meaning in one of the formats.
const TOKENS: [&[u8]; 24] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xc3\x28",
    b"\0",
    b"%00",
    b"&",
    b"=",
    b"+",
    b"null",
    b"1e400",
    b"-0",
    b"9999-12-31T23:59:60Z",
    b"{{",
    b"}}",
    b"\n",
    b"\xf0\x9f\x98\x80",
];

/// An edit of a body.
#[derive(Debug, Clone)]
enum Edit {
    Flip(usize, u8),
    Cut(usize, usize),
    Repeat(usize, usize),
    Insert(usize, usize),
    /// Replaces the rest of the body by a part of another seed.
    Splice(usize, usize, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = || any::<prop::sample::Index>().prop_map(|sample| sample.index(1 << 16));
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, bits)| Edit::Flip(at, bits)),
        (index(), 1_usize..40).prop_map(|(at, length)| Edit::Cut(at, length)),
        (index(), 1_usize..40).prop_map(|(at, length)| Edit::Repeat(at, length)),
        (index(), 0..TOKENS.len()).prop_map(|(at, which)| Edit::Insert(at, which)),
        (index(), index(), index()).prop_map(|(at, other, from)| Edit::Splice(at, other, from)),
    ]
}

fn edited(mut body: Vec<u8>, edits: &[Edit], seeds: &[Vec<u8>]) -> Vec<u8> {
    for edit in edits {
        let at = |index: usize| index % (body.len() + 1);
        match edit {
            Edit::Flip(index, bits) => {
                let at = at(*index);
                if let Some(byte) = body.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Edit::Cut(index, length) => {
                let from = at(*index);
                let to = (from + length).min(body.len());
                body.drain(from..to);
            }
            Edit::Repeat(index, length) => {
                let from = at(*index);
                let to = (from + length).min(body.len());
                let piece = body[from..to].to_vec();
                body.splice(from..from, piece);
            }
            Edit::Insert(index, which) => {
                let at = at(*index);
                body.splice(at..at, TOKENS[*which].iter().copied());
            }
            Edit::Splice(index, other, from) => {
                let other = &seeds[other % seeds.len()];
                let (at, from) = (at(*index), from % (other.len() + 1));
                body.truncate(at);
                body.extend_from_slice(&other[from..]);
            }
        }
    }
    body
}

fn check_entry(name: &str) {
    let entry = ENTRIES.iter().find(|entry| entry.name == name).unwrap();
    let seeds = seeds(name);
    assert!(!seeds.is_empty());
    for seed in &seeds {
        (entry.run)(seed);
    }
    let near = (0..seeds.len(), prop::collection::vec(edit(), 1..6));
    proptest!(ProptestConfig::with_cases(192), |((which, edits) in near)| {
        (entry.run)(&edited(seeds[which].clone(), &edits, &seeds));
    });
    proptest!(ProptestConfig::with_cases(64), |(data in prop::collection::vec(any::<u8>(), 0..200))| {
        (entry.run)(&data);
    });
}

macro_rules! entries {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check_entry(stringify!($name));
        })*

        #[test]
        fn every_entry_is_tested_and_has_a_fuzz_target() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(ENTRIES.map(|entry| entry.name), tested);
            let manifest = include_str!("../../fuzz/Cargo.toml");
            for name in tested {
                let target = format!("{}/../fuzz/fuzz_targets/{name}.rs", env!("CARGO_MANIFEST_DIR"));
                let target = std::fs::read_to_string(target).unwrap();
                assert!(target.contains(&format!("fuzz_entries::run(\"{name}\", data)")), "{name}");
                assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
            }
        }
    };
}

entries! {
    sms_body
    messages_body
    bulk_body
    trigger_body
    declared_source_body
    calendly_body
    calcom_body
    inbound_form
    two_way_event
    status_callback
    delivery_event
    consent_body
    otp_body
    signature_headers
    gateway_event
    journeys_toml
    asl_definition
    execution_input
}
