#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_entries::run("declared_source_body", data));
