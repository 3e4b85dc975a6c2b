//! Amounts of money: exact, in minor units, read from the JSON literal and shown for people.

mod currency;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use currency::Currency;

/// Why a number is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AmountError {
    /// Below zero, minus zero included: a sign in front of an amount is a mistake of the caller.
    #[error("must not be negative")]
    Negative,
    /// More than two decimals, which no currency that we show has.
    #[error("must have at most 2 decimals")]
    TooManyDecimals,
    /// Larger than any amount that a text would mention.
    #[error("must be below 1000000000000")]
    TooLarge,
    /// Not a JSON number at all.
    #[error("must be a number")]
    NotANumber,
}

/// An amount in hundredths of the currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Amount(u64);

/// Amounts stay below 10^12 units: far above any advance, far below any overflow.
const LIMIT: u64 = 100_000_000_000_000;

impl Amount {
    /// Reads an amount from the literal of a JSON number, exactly: `1e2` is 100, `185.005` is refused
    /// and not rounded, `1e400` is too large and not infinity.
    ///
    /// # Errors
    /// See [`AmountError`].
    pub fn from_literal(literal: &str) -> Result<Self, AmountError> {
        if let Some(size) = literal.strip_prefix('-') {
            // RFC 8785 has one zero only.
            return match Self::from_literal(size) {
                Ok(Self(0)) => Ok(Self(0)),
                Ok(_) | Err(AmountError::TooManyDecimals | AmountError::TooLarge) => {
                    Err(AmountError::Negative)
                }
                Err(other) => Err(other),
            };
        }
        let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(AmountError::NotANumber);
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return Ok(Self(0));
        }
        let exponent = decimal_exponent(exponent)?;
        // value = 0.significant * 10^scale hundredths; place the point and see what is left of it.
        let leading_zeros = digits.len() - significant.len();
        let places = i64::try_from(whole.len()).map_err(|_| AmountError::TooLarge)?
            - i64::try_from(leading_zeros).map_err(|_| AmountError::TooLarge)?;
        let point = places.saturating_add(exponent).saturating_add(2);
        let significant = significant.trim_end_matches('0');
        let length = i64::try_from(significant.len()).map_err(|_| AmountError::TooLarge)?;
        if point > 15 {
            return Err(AmountError::TooLarge);
        }
        if length > point {
            return Err(AmountError::TooManyDecimals);
        }
        let zeros = usize::try_from(point - length).map_err(|_| AmountError::TooLarge)?;
        let hundredths: u64 =
            format!("{significant}{}", "0".repeat(zeros)).parse().map_err(|_| AmountError::TooLarge)?;
        if hundredths < LIMIT { Ok(Self(hundredths)) } else { Err(AmountError::TooLarge) }
    }

    /// The amount in hundredths.
    #[must_use]
    pub const fn hundredths(self) -> u64 {
        self.0
    }
}

/// The exponent of a number literal, held at a size at which adding cannot overflow.
fn decimal_exponent(text: &str) -> Result<i64, AmountError> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AmountError::NotANumber);
    }
    let size = digits
        .trim_start_matches('0')
        .parse::<i64>()
        .unwrap_or(if digits.bytes().all(|b| b == b'0') { 0 } else { i64::from(u32::MAX) });
    let size = size.min(i64::from(u32::MAX));
    Ok(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn literals_are_read_exactly() {
        for (literal, expected) in [
            ("0", Ok(0)),
            ("0.0", Ok(0)),
            ("0e999999999999999999999", Ok(0)),
            ("185", Ok(18_500)),
            ("185.0", Ok(18_500)),
            ("185.00", Ok(18_500)),
            ("185.5", Ok(18_550)),
            ("185.05", Ok(18_505)),
            ("185.000", Ok(18_500)),
            ("1e2", Ok(10_000)),
            ("1E+2", Ok(10_000)),
            ("1.5e1", Ok(1_500)),
            ("18505e-2", Ok(18_505)),
            ("0.01", Ok(1)),
            ("0.001e1", Ok(1)),
            ("185.005", Err(AmountError::TooManyDecimals)),
            ("0.001", Err(AmountError::TooManyDecimals)),
            ("1e-3", Err(AmountError::TooManyDecimals)),
            ("1e-99999999999999999999", Err(AmountError::TooManyDecimals)),
            ("185.00000000000000000001", Err(AmountError::TooManyDecimals)),
            ("1e400", Err(AmountError::TooLarge)),
            ("1e99999999999999999999", Err(AmountError::TooLarge)),
            ("1000000000000", Err(AmountError::TooLarge)),
            ("999999999999.99", Ok(99_999_999_999_999)),
            ("-0", Ok(0)),
            ("-0.0", Ok(0)),
            ("-0.001", Err(AmountError::Negative)),
            ("-1", Err(AmountError::Negative)),
            ("NaN", Err(AmountError::NotANumber)),
            ("1e", Err(AmountError::NotANumber)),
        ] {
            assert_eq!(Amount::from_literal(literal).map(Amount::hundredths), expected, "{literal}");
        }
    }

    proptest! {
        #[test]
        fn any_amount_survives_its_literal(hundredths in 0u64..LIMIT) {
            let literal = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            prop_assert_eq!(Amount::from_literal(&literal), Ok(Amount(hundredths)));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = Amount::from_literal(&text);
        }
    }
}
