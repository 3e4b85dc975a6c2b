//! US dollars of a limit: exact, in millionths.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// An amount in millionths of a US dollar; at most ten million dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dollars(u64);

const MILLION: u64 = 1_000_000;

impl Dollars {
    /// So many millionths.
    #[must_use]
    pub const fn from_micro(micro: u64) -> Self {
        Self(micro)
    }

    /// In millionths.
    #[must_use]
    pub const fn micro(self) -> u64 {
        self.0
    }

    /// A provider's price in US dollars, rounded up to a millionth; `None` where it is no price of a text:
    /// negative, or a thousand dollars and more.
    #[must_use]
    pub fn of_price(usd: f64) -> Option<Self> {
        if !(0.0..1000.0).contains(&usd) {
            return None;
        }
        // What a decimal has lost on its way through binary is no millionth more.
        let micro = (usd * 1_000_000.0 - 0.001).ceil().max(0.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0 and 10^9")]
        Some(Self(micro as u64))
    }

    /// Reads `20`, `0.5`, `12.50`: at most six decimals.
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || whole.len() > 8 || fraction.len() > 6 {
            return None;
        }
        let micro = format!("{fraction:0<6}").parse::<u64>().ok()?;
        let micro = whole.parse::<u64>().ok()? * MILLION + micro;
        (micro <= 10 * MILLION * MILLION).then_some(Self(micro))
    }
}

impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:06}", self.0 % MILLION);
        let decimals = fraction.trim_end_matches('0').len().max(2);
        write!(f, "${}.{}", self.0 / MILLION, &fraction[..decimals])
    }
}

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Whole(u64),
            Number(f64),
            Text(String),
        }
        let text = match Written::deserialize(deserializer) {
            Ok(Written::Whole(whole)) => whole.to_string(),
            // The shortest decimal that reads as this number: what was written.
            Ok(Written::Number(number)) => number.to_string(),
            Ok(Written::Text(text)) => text,
            Err(_) => String::new(),
        };
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(
                "expected US dollars such as 20 or 0.50, with at most six decimals, at most 10000000",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        x: Dollars,
    }

    #[test]
    fn a_price_is_rounded_up_to_a_millionth() {
        for (usd, micro) in [
            (0.0, Some(0)),
            (0.00581, Some(5_810)),
            (0.00581 + 0.00302, Some(8_830)),
            (0.1 + 0.2, Some(300_000)),
            (0.000_000_4, Some(1)),
            (999.999_999, Some(999_999_999)),
            (-0.01, None),
            (1000.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(Dollars::of_price(usd).map(Dollars::micro), micro, "{usd}");
        }
    }

    #[test]
    fn dollars_are_read_exactly_as_written() {
        for (text, micro, shown) in [
            ("20", 20_000_000, "$20.00"),
            ("0.5", 500_000, "$0.50"),
            ("0.1", 100_000, "$0.10"),
            ("0.0083", 8_300, "$0.0083"),
            ("\"12.345678\"", 12_345_678, "$12.345678"),
            ("1234567.89", 1_234_567_890_000, "$1234567.89"),
            ("0", 0, "$0.00"),
        ] {
            let read: File = toml::from_str(&format!("x = {text}")).unwrap();
            assert_eq!((read.x.micro(), read.x.to_string().as_str()), (micro, shown), "{text}");
        }
        for text in ["-1", "0.0000001", "1e9", "\"$5\"", "\"\"", "nan", "true", "99999999", "\"1.\""] {
            assert!(toml::from_str::<File>(&format!("x = {text}")).is_err(), "{text}");
        }
    }
}
