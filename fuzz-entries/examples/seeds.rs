//! Writes the seeds of every entry: `seeds <folder>` creates `<folder>/<entry>/seed-<n>`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a tool of the repository"
)]

use std::path::PathBuf;

use fuzz_entries::{ENTRIES, seeds};

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("seeds <folder>"));
    for entry in ENTRIES {
        let corpus = folder.join(entry.name);
        std::fs::create_dir_all(&corpus).unwrap();
        for (n, seed) in seeds(entry.name).into_iter().enumerate() {
            std::fs::write(corpus.join(format!("seed-{n:03}")), seed).unwrap();
        }
        println!("{}", entry.name);
    }
}
