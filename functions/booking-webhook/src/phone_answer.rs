//! Phone numbers in an answer of a form, which is free text: each number, what is written before it, and whether an
//! extension follows it.

use messaging::reply::folding::fold;
use messaging::values::phone::{NumberKind, PhoneError, PhoneNumber, Region};

/// Fewer digits are not a number that could be texted, and years and postcodes are shorter.
const MIN_DIGITS: usize = 7;
/// More digits are not one number (ITU-T E.164 allows 15, and people write prefixes before them).
const MAX_DIGITS: usize = 19;
/// Words before a number that say that it is a mobile's.
const MOBILE_LABELS: [&str; 14] = [
    "cell",
    "mobile",
    "mob",
    "cel",
    "celular",
    "movil",
    "handy",
    "mobil",
    "portable",
    "gsm",
    "cellulare",
    "mobiel",
    "whatsapp",
    "sms",
];
/// Words before a number that say that it takes no texts.
const OTHER_LABELS: [&str; 12] = [
    "fax",
    "landline",
    "festnetz",
    "fijo",
    "fixe",
    "fisso",
    "fixo",
    "vast",
    "order",
    "ref",
    "id",
    "emergency",
];
/// Words that begin an extension, folded. Twilio and AWS send to lines, not to extensions.
const EXTENSIONS: [&str; 14] = [
    "ext",
    "extn",
    "extension",
    "x",
    "durchwahl",
    "dw",
    "poste",
    "interno",
    "int",
    "toestel",
    "ramal",
    "anexo",
    "xtn",
    "extensao",
];

/// Returns the first mobile number of a text, else the first number; a line behind an extension is not one.
///
/// # Errors
/// The error of the first number that could not be used; [`PhoneError::NotANumber`] where there is none.
pub(crate) fn number_in(text: &str, region: Option<Region>) -> Result<PhoneNumber, PhoneError> {
    let mut found: Vec<(bool, PhoneNumber)> = Vec::new();
    let mut first_error = None;
    for piece in pieces(text) {
        if piece.has_extension || piece.is_labelled(&OTHER_LABELS) {
            first_error.get_or_insert(PhoneError::NotPossible);
            continue;
        }
        match usable(piece.number, region) {
            Ok(number) => {
                let is_mobile = is_mobile(&number) || piece.is_labelled(&MOBILE_LABELS);
                found.push((is_mobile, number));
            }
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    let mobile = found.iter().position(|(is_mobile, _)| *is_mobile).unwrap_or(0);
    if mobile < found.len() {
        return Ok(found.swap_remove(mobile).1);
    }
    Err(first_error.unwrap_or(PhoneError::NotANumber))
}

/// Reads a number that a form gave: of a range in use, or of a range that is reserved for fiction and tests.
///
/// # Errors
/// As [`PhoneNumber::parse`]; [`PhoneError::NotPossible`] for numbers of no range.
pub(crate) fn usable(text: &str, region: Option<Region>) -> Result<PhoneNumber, PhoneError> {
    let number = PhoneNumber::parse(text, region)?;
    if number.is_valid() || number.is_fictitious() { Ok(number) } else { Err(PhoneError::NotPossible) }
}

/// Recognises mobiles, fictitious ones too, which are of no kind in libphonenumber's metadata. (In North America
/// mobiles and landlines share their ranges.)
fn is_mobile(number: &PhoneNumber) -> bool {
    number.kind() == NumberKind::Mobile || (number.is_fictitious() && !number.as_e164().starts_with("+1"))
}

/// One stretch of a text that is written like a phone number.
struct Piece<'a> {
    /// The words since the number before it.
    label: &'a str,
    number: &'a str,
    has_extension: bool,
}

impl Piece<'_> {
    fn is_labelled(&self, labels: &[&str]) -> bool {
        fold(self.label).split(' ').any(|word| labels.contains(&word))
    }
}

/// Splits a text into its numbers, each from its first digit, `+` or bracket to its last digit.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut label_start = 0;
    let mut rest = 0;
    while let Some(offset) = text[rest..].find(is_phone_character) {
        let start = rest + offset;
        let length = text[start..].find(|c| !is_phone_character(c)).unwrap_or(text.len() - start);
        let (raw, end) = (&text[start..start + length], start + length);
        rest = end;
        for run in runs(raw) {
            if digits(run) < MIN_DIGITS || !stands_alone(&text[..start], raw, run) {
                continue;
            }
            let run_start = run.as_ptr() as usize - text.as_ptr() as usize;
            let after = &text[run_start + run.len()..];
            pieces.push(Piece {
                label: &text[label_start..run_start],
                number: run,
                has_extension: begins_with_extension(after),
            });
            label_start = run_start + run.len();
        }
    }
    pieces
}

/// The numbers of a stretch: as a whole where it can be one, else split at slashes and before a `+`.
fn runs(raw: &str) -> Vec<&str> {
    let plus_signs = raw.matches(['+', '＋']).count();
    if digits(raw) < MAX_DIGITS && plus_signs <= 1 {
        return vec![trimmed(raw)];
    }
    let mut runs = Vec::new();
    for part in raw.split('/') {
        let mut from = 0;
        for (at, _) in part.match_indices(['+', '＋']) {
            if at > from && digits(&part[from..at]) > 0 {
                runs.push(trimmed(&part[from..at]));
                from = at;
            }
        }
        runs.push(trimmed(&part[from..]));
    }
    runs
}

fn trimmed(raw: &str) -> &str {
    raw.trim_start_matches(|c: char| !is_digit(c) && !matches!(c, '+' | '＋' | '('))
        .trim_end_matches(|c: char| !is_digit(c))
}

fn digits(text: &str) -> usize {
    text.chars().filter(|character| is_digit(*character)).count()
}

/// Recognises `ext. 45`, `x45` and `;ext=45` directly behind a number.
fn begins_with_extension(after: &str) -> bool {
    let after = after.trim_start_matches(|c: char| c.is_whitespace() || ",;(.".contains(c));
    if let Some(number) = after.strip_prefix('#') {
        return number.trim_start().starts_with(is_digit);
    }
    let word: String = after.chars().take_while(|c| c.is_alphabetic()).collect();
    let behind = after[word.len()..].trim_start_matches(|c: char| c.is_whitespace() || ".:=#".contains(c));
    EXTENSIONS.contains(&fold(&word).as_str()) && behind.starts_with(is_digit)
}

/// Tells a number by itself from the tail of a word such as `INV-20251234567`.
fn stands_alone(before: &str, raw: &str, run: &str) -> bool {
    if run.starts_with(['+', '＋'])
        || !raw.trim_start_matches(|c: char| !is_digit(c) && c != '(').starts_with(run)
    {
        return true;
    }
    let skipped = &raw[..raw.find(run).unwrap_or(0)];
    let is_joined = skipped.chars().all(|c| !c.is_whitespace());
    !(is_joined && before.ends_with(|c: char| c.is_alphanumeric() || "#_@$€£".contains(c)))
}

fn is_digit(c: char) -> bool {
    c.is_numeric()
}

/// Digits and what people, and copying from contacts, put between them.
fn is_phone_character(c: char) -> bool {
    is_digit(c)
        || "+＋ ().-/\u{A0}\u{202F}\u{2009}".contains(c)
        || matches!(c, '‐'..='―' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}')
        || matches!(c, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, region: &str) -> Option<String> {
        number_in(text, region.parse().ok()).ok().map(|number| number.as_e164().to_owned())
    }

    #[test]
    fn a_number_is_found_among_words() {
        for (text, region, expected) in [
            ("+1 202-555-0143", "", "+12025550143"),
            ("Mobile: (202) 555-0143 (after 5 pm)", "US", "+12025550143"),
            ("my number is 2025550143 thanks", "US", "+12025550143"),
            ("2025550143 (cell)", "US", "+12025550143"),
            ("tel+12025550143", "", "+12025550143"),
            ("\u{202A}+1 202 555 0143\u{202C}", "", "+12025550143"),
            ("lütfen 0532 123 45 67", "TR", "+905321234567"),
            ("९८७६५४३२१०", "IN", "+919876543210"),
            ("０７７００ ９００１２３", "GB", "+447700900123"),
            ("٠٥٣٢ ١٢٣ ٤٥ ٦٧", "TR", "+905321234567"),
            ("089/1234567", "DE", "+49891234567"),
        ] {
            assert_eq!(found(text, region).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn of_two_numbers_the_mobile_one_is_used_or_else_the_first() {
        for (text, region, expected) in [
            ("202-555-0143 / 202-555-0144", "US", "+12025550143"),
            ("(202) 555-0143, (202) 555-0144", "US", "+12025550143"),
            ("+1 202-555-0143/+1 202-555-0144", "", "+12025550143"),
            ("+1 202 555 0143 +1 202 555 0144", "", "+12025550143"),
            ("cell 202-555-0143; home 202-555-0144", "US", "+12025550143"),
            ("home 202-555-0144; cell 202-555-0143", "US", "+12025550143"),
            ("fax 202-555-0144, 202-555-0143", "US", "+12025550143"),
            ("020 7946 0018 or 07700 900123", "GB", "+447700900123"),
            ("01 99 00 12 34 / 06 39 98 12 34", "FR", "+33639981234"),
            ("202-555-0144 ext. 45, mobile 202-555-0143", "US", "+12025550143"),
        ] {
            assert_eq!(found(text, region).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn extensions_and_other_text_are_not_numbers() {
        for text in [
            "202-555-0143 ext. 45",
            "202-555-0143 x45",
            "202-555-0143, extension 45",
            "202-555-0143 #45",
            "+1 202-555-0143;ext=45",
            "same as before",
            "2019",
            "INV-20251234567",
            "",
            "fax 202-555-0143",
            "111-111-1111",
            "202-555-014",
        ] {
            assert_eq!(found(text, "US"), None, "{text}");
        }
    }
}
