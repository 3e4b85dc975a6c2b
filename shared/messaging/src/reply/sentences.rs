//! Splits a message into sentences and clauses, before folding removes the marks between them.

use super::folding::is_ignorable;

/// Short words that a full stop abbreviates, lowercase. No sentence ends there.
const ABBREVIATIONS: [&str; 43] = [
    "st", "ave", "rd", "blvd", "ln", "dr", "dra", "mr", "mrs", "ms", "prof", "approx", "apt", "nr", "tel",
    "av", "avda", "sr", "sra", "srta", "ud", "uds", "vd", "pza", "mme", "mlle", "bd", "str", "hr", "fr",
    "bzw", "ca", "usw", "inkl", "dott", "sig", "dhr", "mevr", "mw", "vs", "etc", "jr", "rte",
];

/// Returns the sentences of a text without those that have neither letter nor digit.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    split(text, ends_sentence)
}

/// The first and the last clause of a sentence that has several.
pub(super) fn clauses(sentence: &str) -> Option<(&str, &str)> {
    let clauses =
        split(sentence, |_, character, _| matches!(character, ',' | ':' | '-' | '–' | '—' | '，' | '、'));
    match clauses.as_slice() {
        [first, .., last] => Some((first, last)),
        _ => None,
    }
}

/// Splits at the characters for which `ends` is true, given the text before and the rest after.
fn split(text: &str, ends: fn(&str, char, &str) -> bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, character) in text.char_indices() {
        let next = index + character.len_utf8();
        if ends(&text[start..index], character, &text[next..]) {
            parts.push(&text[start..index]);
            start = next;
        }
    }
    parts.push(&text[start..]);
    parts.retain(|part| part.chars().any(char::is_alphanumeric));
    parts
}

fn ends_sentence(before: &str, character: char, after: &str) -> bool {
    match character {
        '!' | '?' | ';' | '\n' | '\r' | '…' | '¡' | '¿' | '。' | '！' | '？' | '।' => true,
        // "10.30" and "example.com" go on; so does "Main St. stop".
        '.' => {
            let is_last = after.chars().next().is_none_or(|next| !next.is_alphanumeric());
            is_last && !is_abbreviation(before)
        }
        _ => is_pictograph(character),
    }
}

fn is_abbreviation(before: &str) -> bool {
    let reversed: String = before.chars().rev().take(7).take_while(|letter| letter.is_alphabetic()).collect();
    let word: String = reversed.chars().rev().flat_map(char::to_lowercase).collect();
    ABBREVIATIONS.contains(&word.as_str())
}

/// Emoji and dingbats.
fn is_pictograph(character: char) -> bool {
    matches!(character, '\u{2190}'..='\u{21FF}' | '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
        && !is_ignorable(character)
}

#[cfg(test)]
mod tests {
    use super::{clauses, sentences};

    #[test]
    fn a_sentence_ends_at_marks_lines_and_emoji() {
        let split = |text| sentences(text).into_iter().map(str::trim).collect::<Vec<_>>();
        assert_eq!(split("I paid. Stop texting me!"), ["I paid", "Stop texting me"]);
        assert_eq!(split("Who is this? Stop; ok\nBye"), ["Who is this", "Stop", "ok", "Bye"]);
        assert_eq!(split("See you 😡 stop texting me 😡😡"), ["See you", "stop texting me"]);
        assert_eq!(split("At 10.30 at the Main St. stop"), ["At 10.30 at the Main St. stop"]);
        assert_eq!(split("¡Hola! ¿quién es?"), ["Hola", "quién es"]);
        assert_eq!(split("... !?"), Vec::<&str>::new());
    }

    #[test]
    fn a_sentence_has_a_first_and_a_last_clause() {
        assert_eq!(clauses("stop texting me, I paid"), Some(("stop texting me", " I paid")));
        assert_eq!(clauses("one, two - three"), Some(("one", " three")));
        assert_eq!(clauses("stop texting me"), None);
    }
}
