//! What a person reads.

use std::borrow::Cow;
use std::io::Write;

/// A line of the answer. A reader who has gone away (`| head`) is no failure.
pub(crate) fn line(text: impl AsRef<str>) {
    let _gone = writeln!(std::io::stdout().lock(), "{}", harmless(text.as_ref()));
}

/// Customers' words may hold what steers a terminal.
fn harmless(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.contains(steers) { text.replace(steers, "\u{fffd}").into() } else { text.into() }
}

/// Why a command failed.
pub(crate) fn problem(message: &str) {
    let _gone = writeln!(std::io::stderr().lock(), "afterword: {message}");
}
