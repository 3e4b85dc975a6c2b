//! Phone numbers among the answers of a booking form, which are free text.
//!
//! Texting a stranger is worse than texting nobody: a year, a postcode, a date, an order number or
//! somebody else's number must not pass for the customer's.

/// Fewer digits are no number that could be texted, and years and postcodes are shorter.
const MIN_DIGITS: usize = 7;

/// A national number nobody asked for has no fewer in any country.
const MIN_VOLUNTEERED_DIGITS: usize = 8;

/// The question says that the answer is a phone number.
const PHONE_WORDS: &str = "phone phones mobile tel telephone cell cellphone smartphone sms whatsapp \
    phonenumber telefon telefono teléfono telefone telefoonnummer telefonnummer téléphone móvil movil \
    celular cellulare handy handynummer mobil mobiltelefon mobilnummer mobiel portable telemóvel फ़ोन मोबाइल";
/// With "number", the same; by itself, unless a number of another thing is named.
const TO_REACH: &str = "contact reach call text";
/// A number of another thing, unless a phone is named too.
const OTHER_NUMBERS: &str = "account order policy invoice reference ref member membership case passport \
    insurance registration tracking ssn social security license licence vat tax id student patient booking \
    ticket serial plate vin card employee";
/// A number that is not the customer's, or takes no texts.
const OTHER_PHONES: &str = "fax emergency kin landline";

/// One question with its answer.
pub(crate) struct Answer<'a> {
    /// Where the answer stands.
    pub(crate) place: String,
    /// As the host put it.
    pub(crate) question: &'a str,
    /// As the customer wrote it.
    pub(crate) answer: &'a str,
}

/// A part of an answer that may be a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Candidate<'a> {
    /// The question asked for one.
    AskedFor(&'a str),
    /// The answer is nothing but a number, though nobody asked.
    Volunteered(&'a str),
}

impl<'a> Answer<'a> {
    /// What of the answer may be the customer's number.
    pub(crate) fn candidate(&self) -> Option<Candidate<'a>> {
        match Asked::by(self.question) {
            Asked::ForPhone => runs(self.answer).next().map(Candidate::AskedFor),
            Asked::ForAnother => None,
            Asked::Otherwise => {
                let answer = self.answer.trim();
                let whole = runs(answer).next().filter(|run| *run == answer && !is_other_figure(run));
                whole.map(Candidate::Volunteered)
            }
        }
    }
}

/// What a question asks for.
enum Asked {
    ForPhone,
    ForAnother,
    Otherwise,
}

impl Asked {
    fn by(question: &str) -> Self {
        let question = question.to_lowercase();
        let names = |list: &str| {
            let mut words = question.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
            words.any(|word| !word.is_empty() && list.split(' ').any(|listed| listed == word))
        };
        if names(OTHER_PHONES) {
            Self::ForAnother
        } else if names(PHONE_WORDS) || (names("number") && names(TO_REACH)) {
            Self::ForPhone
        } else if names(OTHER_NUMBERS) {
            Self::ForAnother
        } else if names("number") || names(TO_REACH) {
            Self::ForPhone
        } else {
            Self::Otherwise
        }
    }
}

/// The stretches of a text that are written like a phone number, each from its first digit, `+` or
/// bracket to its last digit.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(is_phone_character)?;
            let length = rest[start..].find(|c| !is_phone_character(c)).unwrap_or(rest.len() - start);
            let (before, raw, after) =
                (&rest[..start], &rest[start..start + length], &rest[start + length..]);
            rest = after;
            let run = raw
                .trim_start_matches(|c: char| !is_digit(c) && !matches!(c, '+' | '＋' | '('))
                .trim_end_matches(|c: char| !is_digit(c));
            if run.chars().filter(|c| is_digit(*c)).count() >= MIN_DIGITS && stands_alone(before, raw, run) {
                return Some(run);
            }
        }
    })
}

/// Whether a run is a number by itself and not the tail of a word such as `INV-20251234567`.
fn stands_alone(before: &str, raw: &str, run: &str) -> bool {
    if run.starts_with(['+', '＋']) {
        return true;
    }
    let skipped = &raw[..raw.find(run).unwrap_or(0)];
    let is_joined = skipped.chars().all(|c| !c.is_whitespace());
    !(is_joined && before.ends_with(|c: char| c.is_alphanumeric() || "#_@$€£".contains(c)))
}

fn is_digit(c: char) -> bool {
    c.is_numeric()
}

/// Digits and what people (and copying from contacts) put between them.
fn is_phone_character(c: char) -> bool {
    is_digit(c)
        || "+＋ ().-/\u{A0}\u{202F}\u{2009}".contains(c)
        || matches!(c, '‐'..='―' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}')
        || matches!(c, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Dates, years and postcodes: `2026-11-24`, `24/11/2026`, `20261124`, `2019-2021`, `94105-1234`,
/// `01310-100`.
fn is_other_figure(run: &str) -> bool {
    if run.starts_with(['+', '＋']) {
        return false;
    }
    let groups: Vec<&str> = run.split(|c| !is_digit(c)).filter(|group| !group.is_empty()).collect();
    let is_year = |group: &str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
    let is_short = |group: &str| group.len() <= 2;
    if groups.concat().len() < MIN_VOLUNTEERED_DIGITS {
        return true;
    }
    match groups.as_slice() {
        [day] if day.len() == 8 && day.is_ascii() => is_year(&day[..4]) || is_year(&day[4..]),
        [first, middle, last] if is_short(middle) => {
            (is_year(first) && is_short(last)) || (is_short(first) && (is_year(last) || is_short(last)))
        }
        [zone, delivery] if zone.len() == 5 && matches!(delivery.len(), 3 | 4) => true,
        groups => groups.iter().all(|group| is_year(group)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate<'a>(question: &'a str, answer: &'a str) -> Option<Candidate<'a>> {
        Answer { place: String::new(), question, answer }.candidate()
    }

    #[test]
    fn an_asked_for_number_may_stand_among_words() {
        for (question, answer, expected) in [
            ("Phone number", "+1 202-555-0143", "+1 202-555-0143"),
            ("Your mobile?", "Mobile: (202) 555-0143 (after 5 pm)", "(202) 555-0143"),
            ("Best number to reach you", "my number is 2025550143 thanks", "2025550143"),
            ("Tel.", "tel+12025550143", "+12025550143"),
            ("WhatsApp", "\u{202A}+1 202 555 0143\u{202C}", "+1 202 555 0143"),
            ("Patient's contact number", "202 555 0143", "202 555 0143"),
            ("Customer phone", "202 555 0143, or 202 555 0144", "202 555 0143"),
            ("मोबाइल", "९८७६५४३२१०", "९८७६५४३२१०"),
        ] {
            assert_eq!(candidate(question, answer), Some(Candidate::AskedFor(expected)), "{question}");
        }
        for (question, answer) in [
            ("Phone number", "same as before"),
            ("Phone number", "2019"),
            ("Phone number", "INV-20251234567"),
            ("Phone number", ""),
            ("Fax number", "+1 202 555 0143"),
            ("Emergency contact's phone", "+1 202 555 0143"),
            ("Order number", "2025550143"),
            ("Number of your insurance policy", "2025550143"),
        ] {
            assert_eq!(candidate(question, answer), None, "{question}: {answer}");
        }
    }

    #[test]
    fn a_volunteered_number_is_the_whole_answer() {
        assert_eq!(
            candidate("Anything else?", " +1 202 555 0143 "),
            Some(Candidate::Volunteered("+1 202 555 0143"))
        );
        for answer in [
            "Knee pain since 2019",
            "2019",
            "94105",
            "94105-12",
            "94105-1234",
            "01310-100",
            "call 202 555 0143",
            "2026-11-24",
            "24/11/2026",
            "24.11.2026",
            "11/24/26",
            "20261124",
            "24112026",
            "2018-2019",
            "2018 2019 2020",
            "12:30",
            "",
        ] {
            assert_eq!(candidate("What would you like to discuss?", answer), None, "{answer}");
        }
        assert_eq!(candidate("Which hotel do you stay at?", "call 202 555 0143"), None);
    }
}
