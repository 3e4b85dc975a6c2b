//! Output to the terminal.

use std::borrow::Cow;
use std::io::Write;

/// Prints one line of the result. A reader that has closed the pipe (`| head`) is not a failure.
pub(crate) fn line(text: impl AsRef<str>) {
    let _closed = writeln!(std::io::stdout().lock(), "{}", without_control_characters(text.as_ref()));
}

/// Replaces control characters: the words of a customer must not be able to control the terminal.
fn without_control_characters(text: &str) -> Cow<'_, str> {
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.contains(is_control) { text.replace(is_control, "\u{fffd}").into() } else { text.into() }
}

/// Prints the reason for which a command failed.
pub(crate) fn error(message: &str) {
    let _closed = writeln!(std::io::stderr().lock(), "afterword: {message}");
}
