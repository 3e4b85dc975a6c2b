#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_entries::run("delivery_event", data));
