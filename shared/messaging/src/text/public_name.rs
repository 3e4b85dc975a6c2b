//! Names from forms that anybody can fill in: shown in a text only if they look like a name.
//!
//! Whoever books with somebody else's number chooses these words, and the text that carries them is ours.

use unicode_normalization::UnicodeNormalization;

/// Values that stand for "no name" in other people's systems, compared without case and dots.
const PLACEHOLDERS: [&str; 26] = [
    "null",
    "undefined",
    "none",
    "nil",
    "nan",
    "n/a",
    "na",
    "n.a",
    "-",
    "test",
    "unknown",
    "anonymous",
    "name",
    "first name",
    "firstname",
    "your name",
    "guest",
    "customer",
    "user",
    "client",
    "no name",
    "noname",
    "[object object]",
    "xxx",
    "asdf",
    "(empty)",
];
/// Forms of address, which are not a name by themselves.
const TITLES: [&str; 34] = [
    "dr",
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "prof",
    "professor",
    "doctor",
    "sir",
    "madam",
    "rev",
    "herr",
    "frau",
    "sr",
    "sra",
    "srta",
    "señor",
    "señora",
    "don",
    "doña",
    "monsieur",
    "madame",
    "mme",
    "mlle",
    "m",
    "dott",
    "dottssa",
    "sig",
    "sigra",
    "dhr",
    "mevr",
    "mw",
    "dra",
];
/// Words of advertisements that are not parts of names.
const ADVERTISING: [&str; 44] = [
    "free",
    "win",
    "winner",
    "won",
    "prize",
    "click",
    "bonus",
    "casino",
    "crypto",
    "bitcoin",
    "btc",
    "loan",
    "loans",
    "offer",
    "offers",
    "discount",
    "sale",
    "promo",
    "voucher",
    "giveaway",
    "viagra",
    "earn",
    "cash",
    "call",
    "whatsapp",
    "telegram",
    "http",
    "https",
    "www",
    "gratis",
    "gratuit",
    "premio",
    "gana",
    "ganaste",
    "gewinn",
    "gewonnen",
    "kostenlos",
    "regalo",
    "oferta",
    "urgent",
    "verify",
    "account",
    "password",
    "subscribe",
];
/// More words than this are a sentence.
const MAX_WORDS: usize = 6;

/// Returns a name as one line of composed, visible characters, or `None` where it is empty, a placeholder, a title, a
/// link, a number or an advertisement: the greeting then has no name.
#[must_use]
pub fn public_name(raw: &str) -> Option<String> {
    let name = visible_line(raw);
    let compatible: String = name.nfkc().map(plain_dot).collect::<String>().to_lowercase();
    let bare = compatible.trim_matches(|c: char| c.is_whitespace() || ".,;:!?*_\"'".contains(c));
    let without_dots: String = bare.chars().filter(|c| *c != '.').collect();
    let words: Vec<&str> = bare
        .split(|c: char| c.is_whitespace() || ",;!?".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let is_title = |word: &&str| TITLES.contains(&word.replace('.', "").as_str());
    let is_unusable = !name.chars().any(char::is_alphabetic)
        || PLACEHOLDERS.contains(&bare)
        || PLACEHOLDERS.contains(&without_dots.as_str())
        || words.iter().all(is_title)
        || words.len() > MAX_WORDS
        || words.iter().any(|word| ADVERTISING.contains(word))
        || holds_link_or_number(&compatible);
    (!is_unusable).then_some(name)
}

/// Puts a text on one line of composed characters, without those that cannot be seen. The joiners stay: some names are
/// misspelt without them.
#[must_use]
pub fn visible_line(raw: &str) -> String {
    let visible: String = raw
        .nfc()
        .map(|c| if c.is_whitespace() || is_blank(c) { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Recognises addresses of pages and people, markup, placeholders of templates, and numbers.
fn holds_link_or_number(name: &str) -> bool {
    let is_domain = |word: &str| {
        let mut labels = word.split('.').map(|label| label.trim_matches(|c: char| !c.is_alphanumeric()));
        let first = labels.next().unwrap_or_default();
        !first.is_empty() && labels.any(|label| label.chars().take_while(|c| c.is_alphabetic()).count() >= 2)
    };
    name.contains(['/', '\\', '@', ':', '<', '>', '{', '}', '[', ']', '$', '€', '£', '%', '=', '|'])
        || name.split_whitespace().any(is_domain)
        || name.contains(" dot ")
        || name.chars().filter(|c| c.is_numeric()).count() >= 4
}

/// Dots of other scripts that mail programs and phones take for a dot of an address.
fn plain_dot(c: char) -> char {
    if matches!(c, '\u{3002}' | '\u{FF0E}' | '\u{FF61}' | '\u{2024}') { '.' } else { c }
}

/// Letters that show as nothing.
const fn is_blank(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{3164}' | '\u{115F}' | '\u{1160}' | '\u{FFA0}')
}

/// Marks of direction and width, variation selectors, tags.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
    ) || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::segments::{Encoding, split};

    #[test]
    fn names_of_people_stay() {
        for (raw, shown) in [
            (" Aarav ", "Aarav"),
            ("Mary\nAnn", "Mary Ann"),
            ("Aa\u{7}r\u{202E}av", "Aarav"),
            ("J.R.", "J.R."),
            ("Dr. Ada Lovelace", "Dr. Ada Lovelace"),
            ("O'Brien-Smith", "O'Brien-Smith"),
            ("مريم", "مريم"),
            ("अर्जुन", "अर्जुन"),
            ("李雷", "李雷"),
            ("Null-Smith", "Null-Smith"),
            ("M. Dupont", "M. Dupont"),
            ("Ada III", "Ada III"),
            ("Christopher", "Christopher"),
            ("Winnie", "Winnie"),
            ("Wonda", "Wonda"),
            ("St. John", "St. John"),
        ] {
            assert_eq!(public_name(raw).as_deref(), Some(shown), "{raw:?}");
        }
    }

    #[test]
    fn placeholders_titles_links_and_advertisements_are_no_names() {
        for raw in [
            "",
            " \u{200B}\t",
            "\u{2800}",
            "\u{3164}\u{115F}",
            "---",
            "null",
            "NULL",
            "undefined",
            "N/A",
            "n.a.",
            "None",
            "Dr.",
            "Mr",
            "Prof. Dr.",
            "Señora",
            "ada@example.com",
            "https://example.com/win",
            "example.com",
            "example。com",
            "ｅｘａｍｐｌｅ．ｃｏｍ",
            "exa\u{200B}mple.com",
            "www example",
            "bit.ly/x",
            "Call 2025550143",
            "Ada 20255",
            "You won a prize",
            "FREE iPhone",
            "Ada, click here",
            "${jndi:ldap}",
            "{{ name }}",
            "<b>Ada</b>",
            "Win $500 now",
            "This is a very long name of somebody",
            "+1 202 555 0143",
            "12345",
        ] {
            assert_eq!(public_name(raw), None, "{raw:?}");
        }
    }

    #[test]
    fn accents_are_composed_before_they_are_counted() {
        for (raw, shown) in [("Nun\u{303}o", "Nuño"), ("A\u{30A}sa", "Åsa"), ("Zoe\u{301}", "Zoé")] {
            let name = public_name(raw).unwrap();
            assert_eq!(name, shown);
            assert_eq!(split(&name).encoding, Encoding::Gsm7, "{shown}");
        }
    }
}
