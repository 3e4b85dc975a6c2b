//! Currencies, and how people of a locale write an amount of one.

use serde::{Deserialize, Serialize};

use super::Amount;

/// A currency with hundredths that texts can name, by its ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// US dollar.
    Usd,
    /// Canadian dollar.
    Cad,
    /// Australian dollar.
    Aud,
    /// New Zealand dollar.
    Nzd,
    /// Singapore dollar.
    Sgd,
    /// Pound sterling.
    Gbp,
    /// Euro.
    Eur,
    /// Swiss franc.
    Chf,
    /// Indian rupee, shown as `Rs` because its sign would force UCS-2 and double the price of a text.
    Inr,
    /// Mexican peso.
    Mxn,
    /// Brazilian real.
    Brl,
    /// South African rand.
    Zar,
    /// Danish krone.
    Dkk,
    /// Norwegian krone.
    Nok,
    /// Swedish krona.
    Sek,
    /// Polish zloty, shown by its code because its sign would force UCS-2.
    Pln,
    /// UAE dirham.
    Aed,
}

/// How an amount is put together.
struct Style {
    /// Between groups of digits.
    group: &'static str,
    /// Before the hundredths.
    decimal: char,
    /// The sign stands behind the figures.
    sign_behind: bool,
    /// A space between sign and figures.
    spaced: bool,
}

impl Currency {
    /// The amount as people of the locale write it: `$1,185.00`, `1.185,00 €`, `Rs 1,18,500.00`.
    #[must_use]
    pub fn show(self, amount: Amount, locale: &str) -> String {
        let style = style(locale);
        let units = (amount.hundredths() / 100).to_string();
        let in_lakhs = matches!(self, Self::Inr);
        let figures = format!(
            "{}{}{:02}",
            group(&units, if in_lakhs { 2 } else { 3 }, style.group),
            style.decimal,
            amount.hundredths() % 100
        );
        let sign = self.sign(region(locale));
        let space = if style.spaced || sign.chars().all(char::is_alphabetic) { " " } else { "" };
        if style.sign_behind { format!("{figures}{space}{sign}") } else { format!("{sign}{space}{figures}") }
    }

    /// The sign, as it is understood in a country: a dollar is the country's own.
    fn sign(self, region: Option<&str>) -> &'static str {
        let own = |country: &str, abroad: &'static str| if region == Some(country) { "$" } else { abroad };
        match self {
            Self::Usd if matches!(region, Some("CA" | "AU" | "NZ" | "SG" | "MX")) => "US$",
            Self::Usd => "$",
            Self::Cad => own("CA", "CA$"),
            Self::Aud => own("AU", "A$"),
            Self::Nzd => own("NZ", "NZ$"),
            Self::Sgd => own("SG", "S$"),
            Self::Mxn => own("MX", "MX$"),
            Self::Gbp => "£",
            Self::Eur => "€",
            Self::Chf => "CHF",
            Self::Inr => "Rs",
            Self::Brl => "R$",
            Self::Zar => "R",
            Self::Dkk => "DKK",
            Self::Nok => "NOK",
            Self::Sek => "SEK",
            Self::Pln => "PLN",
            Self::Aed => "AED",
        }
    }
}

fn style(locale: &str) -> Style {
    let (language, region) = (locale.split('-').next().unwrap_or_default(), region(locale));
    let style = |group, decimal, sign_behind, spaced| Style { group, decimal, sign_behind, spaced };
    match (language, region) {
        ("de", Some("CH" | "LI")) => style("'", '.', false, true),
        ("es", Some("MX" | "US" | "PR" | "GT" | "HN" | "NI" | "PA" | "PE" | "SV" | "DO")) => {
            style(",", '.', false, false)
        }
        ("nl", _) | ("pt", Some("BR")) => style(".", ',', false, true),
        ("de" | "es" | "it" | "pt" | "da" | "tr" | "id" | "el" | "ro" | "hr" | "sl", _) => {
            style(".", ',', true, true)
        }
        ("fr" | "sv" | "nb" | "nn" | "no" | "fi" | "pl" | "cs" | "sk" | "ru" | "uk" | "hu" | "bg", _) => {
            // An ordinary space: the no-break one is no character of GSM 7-bit.
            style(" ", ',', true, true)
        }
        _ => style(",", '.', false, false),
    }
}

/// The country of a locale, if it names one.
fn region(locale: &str) -> Option<&str> {
    locale.split('-').skip(1).find(|part| part.len() == 2)
}

/// Puts a separator before the last three digits and then before every `size`.
fn group(digits: &str, size: usize, separator: &str) -> String {
    let split = digits.len().saturating_sub(3);
    let (head, tail) = digits.split_at(split);
    let mut groups: Vec<&str> = Vec::new();
    let mut rest = head;
    while !rest.is_empty() {
        let (left, right) = rest.split_at(rest.len().saturating_sub(size));
        groups.push(right);
        rest = left;
    }
    groups.reverse();
    groups.push(tail);
    groups.join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::segments::Encoding;

    #[test]
    fn amounts_are_shown_as_money() {
        for (currency, locale, literal, shown) in [
            (Currency::Usd, "en-US", "185", "$185.00"),
            (Currency::Usd, "en-US", "0", "$0.00"),
            (Currency::Usd, "en-US", "0.05", "$0.05"),
            (Currency::Usd, "en-US", "1234567.89", "$1,234,567.89"),
            (Currency::Usd, "", "999.5", "$999.50"),
            (Currency::Usd, "en-CA", "185", "US$185.00"),
            (Currency::Usd, "es-US", "1185", "$1,185.00"),
            (Currency::Usd, "de-DE", "1185", "1.185,00 $"),
            (Currency::Cad, "en-CA", "185", "$185.00"),
            (Currency::Cad, "en-US", "185", "CA$185.00"),
            (Currency::Gbp, "en-GB", "1000", "£1,000.00"),
            (Currency::Eur, "de-DE", "1234.5", "1.234,50 €"),
            (Currency::Eur, "fr-FR", "1234.5", "1 234,50 €"),
            (Currency::Eur, "nl-NL", "1234.5", "€ 1.234,50"),
            (Currency::Eur, "en-IE", "1234.5", "€1,234.50"),
            (Currency::Chf, "de-CH", "1234.5", "CHF 1'234.50"),
            (Currency::Brl, "pt-BR", "1234.5", "R$ 1.234,50"),
            (Currency::Inr, "en-IN", "12345678", "Rs 1,23,45,678.00"),
            (Currency::Pln, "pl-PL", "1234.5", "1 234,50 PLN"),
        ] {
            let amount = Amount::from_literal(literal).unwrap();
            assert_eq!(currency.show(amount, locale), shown, "{currency:?} {locale}");
            assert_eq!(Encoding::of(shown), Encoding::Gsm7);
        }
    }
}
