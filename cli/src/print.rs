//! What a person reads.

use std::io::Write;

/// A line of the answer. A reader who has gone away (`| head`) is no failure.
pub(crate) fn line(text: impl AsRef<str>) {
    let _gone = writeln!(std::io::stdout().lock(), "{}", text.as_ref());
}

/// Why a command failed.
pub(crate) fn problem(message: &str) {
    let _gone = writeln!(std::io::stderr().lock(), "afterword: {message}");
}
