//! Near misses: short messages that nearly refuse our texts, for an operator to decide.
//!
//! A near miss has an opt-out verb with us or our texts as its object, or with nothing but noise
//! beside it, and was understood neither as a refusal nor as a look-alike.

use std::borrow::Cow;

use super::grammar::{BEGINNING, Grammar, LANGUAGES, Root};

/// The longest near miss, in words.
const MAX_NEAR_WORDS: usize = 12;

/// Whether a message that was understood as a reply nearly refuses, in any language.
pub(super) fn is_near_miss(words: &[&str]) -> bool {
    let is_short = (1..=MAX_NEAR_WORDS).contains(&words.len());
    is_short && LANGUAGES.iter().any(|language| is_near_miss_in(language, words))
}

fn is_near_miss_in(language: &Grammar, words: &[&str]) -> bool {
    let corrected: Vec<Cow<'_, str>> = words.iter().map(|word| corrected(language, word)).collect();
    let words: Vec<&str> = corrected.iter().map(AsRef::as_ref).collect();
    let Some(passage) = language.passage(&words, &|_| false) else {
        return false;
    };
    if passage.contains(Root::Spared) {
        return false;
    }
    let verbs = passage.ends(Root::NearVerb, passage.anywhere());
    let objects = passage.ends(Root::NearObject, passage.run(&[Root::NearGap], verbs));
    // Noise may stand on both sides of the verb; one verb is enough.
    let noise = [Root::Noise, Root::Filler, Root::Alone];
    let alone = passage.run(&noise, passage.ends(Root::Alone, passage.run(&noise, BEGINNING)));
    objects != 0 || passage.contains(Root::NearPhrase) || passage.is_whole(alone)
}

/// The word that a misspelt one stands for, or the word itself.
fn corrected<'a>(language: &Grammar, word: &'a str) -> Cow<'a, str> {
    if LANGUAGES.iter().any(|language| language.knows(word)) {
        return Cow::Borrowed(word);
    }
    // "STOP1" and "stop123"
    let letters = word.trim_end_matches(|character: char| character.is_ascii_digit());
    let typed = language.words_of(Root::Typed).find(|typed| letters == *typed || is_misspelt(word, typed));
    typed.map_or(Cow::Borrowed(word), Cow::Borrowed)
}

/// Whether one letter was left out, added, exchanged or swapped with the next; two in a long word.
fn is_misspelt(word: &str, typed: &str) -> bool {
    let (word, typed): (Vec<char>, Vec<char>) = (word.chars().collect(), typed.chars().collect());
    let allowed = if typed.len() > 10 { 2 } else { 1 };
    let begins_alike = word.first() == typed.first() || typed.len() > 4;
    begins_alike
        && word.len() > 2
        && word.len().abs_diff(typed.len()) <= allowed
        && distance(&word, &typed) <= allowed
}

/// The smallest number of letters to add, leave out, exchange or swap. Both words are short.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let exchanged = rows[i][j] + usize::from(a != b);
            let mut least = exchanged.min(rows[i][j + 1] + 1).min(row[j] + 1);
            let is_swapped = i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b;
            if is_swapped {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelling_is_one_letter_away() {
        for (word, typed) in
            [("stip", "stop"), ("sotp", "stop"), ("sto", "stop"), ("unsubscrib", "unsubscribe")]
        {
            assert!(is_misspelt(word, typed), "{word}");
        }
        for (word, typed) in
            [("soup", "stop"), ("st", "stop"), ("drop", "stop"), ("description", "unsubscribe")]
        {
            assert!(!is_misspelt(word, typed), "{word}");
        }
    }
}
