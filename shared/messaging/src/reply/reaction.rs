//! Tapbacks: a thumb on our message, delivered as a text by phones that know no better.
//!
//! The quoted text is ours, so `Liked “Reply STOP to opt out”` must never opt anyone out.

use super::folding::{fold, is_ignorable};
use super::grammar::{BEGINNING, Grammar, LANGUAGES, Root};

/// Characters that open a quotation wherever they stand; apostrophes do not.
const OPENING: [char; 8] = ['"', '“', '”', '„', '«', '‹', '「', '『'];
const CLOSING: [char; 9] = ['"', '”', '“', '»', '’', '\'', '›', '」', '』'];

/// The longest tapback without its quotation, in characters.
const MAX_HEAD_CHARS: usize = 60;

/// Whether all of the text is a reaction.
pub(super) fn is_reaction(text: &str) -> bool {
    let visible: String = text.chars().filter(|character| !is_ignorable(*character)).collect();
    let text = visible.trim();
    is_verb_and_quotation(text) || is_verb_and_attachment(text) || is_emoji_to_quotation(text)
}

/// Recognizes `Liked “…”`, `Reacted 😂 to “…”`, `Le gustó “…”` and `Vond “…” leuk`.
fn is_verb_and_quotation(text: &str) -> bool {
    let Some((head, quotation)) = opening(text).map(|at| text.split_at(at)) else {
        return false;
    };
    if head.chars().nth(MAX_HEAD_CHARS).is_some() || !head.ends_with([' ', '\u{A0}', '\u{202F}', ':', '\n']) {
        return false;
    }
    let head = fold(head);
    if is_quotation(quotation) {
        return LANGUAGES.iter().any(|language| is_one(language, &head, &[Root::Tapback]));
    }
    let tail = quotation.rfind(CLOSING).and_then(|at| quotation.get(at..)).map(fold).unwrap_or_default();
    // The words after the quotation are of the language of those before it.
    LANGUAGES.iter().any(|language| {
        is_one(language, &head, &[Root::TapbackOpen]) && is_one(language, &tail, &[Root::TapbackClose])
    })
}

/// Recognizes `Liked an image` and `A adoré une photo`.
fn is_verb_and_attachment(text: &str) -> bool {
    let is_short = text.chars().nth(2 * MAX_HEAD_CHARS).is_none();
    is_short
        && LANGUAGES.iter().any(|language| is_one(language, &fold(text), &[Root::Tapback, Root::Attachment]))
}

/// Whether words are these rules of a language, one after the other.
fn is_one(language: &Grammar, words: &str, roots: &[Root]) -> bool {
    let words: Vec<&str> = words.split_whitespace().collect();
    language.passage(&words, &|_| false).is_some_and(|passage| {
        passage.is_whole(roots.iter().fold(BEGINNING, |starts, root| passage.ends(*root, starts)))
    })
}

/// The position of the first opening quotation mark; an apostrophe is one only after a blank.
fn opening(text: &str) -> Option<usize> {
    let mut before = None;
    text.char_indices().find_map(|(index, character)| {
        let is_after_blank = before.is_some_and(char::is_whitespace);
        before = Some(character);
        let opens = OPENING.contains(&character) || is_after_blank && matches!(character, '‘' | '\'');
        opens.then_some(index)
    })
}

/// `👍 to “…”` as Google Messages writes it, with another short word in other languages.
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

/// Whether a text is quoted from the first character to the last; an ellipsis may cut a long
/// quotation.
fn is_quotation(text: &str) -> bool {
    let opens = text.starts_with(OPENING) || text.starts_with(['‘', '\'']);
    let closes = text.ends_with(CLOSING) || text.ends_with('…');
    opens && closes && text.chars().nth(1).is_some()
}
