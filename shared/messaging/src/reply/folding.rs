//! Brings what people type to plain words: one spelling for every way to write STOP.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The words of a text, lowercase, separated by single spaces.
///
/// Width, case, accents (`ARRÊT`), apostrophes, zero-width characters and stretched letters
/// (`STOPPP`) are folded; punctuation, symbols and emoji separate words; letters typed one by one
/// (`S T O P`) are one word. Folding twice changes nothing.
pub fn fold(text: &str) -> String {
    let letters = text
        .chars()
        .filter(|character| !is_ignorable(*character) && !is_apostrophe(*character))
        .nfkd()
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|character| !is_ignorable(*character) && !is_accent(*character))
        .map(|character| if is_word_character(character) { character } else { ' ' });
    let text: String = letters.collect();
    let words: Vec<String> = text.split_whitespace().map(unstretch).collect();
    let spelt_out = words.len() > 2
        && words.iter().all(|word| word.len() == 1 && word.as_bytes()[0].is_ascii_lowercase());
    if spelt_out { unstretch(&words.concat()) } else { words.join(" ") }
}

/// Characters that take no room: they hide in pasted text and must not break a word.
pub(super) fn is_ignorable(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}' | '\0')
}

/// `don't` and `dont` are one word.
fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '’' | '‘' | '‛' | 'ʼ' | '`' | '´' | '′')
}

/// Accents of Latin, Greek and Cyrillic letters, and the enclosing keycap. Marks of other scripts
/// are vowels, without which a word would be another.
fn is_accent(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36F}' | '\u{20D0}'..='\u{20FF}')
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

/// Three or more of a letter are one: no word in the grammar has three.
fn unstretch(word: &str) -> String {
    let mut short = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(letter) = rest.chars().next() {
        let after = rest.trim_start_matches(letter);
        let run = &rest[..rest.len() - after.len()];
        let is_stretched = letter.is_alphabetic() && run.len() > 2 * letter.len_utf8();
        short.push_str(if is_stretched { &run[..letter.len_utf8()] } else { run });
        rest = after;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling_for_every_way_to_write_it() {
        for text in [
            "STOP",
            "stop",
            " Stop. ",
            "«stop»",
            "ＳＴＯＰ",
            "S T O P",
            "s.t.o.p",
            "ST\u{200B}OP",
            "STOPPPP",
            "🛑 stop 🛑",
            "𝐒𝐓𝐎𝐏",
            "Ⓢⓣⓞⓟ",
            "s̶t̶o̶p̶",
            "'stop'",
            "*STOP*",
            "S-T-O-P",
            "\u{202E}stop",
            "stop\0",
        ] {
            assert_eq!(fold(text), "stop", "{text:?}");
        }
        assert_eq!(fold("ARRÊT"), "arret");
        assert_eq!(fold("Don’t  don't DON`T"), "dont dont dont");
        assert_eq!(fold("opt-out"), "opt out");
        assert_eq!(fold("बंद करो!"), "बंद करो");
        assert_eq!(fold("C"), "c");
        assert_eq!(fold("1 2 3"), "1 2 3");
        assert_eq!(fold("10000"), "10000");
        assert_eq!(fold("🙂"), "");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>(), spaced in "[a-cA-C .'aé]{0,12}") {
            for text in [text, spaced] {
                let folded = fold(&text);
                prop_assert_eq!(fold(&folded), folded);
            }
        }
    }
}
