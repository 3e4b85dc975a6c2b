//! The subject of a form's question: the person's own phone, somebody else's, or another number.
//!
//! A title must ask for a phone before a plain number in its answer is texted. Lists of what else a number may be
//! are never complete, so they only refuse: a title that names a number is a phone's only if what stands beside the
//! word "number" is a phone, or says nothing of its own ("your best number").

use std::sync::LazyLock;

use messaging::reply::folding::fold;

/// The subject of a question, as far as a text to the answer is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A phone of the person who books.
    OwnPhone,
    /// A phone of somebody who books for them, such as a parent: used where they name none of their own.
    HouseholdPhone,
    /// The phone of somebody else, or a number of another thing: never texted.
    Other,
    /// A question that does not ask for any number.
    Open,
}

/// Beginnings of words for a phone or a text message. English, Spanish, French, German, Portuguese, Italian and
/// Dutch, and what forms in other languages use.
const PHONE_STEMS: &str = "phone telefon telephon telefoon teléfono telefono telefone téléphone smartphone cellphone \
    cellulare celular whatsapp smsnummer mobilnummer mobilnr mobiltelefon mobilfunk mobielnummer handynummer handynr \
    telemóvel telemovel puhelin matkapuhelin komórk komork τηλέφων τηλεφων κινητ телефон мобильн мобільн फ़ोन फोन मोबाइल";
/// Whole words of the same kind.
const PHONE_WORDS: &str = "tel tél tlf ph phone mobile mobiles mob mobil mobiel mobiele mobilen móvil movil móviles cell \
    cells cel handy gsm portable sms text texts texting txt natel";
/// Parts of words, for scripts that leave no blanks.
const PHONE_PARTS: [&str; 9] = ["電話", "携帯", "电话", "手机", "전화", "휴대폰", "هاتف", "جوال", "טלפון"];

/// Words for "number".
const NUMBER_WORDS: &str = "number numbers numbr no nr num nbr nos numero numeros número n nummer nummers numer numara \
    numarası numarasi номер αριθμος";
/// Words that may precede "number" without naming a thing.
const NEUTRAL: &str = "your my the a an this what whats which is best good better contact reach call callback day daytime \
    evening night home work office business direct main primary preferred private personal current active valid local \
    full correct secondary alternate alternative backup additional extra second us uk and or yes please provide enter \
    leave share give with su tu un une votre ton le la el lo il o a seu teu ihre deine eine uw je een il tuo mio mi \
    mon meine mijn meu minha if any of for to on at by";
/// Words between "number" and the thing that it belongs to.
const CONNECTORS: &str = "of for from on to in your my the a an this de del da do dos das della dello di du des d l la le \
    el los las il lo o su tu votre notre ton van der den dem das die het uw je ihr ihre ihrer ihres deines zu zum zur \
    am um vom von pour para per voor s";
/// Words that make a number the one by which a person is reached.
const REACH_WORDS: &str = "reach call callback contact text ring joindre contacto contato contatto contactar";
/// Numbers of people that are one word with "number".
const REACH_COMPOUNDS: &str = "contactnummer kontaktnummer rückrufnummer rufnummer";

/// Numbers, codes and devices that are named beside a phone and are none.
const IDENTIFIERS: &str = "imei iccid sim pin puk otp ssn iban vin serial model id passcode password passwort contraseña \
    bsn nhs cpf cnpj nif dni nie ein ean";
/// Phones that take no texts.
const NOT_TEXTABLE: &str = "fax telefax landline landlines festnetz festnetznummer fijo fixe fisso fixo vaste extension ext \
    durchwahl pager";
/// Beginnings of words for people other than the one who books.
const OTHER_PEOPLE: &str = "emergenc urgenc notfall emergenz noodgeval noodcontact kin assistant assistent asistent \
    secretar sekretar spouse wife wives husband partner conjoint conyug cónyug ehefrau ehemann ehepartner coniuge moglie \
    marito espos marido echtgen friend amigo amiga amie freund amico amica vriend doctor doctors physician surgeon \
    médecin medecin médico medico hausarzt huisarts employer employeur arbeitgeber werkgever empleador empregador boss \
    supervisor manager landlord vermieter lawyer attorney agent broker insurer adjuster witness neighbo neighbour \
    colleague coworker referr referral reference referee recruiter contractor driver courier school carrier provider";
/// Beginnings of words for people who book for others.
const HOUSEHOLD: &str = "parent guardian mother father mom mum dad caregiver carer padre madre tutor tuteur mère mere père \
    pere eltern mutter vater erziehungsberechtigt pai mãe mae genitor ouder moeder vader apoderado encarregad";

struct Words {
    phone_stems: Vec<String>,
    phone_words: Vec<String>,
    phone_parts: Vec<String>,
    number: Vec<String>,
    neutral: Vec<String>,
    connectors: Vec<String>,
    reach: Vec<String>,
    reach_compounds: Vec<String>,
    identifiers: Vec<String>,
    not_textable: Vec<String>,
    other_people: Vec<String>,
    household: Vec<String>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let folded = |list: &str| list.split_whitespace().map(fold).filter(|word| !word.is_empty()).collect();
    Words {
        phone_stems: folded(PHONE_STEMS),
        phone_words: folded(PHONE_WORDS),
        phone_parts: PHONE_PARTS.iter().map(|part| fold(part)).collect(),
        number: folded(NUMBER_WORDS),
        neutral: folded(NEUTRAL),
        connectors: folded(CONNECTORS),
        reach: folded(REACH_WORDS),
        reach_compounds: folded(REACH_COMPOUNDS),
        identifiers: folded(IDENTIFIERS),
        not_textable: folded(NOT_TEXTABLE),
        other_people: folded(OTHER_PEOPLE),
        household: folded(HOUSEHOLD),
    }
});

impl Subject {
    /// Reads a question, as its host put it.
    pub(crate) fn of(question: &str) -> Self {
        let folded = fold(&question.replace('#', " number ").replace(['\'', '’'], " "));
        let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
        let names = |list: &[String]| words.iter().any(|word| list.iter().any(|listed| listed == word));
        let begins = |list: &[String]| {
            words.iter().any(|word| list.iter().any(|stem| word.starts_with(stem.as_str())))
        };
        if names(&WORDS.not_textable) || begins(&WORDS.other_people) || names_other_number(&words) {
            return Self::Other;
        }
        let asks = words.iter().any(|word| is_phone(word)) || asks_to_be_reached(&words);
        if asks && names(&WORDS.identifiers) {
            return Self::Other;
        }
        match asks {
            true if begins(&WORDS.household) => Self::HouseholdPhone,
            true => Self::OwnPhone,
            false => Self::Open,
        }
    }
}

fn is_listed(list: &[String], word: &str) -> bool {
    list.iter().any(|listed| listed == word)
}

fn is_phone(word: &str) -> bool {
    is_listed(&WORDS.phone_words, word)
        || WORDS.phone_stems.iter().any(|stem| word.starts_with(stem.as_str()))
        || WORDS.phone_parts.iter().any(|part| word.contains(part.as_str()))
        || (is_compound(word)
            && (word.contains("telefon") || word.contains("telefoon") || word.contains("handy")))
}

/// Recognises a word such as `bestellnummer`.
fn is_compound(word: &str) -> bool {
    word.len() > "nummer".len() + 2 && ["nummer", "nummern", "nummers"].iter().any(|end| word.ends_with(end))
}

/// Recognises a number that belongs to a thing: "order number", "number of the policy", "Kundennummer".
fn names_other_number(words: &[&str]) -> bool {
    words.iter().enumerate().any(|(index, word)| {
        if is_compound(word) {
            return !is_phone(word) && !is_listed(&WORDS.reach_compounds, word);
        }
        if !is_listed(&WORDS.number, word) {
            return false;
        }
        let before = index.checked_sub(1).map(|before| words[before]);
        let after = words[index + 1..].iter().copied().find(|after| !is_listed(&WORDS.connectors, after));
        let is_connected = words.get(index + 1).is_some_and(|next| is_listed(&WORDS.connectors, next));
        if before.is_some_and(is_phone) || after.is_some_and(is_phone) {
            return false;
        }
        // "Numero cliente", "номер заказа": many languages need no preposition.
        let is_connected = is_connected || !matches!(*word, "number" | "numbers" | "no" | "nr" | "num");
        let names_thing =
            |word: &str| !is_listed(&WORDS.neutral, word) && !is_listed(&WORDS.connectors, word);
        before.is_some_and(names_thing)
            || (is_connected
                && after.is_some_and(|after| names_thing(after) && !is_listed(&WORDS.reach, after)))
    })
}

/// Recognises "best number to reach you" and its like: a number, and that a person is reached by it.
fn asks_to_be_reached(words: &[&str]) -> bool {
    let names = |list: &[String]| words.iter().any(|word| is_listed(list, word));
    (names(&WORDS.number) && names(&WORDS.reach)) || names(&WORDS.reach_compounds)
}

#[cfg(test)]
mod tests {
    use super::Subject::{self, HouseholdPhone, Open, Other, OwnPhone};

    #[test]
    fn questions_for_a_phone_are_recognised_in_many_languages() {
        for question in [
            "Phone",
            "Phone number",
            "Phone #",
            "Your mobile?",
            "Mobile No.",
            "Cell",
            "Cell phone",
            "Tel.",
            "Ph:",
            "Best number to reach you",
            "Contact number",
            "Patient's contact number",
            "Number to text",
            "Customer phone",
            "WhatsApp",
            "WhatsApp number",
            "SMS",
            "Text number",
            "Mobile number (for booking confirmation)",
            "What is the best phone number for you?",
            "Phone number to send appointment reminders to",
            "Telefon",
            "Telefonnummer",
            "Handynummer",
            "Ihre Mobilnummer",
            "Rückrufnummer",
            "Handy",
            "Teléfono",
            "Número de teléfono",
            "Celular",
            "Móvil",
            "Teléfono móvil",
            "Número de WhatsApp",
            "Numéro de téléphone",
            "N° de GSM",
            "Portable",
            "Téléphone portable",
            "Votre numéro de mobile",
            "Telefone",
            "Telemóvel",
            "Número de celular",
            "Cellulare",
            "Numero di cellulare",
            "Numero di telefono",
            "Telefoonnummer",
            "Mobiel nummer",
            "06-nummer (mobiel)",
            "Numer telefonu",
            "Cep telefonu",
            "मोबाइल",
            "携帯電話番号",
            "Номер телефона",
        ] {
            assert_eq!(Subject::of(question), OwnPhone, "{question}");
        }
    }

    #[test]
    fn other_numbers_are_never_a_phones() {
        for question in [
            "Order number",
            "Order #",
            "Claim number",
            "Confirmation number from the hotel",
            "Customer number",
            "Insurance policy number",
            "Number of your insurance policy",
            "Registration no.",
            "Tracking number",
            "Serial number of your phone",
            "IMEI of your mobile",
            "SIM card number",
            "Phone or order number",
            "What is your NHS number?",
            "Member number",
            "Student number",
            "Account number",
            "Invoice number",
            "Passport number",
            "Driver's license number",
            "License plate number",
            "Case number",
            "Ticket number",
            "Room number",
            "Flight number",
            "Loyalty number",
            "Medicare number",
            "Meter number",
            "PO number",
            "Numéro de commande",
            "Numéro de client",
            "Numéro de dossier",
            "Numéro de sécurité sociale",
            "Número de pedido",
            "Número de cliente",
            "Número de póliza",
            "Número de la Seguridad Social",
            "Número do pedido",
            "Número da apólice",
            "Bestellnummer",
            "Kundennummer",
            "Versicherungsnummer",
            "Vorgangsnummer",
            "Numero d'ordine",
            "Numero di pratica",
            "Numero cliente",
            "Ordernummer",
            "Klantnummer",
            "Polisnummer",
            "Burgerservicenummer (BSN)",
            "Номер заказа",
        ] {
            assert_eq!(Subject::of(question), Other, "{question}");
        }
    }

    #[test]
    fn phones_of_others_and_phones_without_texts_are_refused() {
        for question in [
            "Fax number",
            "Landline",
            "Festnetznummer",
            "Teléfono fijo",
            "Emergency contact's phone",
            "Emergency contact",
            "Next of kin (phone)",
            "Assistant's phone number",
            "Your wife's mobile",
            "Teléfono de emergencia",
            "Téléphone en cas d'urgence",
            "Notfallkontakt Telefon",
            "Doctor's phone number",
            "Employer's phone",
        ] {
            assert_eq!(Subject::of(question), Other, "{question}");
        }
        for question in ["Parent's phone", "Guardian mobile", "Téléphone de la mère"] {
            assert_eq!(Subject::of(question), HouseholdPhone, "{question}");
        }
    }

    #[test]
    fn open_questions_ask_for_no_number() {
        for question in ["Anything else?", "What brings you here?", "", "CPF", "Cédula", "Address", "Edad"] {
            assert_eq!(Subject::of(question), Open, "{question}");
        }
    }
}
