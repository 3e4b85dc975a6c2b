//! How a text is cut into the parts that are sent and paid for.
//!
//! One part holds 160 septets of GSM 7-bit or 70 units of UTF-16. Once a text is longer, *every*
//! part gives up 7 septets or 3 units to the header that joins them (3GPP TS 23.040 section
//! 9.2.3.24.1): 153 and 67, the first part too. Nothing that belongs together is cut: an escape and
//! its character, a surrogate pair, nor, as at Twilio, what a reader sees as one character
//! (`tests/vectors/sms_segments.json`, `flags_33`). So counting is packing, not division.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::text::gsm7;

/// How a text goes over the air: one character outside GSM 7-bit turns all of it into UCS-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// Seven bits per unit.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// UTF-16 code units.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

impl Encoding {
    /// The encoding that a text needs.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.chars().all(|c| gsm7::septets(c).is_some()) { Self::Gsm7 } else { Self::Ucs2 }
    }

    /// Units that fit when the text is one part.
    #[must_use]
    pub const fn single_limit(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// Units that fit in each of several parts.
    #[must_use]
    pub const fn part_limit(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }

    fn units_of(self, character: char) -> usize {
        match self {
            // A character outside the table cannot occur: `of` chose the encoding.
            Self::Gsm7 => gsm7::septets(character).unwrap_or(1),
            Self::Ucs2 => character.len_utf16(),
        }
    }

    fn units_in(self, text: &str) -> usize {
        text.chars().map(|character| self.units_of(character)).sum()
    }
}

/// The parts of one text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Segments {
    /// The encoding of all parts.
    pub encoding: Encoding,
    /// Septets or UTF-16 units in all.
    pub units: usize,
    /// How many parts; an empty text is one.
    pub segments: usize,
    /// The units in each part; a part may stay short of its limit.
    pub segment_units: Vec<usize>,
}

/// Counts the parts of a text exactly.
///
/// SNS cuts at word boundaries instead (docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html),
/// so there this is a lower bound.
#[must_use]
pub fn split(text: &str) -> Segments {
    let encoding = Encoding::of(text);
    let segment_units: Vec<usize> = parts(text).into_iter().map(|part| encoding.units_in(part)).collect();
    Segments { encoding, units: segment_units.iter().sum(), segments: segment_units.len(), segment_units }
}

/// The parts themselves, in order; put together they are the text again.
#[must_use]
pub fn parts(text: &str) -> Vec<&str> {
    let encoding = Encoding::of(text);
    if encoding.units_in(text) <= encoding.single_limit() {
        return vec![text];
    }
    let mut parts = Vec::new();
    let mut start = 0;
    let mut end = 0;
    let mut used = 0;
    for piece in pieces(text, encoding) {
        let units = encoding.units_in(piece);
        if used + units > encoding.part_limit() {
            parts.push(&text[start..end]);
            start = end;
            used = 0;
        }
        end += piece.len();
        used += units;
    }
    parts.push(&text[start..]);
    parts
}

/// The characters that force UCS-2, each once, in order of appearance.
#[must_use]
pub fn characters_outside_gsm7(text: &str) -> Vec<char> {
    let mut found = Vec::new();
    for character in text.chars() {
        if gsm7::septets(character).is_none() && !found.contains(&character) {
            found.push(character);
        }
    }
    found
}

/// The text with typographic characters spelt in GSM 7-bit, if that is enough to make all of it
/// GSM 7-bit; otherwise the text as it is, since half a change would cost looks and save nothing.
#[must_use]
pub fn gsm_safe(text: &str) -> Cow<'_, str> {
    if Encoding::of(text) == Encoding::Gsm7 {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match gsm7::spelling(character) {
            Some(spelling) => safe.push_str(spelling),
            None if gsm7::septets(character).is_some() => safe.push(character),
            None => return Cow::Borrowed(text),
        }
    }
    Cow::Owned(safe)
}

/// What must stay in one part.
fn pieces(text: &str, encoding: Encoding) -> Box<dyn Iterator<Item = &str> + '_> {
    match encoding {
        // In GSM 7-bit a piece is a character; an escape pair is one character here.
        Encoding::Gsm7 => Box::new(characters(text)),
        Encoding::Ucs2 => Box::new(text.graphemes(true).flat_map(|cluster| {
            if cluster == "\r\n" || Encoding::Ucs2.units_in(cluster) > Encoding::Ucs2.part_limit() {
                // Twilio counts CR and LF apart. A cluster that fits no part (letters under a
                // heap of accents) is cut between characters, or it would never be sent.
                Box::new(characters(cluster)) as Box<dyn Iterator<Item = &str>>
            } else {
                Box::new(syllables(cluster))
            }
        })),
    }
}

fn characters(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, character)| &text[at..at + character.len_utf8()])
}

/// Undoes one rule of Unicode 15.1 (`GB9c`), which joins Indic consonants over a virama. Twilio
/// counts by an older Unicode, in which each consonant begins a cluster (vector `hindi_long`).
fn syllables(cluster: &str) -> impl Iterator<Item = &str> {
    let is_later_consonant = |at: usize, character: char| {
        at > 0
            && matches!(character, '\u{900}'..='\u{D7F}')
            && !unicode_normalization::char::is_combining_mark(character)
            && character.is_alphabetic()
    };
    let mut rest = cluster;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .char_indices()
            .find(|(at, character)| is_later_consonant(*at, *character))
            .map_or(rest.len(), |(at, _)| at);
        let (syllable, later) = rest.split_at(end);
        rest = later;
        Some(syllable)
    })
}
