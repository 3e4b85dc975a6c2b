//! Which country a time zone is in, and which zones a country has.

mod table;

use chrono_tz::Tz;

use crate::values::phone::Region;

use table::COUNTRIES;

/// The country of a zone; `None` when it is not one country's: `Etc/*`, `UTC`, `EST` and their
/// kin, `GB-Eire`, ground with two plans, and places without a numbering plan.
#[must_use]
pub fn region(zone: Tz) -> Option<Region> {
    let index = COUNTRIES.binary_search_by_key(&zone.name(), |(name, _)| name).ok()?;
    COUNTRIES[index].1.parse().ok()
}

/// Every zone of a country, under every name that it has; none for a country that the table does not
/// know.
pub fn of_country(country: Region) -> impl Iterator<Item = Tz> {
    let code = country.code();
    COUNTRIES.iter().filter(move |(_, of)| *of == code).filter_map(|(name, _)| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_entry_is_known() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.0 < b.0));
        for (name, country) in COUNTRIES {
            let zone: Tz = name.parse().unwrap_or_else(|_| panic!("{name} is no zone"));
            assert_eq!(zone.name(), *name);
            assert_eq!(region(zone).map(Region::code).as_deref(), Some(*country), "{name}");
        }
    }

    #[test]
    fn only_these_zones_have_no_country() {
        let without: Vec<_> = chrono_tz::TZ_VARIANTS
            .iter()
            .map(|zone| zone.name())
            .filter(|name| !name.starts_with("Etc/") && !name.starts_with("Antarctica/"))
            .filter(|name| region(name.parse().unwrap()).is_none())
            .collect();
        insta::assert_snapshot!(without.join(" "), @"Atlantic/South_Georgia CET CST6CDT EET EST EST5EDT Europe/Simferopol GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Indian/Kerguelen MET MST MST7MDT PST8PDT Pacific/Johnston Pacific/Midway Pacific/Pitcairn Pacific/Wake UCT UTC Universal WET Zulu");
    }

    #[test]
    fn a_country_has_all_its_zones() {
        let zones = |code: &str| of_country(code.parse().unwrap()).map(Tz::name).collect::<Vec<_>>();
        assert_eq!(zones("IN"), ["Asia/Calcutta", "Asia/Kolkata"]);
        for zone in ["America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "America/Adak"] {
            assert!(zones("US").contains(&zone), "{zone}");
        }
    }

    #[rstest]
    #[case("Asia/Calcutta", "IN")]
    #[case("Asia/Kolkata", "IN")]
    #[case("US/Pacific", "US")]
    #[case("America/New_York", "US")]
    #[case("GB", "GB")]
    #[case("Europe/London", "GB")]
    #[case("Europe/Stockholm", "SE")]
    #[case("Iceland", "IS")]
    #[case("America/Coral_Harbour", "CA")]
    #[case("Europe/Kiev", "UA")]
    fn legacy_names_count(#[case] zone: Tz, #[case] country: &str) {
        assert_eq!(region(zone).map(Region::code).as_deref(), Some(country));
    }

    #[rstest]
    #[case("UTC")]
    #[case("Etc/UTC")]
    #[case("Etc/GMT+5")]
    #[case("GMT")]
    #[case("EST")]
    #[case("EST5EDT")]
    #[case("CET")]
    #[case("GB-Eire")]
    #[case("Europe/Simferopol")]
    fn zones_of_no_one_country_have_none(#[case] zone: Tz) {
        assert_eq!(region(zone), None);
    }
}
