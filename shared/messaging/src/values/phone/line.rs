//! One spelling for each line in the countries that write their mobile numbers in two ways.
//!
//! Providers, booking forms and phones use both spellings of these numbers, and a STOP from one of them must hold
//! for the other. The canonical spelling is the one that carriers deliver to today:
//!
//! - Mexico (`+52`): without the `1` that mobile numbers had after the country code until August 2019
//! - Brazil (`+55`): with the ninth digit that ANATEL put before every mobile number between 2012 and 2016
//! - Argentina (`+54`): with the `9` that international callers dial before a mobile number

/// Returns the canonical spelling of a number in E.164, or `None` where it is spelt so already.
pub(super) fn canonical(e164: &str) -> Option<String> {
    let digits = e164.strip_prefix('+')?;
    let national = digits.get(2..)?;
    match digits.get(..2)? {
        "52" if national.len() == 11 && national.starts_with('1') => Some(format!("+52{}", &national[1..])),
        "55" if is_old_brazilian_mobile(national) => {
            let (area, subscriber) = national.split_at(2);
            Some(format!("+55{area}9{subscriber}"))
        }
        "54" if national.len() == 10 && national.starts_with(['1', '2', '3']) => {
            Some(format!("+549{national}"))
        }
        _ => None,
    }
}

/// Returns the spelling of a canonical number under which older items may be stored.
pub(super) fn older_spelling(e164: &str) -> Option<String> {
    let digits = e164.strip_prefix('+')?;
    let national = digits.get(2..)?;
    let older = match digits.get(..2)? {
        "52" if national.len() == 10 => format!("+521{national}"),
        "55" if national.len() == 11 && national[2..].starts_with('9') => {
            format!("+55{}{}", &national[..2], &national[3..])
        }
        "54" if national.len() == 11 && national.starts_with('9') => format!("+54{}", &national[1..]),
        _ => return None,
    };
    (canonical(&older).as_deref() == Some(e164)).then_some(older)
}

/// Removes the prefixes under which Mexican mobiles were dialled within the country until August 2019 (`044`, `045`,
/// `01`, `1`) from a national number as people type it.
pub(super) fn without_mexican_prefix(text: &str) -> Option<String> {
    let is_separator = |character: char| character.is_whitespace() || "-.()/".contains(character);
    let digits: String = text.chars().filter(|character| !is_separator(*character)).collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let national = ["044", "045", "01", "1"].iter().find_map(|prefix| digits.strip_prefix(prefix))?;
    (national.len() == 10).then(|| national.to_owned())
}

/// Recognises an area code and eight digits of which the first is a mobile's.
fn is_old_brazilian_mobile(national: &str) -> bool {
    national.len() == 10
        && national[..2].bytes().all(|digit| digit != b'0')
        && national[2..].starts_with(['6', '7', '8', '9'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_spellings_of_a_line_are_one() {
        for (older, canonical_spelling) in [
            ("+5215512345678", "+525512345678"),
            ("+551187654321", "+5511987654321"),
            ("+552171234567", "+5521971234567"),
            ("+541169071234", "+5491169071234"),
            ("+542914561234", "+5492914561234"),
        ] {
            assert_eq!(canonical(older).as_deref(), Some(canonical_spelling), "{older}");
            assert_eq!(canonical(canonical_spelling), None, "{canonical_spelling}");
            assert_eq!(older_spelling(canonical_spelling).as_deref(), Some(older), "{canonical_spelling}");
        }
    }

    #[test]
    fn other_numbers_keep_their_spelling() {
        for number in [
            "+12025550143",
            "+447700900123",
            "+551132345678",  // a landline of São Paulo
            "+558001234567",  // toll-free
            "+54800123456",   // too short
            "+548001234567",  // toll-free
            "+521551234567",  // ten digits that begin with 1
            "+5511887654321", // eleven digits without the 9
        ] {
            assert_eq!(canonical(number), None, "{number}");
        }
        for number in ["+12025550143", "+551132345678", "+5511941234567", "+548001234567"] {
            assert_eq!(older_spelling(number), None, "{number}");
        }
    }

    #[test]
    fn mexican_dialling_prefixes_go() {
        for text in ["044 55 1234 5678", "045 (55) 1234-5678", "01 55 1234 5678", "1 55 1234 5678"] {
            assert_eq!(without_mexican_prefix(text).as_deref(), Some("5512345678"), "{text}");
        }
        for text in ["55 1234 5678", "+52 1 55 1234 5678", "044 55 1234", "044 casa 5512345678"] {
            assert_eq!(without_mexican_prefix(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_spelling_is_stable_and_leads_back(code in "52|54|55|1|44", national in "[0-9]{6,12}") {
            let number = format!("+{code}{national}");
            if let Some(canonical_spelling) = canonical(&number) {
                prop_assert_eq!(canonical(&canonical_spelling), None);
                prop_assert_eq!(older_spelling(&canonical_spelling), Some(number));
            }
        }
    }
}
