//! Days and times as people of a locale write them, in their own zone.
//!
//! Written out by hand for the languages below: a localising formatter would put a narrow no-break
//! space before `AM` and make every text UCS-2. Other languages get figures alone.

use chrono::{Datelike, NaiveDateTime, Timelike};

/// Names of a language: weekdays from Monday, months from January.
struct Names {
    language: &'static str,
    weekdays: [&'static str; 7],
    months: [&'static str; 12],
}

const LANGUAGES: [Names; 7] = [
    Names {
        language: "en",
        weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        months: [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    },
    Names {
        language: "de",
        weekdays: ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
        months: [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
    },
    Names {
        language: "es",
        weekdays: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
        months: [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
    },
    Names {
        language: "fr",
        weekdays: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
        months: [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
    },
    Names {
        language: "it",
        weekdays: ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"],
        months: [
            "gennaio",
            "febbraio",
            "marzo",
            "aprile",
            "maggio",
            "giugno",
            "luglio",
            "agosto",
            "settembre",
            "ottobre",
            "novembre",
            "dicembre",
        ],
    },
    Names {
        language: "nl",
        weekdays: ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"],
        months: [
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ],
    },
    Names {
        language: "pt",
        weekdays: [
            "segunda-feira",
            "terça-feira",
            "quarta-feira",
            "quinta-feira",
            "sexta-feira",
            "sábado",
            "domingo",
        ],
        months: [
            "janeiro",
            "fevereiro",
            "março",
            "abril",
            "maio",
            "junho",
            "julho",
            "agosto",
            "setembro",
            "outubro",
            "novembro",
            "dezembro",
        ],
    },
];

/// `Tuesday, November 24`; `Tuesday 24 November` outside America; `Dienstag, 24. November`.
#[must_use]
pub fn date(local: NaiveDateTime, locale: &str) -> String {
    let Some(names) = names(locale) else { return local.format("%Y-%m-%d").to_string() };
    let weekday = names.weekdays[local.weekday().num_days_from_monday() as usize];
    let (month, day) = (names.months[local.month0() as usize], local.day());
    match names.language {
        "en" if twelve_hours(locale) => format!("{weekday}, {month} {day}"),
        "de" => format!("{weekday}, {day}. {month}"),
        "es" => format!("{weekday} {day} de {month}"),
        "pt" => format!("{weekday}, {day} de {month}"),
        _ => format!("{weekday} {day} {month}"),
    }
}

/// `10:30 AM` in America, India and Australia; `10:30` elsewhere.
#[must_use]
pub fn time(local: NaiveDateTime, locale: &str) -> String {
    if twelve_hours(locale) {
        let (is_afternoon, hour) = local.hour12();
        return format!("{hour}:{:02} {}", local.minute(), if is_afternoon { "PM" } else { "AM" });
    }
    format!("{}:{:02}", local.hour(), local.minute())
}

/// Both, as they stand in a sentence.
#[must_use]
pub fn date_and_time(date: &str, time: &str, locale: &str) -> String {
    let joint = match language(locale) {
        "en" => " at ",
        "de" => " um ",
        "es" => " a las ",
        "fr" => " à ",
        "it" => " alle ",
        "nl" => " om ",
        "pt" => " às ",
        _ => " ",
    };
    let after = if language(locale) == "de" { " Uhr" } else { "" };
    format!("{date}{joint}{time}{after}")
}

/// English without a country is American, as the sources' default is.
fn twelve_hours(locale: &str) -> bool {
    let region = locale.split('-').skip(1).find(|part| part.len() == 2);
    language(locale) == "en" && matches!(region, None | Some("US" | "CA" | "AU" | "NZ" | "IN" | "PH" | "PR"))
}

fn names(locale: &str) -> Option<&'static Names> {
    const { &LANGUAGES }.iter().find(|names| names.language == language(locale))
}

fn language(locale: &str) -> &str {
    locale.split('-').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn each_locale_writes_its_own_way() {
        let local = |hour, minute| {
            NaiveDate::from_ymd_opt(2026, 11, 24).unwrap().and_hms_opt(hour, minute, 0).unwrap()
        };
        let mut shown = String::new();
        for locale in
            ["en-US", "en", "en-GB", "en-IN", "de-DE", "es-MX", "fr-FR", "it", "nl-NL", "pt-BR", "ja-JP", ""]
        {
            for (hour, minute) in [(0, 5), (15, 30)] {
                let (date, time) = (date(local(hour, minute), locale), time(local(hour, minute), locale));
                shown.push_str(&format!("{locale}: {}\n", date_and_time(&date, &time, locale)));
            }
        }
        insta::assert_snapshot!(shown, @"
        en-US: Tuesday, November 24 at 12:05 AM
        en-US: Tuesday, November 24 at 3:30 PM
        en: Tuesday, November 24 at 12:05 AM
        en: Tuesday, November 24 at 3:30 PM
        en-GB: Tuesday 24 November at 0:05
        en-GB: Tuesday 24 November at 15:30
        en-IN: Tuesday, November 24 at 12:05 AM
        en-IN: Tuesday, November 24 at 3:30 PM
        de-DE: Dienstag, 24. November um 0:05 Uhr
        de-DE: Dienstag, 24. November um 15:30 Uhr
        es-MX: martes 24 de noviembre a las 0:05
        es-MX: martes 24 de noviembre a las 15:30
        fr-FR: mardi 24 novembre à 0:05
        fr-FR: mardi 24 novembre à 15:30
        it: martedì 24 novembre alle 0:05
        it: martedì 24 novembre alle 15:30
        nl-NL: dinsdag 24 november om 0:05
        nl-NL: dinsdag 24 november om 15:30
        pt-BR: terça-feira, 24 de novembro às 0:05
        pt-BR: terça-feira, 24 de novembro às 15:30
        ja-JP: 2026-11-24 0:05
        ja-JP: 2026-11-24 15:30
        : 2026-11-24 0:05
        : 2026-11-24 15:30
        ");
    }

    #[test]
    fn english_is_plain_letters() {
        let local = NaiveDate::from_ymd_opt(2026, 2, 4).unwrap().and_hms_opt(9, 0, 0).unwrap();
        assert!(date_and_time(&date(local, "en-US"), &time(local, "en-US"), "en-US").is_ascii());
    }
}
