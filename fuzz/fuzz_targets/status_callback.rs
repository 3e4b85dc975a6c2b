#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_entries::run("status_callback", data));
