//! The GSM 7-bit default alphabet, 3GPP TS 23.038 section 6.2.1.
//!
//! 137 characters. Beware of the look-alikes: `Ç` is in the table and `ç` is not; neither are the
//! back-tick, TAB, the no-break space, typographic quotes, `°` and `₹`.

/// The basic table in code order, one septet each. ESC (0x1B) is no character.
const BASIC: &str = concat!(
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
);

/// The extension table: ESC and one more septet.
const EXTENSION: &str = "\u{C}^{}\\[~]|€";

/// How many septets a character takes: 1, 2 for the extension table, `None` outside GSM 7-bit.
#[must_use]
pub fn septets(character: char) -> Option<usize> {
    if character.is_ascii_alphanumeric() || BASIC.contains(character) {
        Some(1)
    } else if EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

/// The GSM spelling of a character outside the table, where one exists that any reader takes for
/// the same: typographic punctuation, odd spaces and what cannot be seen at all.
///
/// Letters are left alone. A name or a text in another language is to arrive as it was written.
#[must_use]
pub fn spelling(character: char) -> Option<&'static str> {
    Some(match character {
        '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' | '`' | '´' => "'",
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => "\"",
        '‹' => "<",
        '›' => ">",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '•' | '·' | '∙' | '‣' => "-",
        '⁄' => "/",
        '×' => "x",
        '₹' => "Rs ",
        '™' => "(TM)",
        '®' => "(R)",
        '©' => "(C)",
        '½' => "1/2",
        '¼' => "1/4",
        '¾' => "3/4",
        '→' => "->",
        '\t' | '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => " ",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "\n",
        '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}' | '\u{FEFF}' => "",
        _ => return None,
    })
}
