//! Characters that have no place in what a caller hands over to be shown in a text: what cannot be
//! seen can hide or turn around what can.
//!
//! Letters of every script, their joiners (U+200C, U+200D), emoji and the marks that keyboards set
//! between scripts (U+200E, U+200F, U+061C) are left alone: names need them.

/// The first character of a value that is refused.
#[must_use]
pub fn unwanted(value: &str) -> Option<char> {
    value.chars().find(|character| is_unwanted(*character))
}

/// Control characters but the line feed; overrides, embeddings and isolates of direction; spaces
/// without width; tags; code points that are no characters; private ones.
fn is_unwanted(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{9}'
            | '\u{B}'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{AD}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{E000}'..='\u{F8FF}'
            | '\u{FDD0}'..='\u{FDEF}'
            | '\u{FEFF}'
            | '\u{FFF0}'..='\u{FFFD}'
            | '\u{E0000}'..='\u{E001F}'
            | '\u{F0000}'..='\u{10FFFF}'
    ) || u32::from(character) & 0xFFFE == 0xFFFE
}

/// Whether a value can fill a place of a WhatsApp template: no line feed, no tab, never four
/// spaces in a row or more (Twilio error 21656).
#[must_use]
pub fn is_template_value(value: &str) -> bool {
    !value.contains(['\n', '\r', '\t']) && !value.contains("    ")
}

/// The zeros of the decimal digits of other scripts, each followed by one to nine (Unicode 16, general category Nd).
const ZEROS: [u32; 42] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0,
    0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC,
    0x1D7F6, 0x1FBF0,
];

/// Returns the ASCII digit of a decimal digit of any script.
#[must_use]
pub fn decimal_digit(character: char) -> Option<char> {
    if character.is_ascii() {
        return character.is_ascii_digit().then_some(character);
    }
    let code = u32::from(character);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_refused_and_what_names_need_is_not() {
        for text in
            ["a\0", "\u{202E}evil", "a\u{2066}b", "a\u{200B}b", "a\u{FEFF}", "\u{1B}[0m", "a\rb", "a\tb"]
        {
            assert!(unwanted(text).is_some(), "{text:?}");
        }
        for text in [
            "Zoë O’Brien",
            "אבי",
            "محمد",
            "می\u{200C}خواهم",
            "अर्जुन क\u{94D}\u{200D}ष",
            "👨\u{200D}👩\u{200D}👧",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "two\nlines",
            "a\u{200F}b",
        ] {
            assert_eq!(unwanted(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_template_takes_one_line() {
        assert!(is_template_value("U10 Tigers   North"));
        for value in ["two\nlines", "a\tb", "a    b"] {
            assert!(!is_template_value(value), "{value:?}");
        }
    }
}
