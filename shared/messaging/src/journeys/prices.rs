//! What a text is expected to cost: a price for each part, by country and category, in millionths of
//! a US dollar.
//!
//! Prices are estimates from dated lists; what a provider has really charged comes with its receipts
//! and goes before. A country without a price has none: nothing is guessed.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::values::channel::Category;
use crate::values::phone::Region;

/// When the built-in prices were looked up.
pub const AS_OF: &str = "2026-04-30";

/// The built-in prices for one part, without carriers' own fees: country, for all but advertising,
/// for advertising. USA, Canada and Puerto Rico as Twilio lists them for its customers, India as SNS
/// does; India alone has a lower price for advertising.
const BUILT_IN: [(&str, Price); 4] = [
    ("CA", Price { transactional: 8_300, promotional: Some(8_300) }),
    ("IN", Price { transactional: 6_450, promotional: Some(2_580) }),
    ("PR", Price { transactional: 42_000, promotional: Some(42_000) }),
    ("US", Price { transactional: 8_300, promotional: Some(8_300) }),
];

/// The price of one part in one country, in millionths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of everything but advertising.
    pub transactional: u64,
    /// Of advertising; if nothing is said, the same.
    pub promotional: Option<u64>,
}

/// `[prices]` of `journeys.toml`: an installation's own prices, which go before the built-in ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Prices {
    /// The day on which they were looked up (`2026-11-01`).
    pub as_of: Option<String>,
    /// By country (ISO 3166 alpha-2).
    #[serde(flatten)]
    pub countries: BTreeMap<String, Price>,
}

impl Prices {
    /// The price of one part.
    #[must_use]
    pub fn per_part(&self, country: Region, category: Category) -> Option<u64> {
        let code = country.code();
        let own = self.countries.get(&code).copied();
        let price = own.or_else(|| BUILT_IN.iter().find(|(of, _)| *of == code).map(|(_, price)| *price))?;
        Some(match category {
            Category::Promotional => price.promotional.unwrap_or(price.transactional),
            Category::Transactional | Category::Conversational | Category::Otp => price.transactional,
        })
    }

    /// The price of a text of that many parts.
    #[must_use]
    pub fn cost(&self, country: Region, category: Category, parts: usize) -> Option<u64> {
        self.per_part(country, category)?.checked_mul(u64::try_from(parts).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::segments::split;

    fn region(code: &str) -> Region {
        code.parse().unwrap()
    }

    #[test]
    fn parts_are_paid_for_by_country_and_category() {
        let prices = Prices::default();
        for (country, category, characters, cost) in [
            ("IN", Category::Transactional, 120, Some(6_450)),
            ("IN", Category::Promotional, 140, Some(2_580)),
            ("IN", Category::Transactional, 300, Some(12_900)),
            ("IN", Category::Promotional, 300, Some(5_160)),
            ("IN", Category::Otp, 65, Some(6_450)),
            ("US", Category::Conversational, 307, Some(24_900)),
            ("GB", Category::Transactional, 10, None),
        ] {
            let parts = split(&"a".repeat(characters)).segments;
            assert_eq!(prices.cost(region(country), category, parts), cost, "{country} {characters}");
        }
    }

    #[test]
    fn own_prices_go_first() {
        let own = "as_of = \"2026-11-01\"\nGB = { transactional = 52400 }\nIN = { transactional = 1, promotional = 2 }";
        let prices: Prices = toml::from_str(own).unwrap();
        assert_eq!(prices.cost(region("GB"), Category::Promotional, 2), Some(104_800));
        assert_eq!(prices.cost(region("IN"), Category::Promotional, 2), Some(4));
        assert_eq!(prices.cost(region("US"), Category::Otp, 1), Some(8_300));
        assert_eq!(prices.cost(region("IN"), Category::Promotional, usize::MAX), None);
    }

    #[test]
    fn the_built_in_countries_are_countries() {
        assert!(BUILT_IN.iter().all(|(code, _)| code.parse::<Region>().is_ok()));
    }
}
