//! Tapbacks: a thumb on our message, delivered as a text by phones that know no better.
//!
//! The quoted text is ours, so `Liked “Reply STOP to opt out”` must never opt anyone out.

use super::folding::is_ignorable;

/// The verbs of iOS in English, before a quotation or an attachment.
const VERBS: [&str; 7] =
    ["liked", "loved", "disliked", "laughed at", "emphasized", "emphasised", "questioned"];

const ATTACHMENTS: [&str; 14] = [
    "an image",
    "a photo",
    "a picture",
    "a movie",
    "a video",
    "an audio message",
    "an attachment",
    "a gif",
    "a sticker",
    "a link",
    "a message",
    "a contact",
    "a location",
    "a file",
];

/// The longest emoji or reaction name between `Reacted` and `to`, in characters.
const MAX_NAME_CHARS: usize = 24;

/// Whether all of the text is a reaction.
pub(super) fn is_reaction(text: &str) -> bool {
    let visible: String = text.chars().filter(|character| !is_ignorable(*character)).collect();
    let text = visible.trim();
    VERBS.iter().any(|verb| after(text, verb).is_some_and(is_target))
        || after(text, "reacted").is_some_and(|rest| names_then_target(rest, " to "))
        || after(text, "removed").is_some_and(|rest| names_then_target(rest, " from "))
        || is_emoji_to_quotation(text)
}

/// What follows a word or words, in any case.
fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(words.len())?;
    let is_whole = rest.starts_with(char::is_whitespace);
    (is_whole && head.eq_ignore_ascii_case(words)).then(|| rest.trim())
}

/// `😂 to “…”`, `a like from “…”`, `with a sticker to an image`.
fn names_then_target(text: &str, preposition: &str) -> bool {
    text.split_once(preposition)
        .is_some_and(|(name, target)| name.chars().nth(MAX_NAME_CHARS).is_none() && is_target(target.trim()))
}

/// Google Messages: `👍 to “…”`, with another short word in other languages.
fn is_emoji_to_quotation(text: &str) -> bool {
    let mut words = text.splitn(3, char::is_whitespace);
    let (Some(emoji), Some(preposition), Some(quotation)) = (words.next(), words.next(), words.next()) else {
        return false;
    };
    !emoji.is_ascii()
        && !emoji.chars().any(char::is_alphanumeric)
        && !is_quotation(&format!("{emoji} {preposition} {quotation}"))
        && preposition.chars().all(char::is_alphabetic)
        && preposition.chars().nth(4).is_none()
        && is_quotation(quotation.trim())
}

fn is_target(text: &str) -> bool {
    is_quotation(text) || ATTACHMENTS.iter().any(|name| text.eq_ignore_ascii_case(name))
}

/// Quoted from the first character to the last; a long quotation may be cut by an ellipsis.
fn is_quotation(text: &str) -> bool {
    let opens = text.starts_with(['"', '“', '”', '„', '«', '‘', '\'', '‹', '「']);
    let closes = text.ends_with(['"', '”', '“', '»', '’', '\'', '›', '…', '」']);
    opens && closes && text.chars().nth(1).is_some()
}
