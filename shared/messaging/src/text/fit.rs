//! Making words fit: into the parts that their entry allows, and into what providers take at all.

use thiserror::Error;
use unicode_segmentation::UnicodeSegmentation;

use crate::text::segments::{Encoding, gsm_safe, split};

/// The most units of one message at AWS (docs.aws.amazon.com/sms-voice, SMS character limits): 630
/// in UCS-2 is less than ten full parts.
const fn aws_units(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => 1530,
        Encoding::Ucs2 => 630,
    }
}

/// The most characters of one message at Twilio (its error 21617).
pub const TWILIO_CHARACTERS: usize = 1600;

/// What ends words that were cut.
const CUT: &str = "...";

/// How words are made to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FitRule {
    /// The most parts.
    pub max_parts: usize,
    /// Longer words are cut; otherwise they are an error.
    pub truncate: bool,
    /// Typographic characters are spelt in GSM 7-bit where that is enough.
    pub gsm_safe: bool,
}

/// Words that fit.
#[derive(Clone, PartialEq, Eq)]
pub struct FittedText {
    /// The words.
    pub text: String,
    /// Whether something was cut off.
    pub truncated: bool,
}

/// Words that do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the text has {parts} parts, and may have {max_parts} that every provider takes")]
pub struct TooLong {
    /// How many parts they have.
    pub parts: usize,
    /// How many they may have.
    pub max_parts: usize,
}

impl FitRule {
    /// The most parts that any text may have: what AWS takes.
    pub const MAX_PARTS: usize = 10;

    /// Makes words fit.
    ///
    /// # Errors
    /// When they are too long and may not be cut.
    pub fn fit(self, words: &str) -> Result<FittedText, TooLong> {
        let words = if self.gsm_safe { gsm_safe(words) } else { words.into() };
        if self.holds(&words) {
            return Ok(FittedText { text: words.into_owned(), truncated: false });
        }
        let too_long = || TooLong { parts: split(&words).segments, max_parts: self.max_parts };
        if self.truncate { self.cut(&words).ok_or_else(too_long) } else { Err(too_long()) }
    }

    /// Whether words fit as they are.
    #[must_use]
    pub fn holds(self, words: &str) -> bool {
        let counted = split(words);
        counted.segments <= self.max_parts
            && counted.units <= aws_units(counted.encoding)
            && words.chars().count() <= TWILIO_CHARACTERS
    }

    /// The longest beginning that fits with the mark behind it, never cut inside what a reader takes
    /// for one character. More words never take fewer units, so it can be searched by halves.
    fn cut(self, words: &str) -> Option<FittedText> {
        let ends: Vec<usize> = words.grapheme_indices(true).map(|(at, cluster)| at + cluster.len()).collect();
        let marked = |end: usize| format!("{}{CUT}", words[..end].trim_end());
        let fitting = ends.partition_point(|end| self.holds(&marked(*end)));
        let end = ends.get(fitting.checked_sub(1)?)?;
        Some(FittedText { text: marked(*end), truncated: true })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANY: FitRule = FitRule { max_parts: FitRule::MAX_PARTS, truncate: false, gsm_safe: false };
    const ONE: FitRule = FitRule { max_parts: 1, truncate: true, gsm_safe: false };

    #[test]
    fn the_providers_maxima_hold_to_the_character() {
        for (text, fits) in [
            ("a".repeat(1530), true),
            ("a".repeat(1531), false),
            ("ह".repeat(630), true),
            ("ह".repeat(631), false),
            ("€".repeat(760), true),
            ("€".repeat(761), false),
            ("😊".repeat(315), true),
            ("😊".repeat(316), false),
        ] {
            assert_eq!(ANY.fit(&text).is_ok(), fits, "{} characters", text.chars().count());
        }
    }

    #[test]
    fn words_are_cut_only_where_that_is_asked_for() {
        let long = "a".repeat(161);
        let strict = FitRule { truncate: false, ..ONE };
        assert_eq!(strict.fit(&long).err(), Some(TooLong { parts: 2, max_parts: 1 }));
        let three = FitRule { max_parts: 3, ..strict };
        assert!(three.fit(&"a".repeat(459)).is_ok());
        assert!(three.fit(&"a".repeat(460)).is_err());
        let cut = ONE.fit(&long).unwrap();
        assert_eq!((cut.text.len(), cut.truncated), (160, true));
        assert!(cut.text.ends_with("aa..."));
        assert!(!ONE.fit(&"a".repeat(160)).unwrap().truncated);
    }

    #[test]
    fn a_character_is_never_cut_apart() {
        let family = "👩\u{200D}👩\u{200D}👧\u{200D}👦";
        let cut = ONE.fit(&family.repeat(10)).unwrap().text;
        assert_eq!(cut, format!("{}...", family.repeat(6)));
        let euros = ONE.fit(&"€".repeat(100)).unwrap().text;
        assert_eq!(euros, format!("{}...", "€".repeat(78)));
    }

    #[test]
    fn typography_is_spelt_out_where_that_is_asked_for() {
        let curly = format!("It’s {}", "a".repeat(100));
        assert!(FitRule { truncate: false, ..ONE }.fit(&curly).is_err());
        let fitted = FitRule { gsm_safe: true, ..ONE }.fit(&curly).unwrap();
        assert!(!fitted.truncated && fitted.text.starts_with("It's"));
    }

    proptest! {
        #[test]
        fn what_is_fitted_fits(text in "([a-z €]|😊|👨\u{200D}👩|e\u{301}|\u{202E}){0,400}", max_parts in 1..4_usize) {
            let fitting = FitRule { max_parts, truncate: true, gsm_safe: false };
            let fitted = fitting.fit(&text).unwrap();
            prop_assert!(fitting.holds(&fitted.text));
            let kept = fitted.text.strip_suffix(CUT).filter(|_| fitted.truncated).unwrap_or(&fitted.text);
            prop_assert!(text.starts_with(kept));
        }
    }
}
